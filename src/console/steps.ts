// Steps: a page that asks once more, and the form that it sends. Whoever sends it is let in by the guard, allowed to act,
// and comes from one of our own pages; what would sign people out has the id of the key typed in. The library decides
// whether the step is safe, and what it refuses is shown with the moment from which it is not refused any more.
import { KeyturnError } from '../errors.js';
import type { Impact } from '../rotation/impact.js';
import { replicasTyped } from '../words/replicas.js';
import type { View } from '../words/view.js';
import { htmlAnswer, notFound, redirect } from './answers.js';
import type { ConsoleParts } from './app-parts.js';
import { toldBy } from './asked-step.js';
import type { ConsoleAnswer, ConsoleRequest, Frame } from './contract.js';
import { breaksSomething, type OfferedStep, offeredSteps } from './offered-steps.js';
import { messagePage, type StepFacts, stepPage, stepsPage } from './pages/index.js';
import { troubleOf } from './trouble.js';

const STEPS_PAGE = { path: '/steps', name: 'To the steps' };

/** All steps that make sense now; after one of them what was done. */
export async function showSteps(
  { query }: ConsoleRequest,
  frame: Frame,
  { source }: ConsoleParts,
): Promise<ConsoleAnswer> {
  if (!frame.acts) return switchedOff(frame);
  const view = await source.look();
  const step = STEPS.find((name) => name === query.get('done'));
  const done = step && { step, kid: view.status.keys.find(({ id }) => id === query.get('kid'))?.id };
  return htmlAnswer(stepsPage(frame, { view, done }));
}

/** One step, before it is taken. */
export async function showStep(
  step: string,
  { query, csrf }: ConsoleRequest,
  frame: Frame,
  parts: ConsoleParts,
): Promise<ConsoleAnswer> {
  if (!STEPS.some((name) => name === step)) return notFound(frame);
  if (!frame.acts) return switchedOff(frame);
  const asked = await ask(step, query.get('kid'), parts);
  return asked === undefined ? notNow(frame) : htmlAnswer(stepPage(frame, { ...asked, csrf }));
}

/** The form of that page. */
export async function answerStep(
  step: string,
  request: ConsoleRequest,
  frame: Frame,
  parts: ConsoleParts,
): Promise<ConsoleAnswer> {
  if (!STEPS.some((name) => name === step)) return notFound(frame);
  if (!frame.acts) return switchedOff(frame);
  const { csrf, visitor } = request;
  const form = await request.form();
  if (!csrf.accepts(form?.get(csrf.field) ?? undefined)) return forged(frame);
  const asked = await ask(step, form?.get('kid') ?? null, parts);
  if (asked === undefined) return notNow(frame);
  const { offered, impact, view } = asked;
  const why = form?.get('why')?.trim() || undefined;
  const counted = form?.get('replicas')?.trim() || undefined;
  const again = (status: number, problem: StepFacts['problem']) =>
    htmlAnswer(stepPage(frame, { ...asked, csrf, problem, typed: { why, replicas: counted } }), status);
  const { kid } = offered;
  if (breaksSomething(impact) && form?.get('confirm')?.trim() !== kid)
    return again(422, {
      message: 'Nothing was done: what was typed is not the id of the key.',
      hint: `Type ${kid} to take the step.`,
    });
  const replicas = counted === undefined ? undefined : replicasTyped(counted);
  if (counted !== undefined && replicas === undefined)
    return again(422, {
      message: 'Nothing was done: the number of replicas is not a whole number.',
      hint: 'Write 3, for example.',
    });
  try {
    await parts.source.take({
      step: offered.step,
      kid,
      who: visitor.who,
      why: noted(offered, why),
      ...(replicas === undefined ? {} : { replicas }),
    });
  } catch (error) {
    if (!(error instanceof KeyturnError)) throw error;
    return again(409, troubleOf(error, view.status.now));
  }
  parts.logger.info(
    { event: 'console.step', step: offered.step, kid, who: visitor.who },
    'a step was taken in the console',
  );
  return redirect(
    `../steps?${new URLSearchParams({ done: step, ...(kid === undefined ? {} : { kid }) })}`,
    303,
  );
}

const STEPS: readonly OfferedStep['step'][] = ['stage', 'promote', 'rollback', 'retire', 'revoke'];

interface Asked {
  readonly view: View;
  readonly offered: OfferedStep;
  readonly impact: Impact;
}

/** Undefined where that step cannot be taken with that key: it was taken already, by somebody else or in another window. */
async function ask(step: string, kid: string | null, { source }: ConsoleParts): Promise<Asked | undefined> {
  const view = await source.look();
  const offered = offeredSteps(view).find((one) => one.step === step && (one.kid ?? null) === (kid || null));
  if (offered === undefined) return undefined;
  return { view, offered, impact: await source.impact(toldBy(offered)) };
}

/** The longest that the history takes of it. */
const LONGEST = 500;
const NOTE = 'in the console';

/** What is said of it in the history, with where it was done. A revocation without a reason is refused all the same. */
function noted({ step }: OfferedStep, why: string | undefined): string | undefined {
  if (why === undefined) return step === 'revoke' ? undefined : NOTE;
  const both = `${why} (${NOTE})`;
  return both.length > LONGEST ? why : both;
}

function switchedOff(frame: Frame): ConsoleAnswer {
  const message = frame.visitor.mayAct
    ? 'Steps are not switched on here.'
    : 'You may look here, and not take steps.';
  const hint = 'The commands of keyturn take them, on a machine that has the configuration of the app.';
  return htmlAnswer(messagePage(frame, { title: 'No step can be taken here', message, hint }), 403);
}

function forged(frame: Frame): ConsoleAnswer {
  const message = 'Nothing was done: the form did not come from a page of yours that is still good.';
  const hint = 'Open the step again, and send the form from there.';
  const title = 'The step was not taken';
  return htmlAnswer(messagePage(frame, { title, message, hint, back: STEPS_PAGE }), 403);
}

function notNow(frame: Frame): ConsoleAnswer {
  const message = 'The keyring has no such step now. It may have been taken already.';
  const title = 'The step cannot be taken';
  return htmlAnswer(messagePage(frame, { title, message, back: STEPS_PAGE }), 409);
}
