// The steps that can be taken: what each does, and why it is safe or when it will be. What is not safe is there as well,
// with the reason. The page of one step confirms it.
import { capitalised, count } from '../../printable.js';
import { toRun } from '../../words/next-step.js';
import { stepDone } from '../../words/steps.js';
import type { View } from '../../words/view.js';
import type { Frame } from '../contract.js';
import { type Content, html, type Markup } from '../html.js';
import { breaksSomething, type OfferedStep, offeredSteps } from '../offered-steps.js';
import type { StepFacts, StepsFacts } from './facts.js';
import { page } from './frame.js';
import { impactPart } from './impact.js';
import { command, kid, trouble, withKids } from './parts.js';

/** Steps that stand there open: of those that cannot be taken yet, and of revocations. */
const MOST_HELD = 4;
const MOST_HARSH = 6;

export function stepsPage(frame: Frame, { view, done }: StepsFacts): string {
  const { status } = view;
  const next = toRun(view.next);
  const offered = offeredSteps(view);
  // What can be done stands before what cannot.
  const gentle = offered
    .filter(({ step }) => step !== 'revoke')
    .sort((one, other) => Number(other.safe) - Number(one.safe));
  const harsh = offered.filter(({ step }) => step === 'revoke');
  const usual = usualStep(offered, view);
  const list = (some: readonly OfferedStep[]) => html`<ul class="steps">
${some.map((one) => card(frame, one, view, one === usual))}</ul>`;
  /** With many keys most steps are the same one for another key. */
  const cards = (id: string, some: readonly OfferedStep[], most: number, noun: string) =>
    html`${list(some.slice(0, most))}${
      some.length > most &&
      html`<details id="${id}"><summary>${count(some.length - most, noun)}</summary>${list(some.slice(most))}</details>`
    }`;
  return page(frame, {
    title: 'Steps',
    name: 'steps',
    now: status.now,
    main: html`<h1>Steps</h1>
${done !== undefined && html`<p class="note calm" role="status">${withKids(capitalised(stepDone(done.step, done.kid)), status)}. It stands in the <a href="${frame.base}/history">history</a>.</p>`}
${
  offered.length === 0
    ? html`<p class="empty">The keys cannot be changed from here: they come from ${status.source}.</p>
<p class="next"><b>next:</b> ${next.command !== undefined && html`${command(next.command)} `}${withKids(next.remark, status)}</p>`
    : html`<p class="lead">Each step asks for confirmation, and first shows what it does to everything that is signed. Your name is recorded in the history.</p>
<section aria-labelledby="rotation">
<h2 id="rotation">These sign nobody out</h2>
${cards('later', gentle, gentle.filter(({ safe }) => safe).length + MOST_HELD, 'more step')}
</section>
<section aria-labelledby="break-in">
<h2 id="break-in">If a key may have leaked</h2>
${cards('other-keys', harsh, MOST_HARSH, 'other key')}
</section>`
}
`,
  });
}

function pathOf({ base }: Frame, { step, kid: id }: OfferedStep): string {
  return `${base}/steps/${step}${id === undefined ? '' : `?kid=${encodeURIComponent(id)}`}`;
}

/** The one that a rotation goes on with. To retire a staged key is none: that gives the rotation up. */
function usualStep(offered: readonly OfferedStep[], { status }: View): OfferedStep | undefined {
  const givesUp = ({ step, kid: id }: OfferedStep) =>
    step === 'retire' && status.keys.find((key) => key.id === id)?.state !== 'retiring';
  return ['promote', 'retire', 'stage']
    .map((wanted) => offered.find((one) => one.step === wanted && one.safe && !givesUp(one)))
    .find((step) => step !== undefined);
}

function card(frame: Frame, offered: OfferedStep, view: View, isUsual: boolean): Markup {
  const { name, does, safe, ends, isShortened = false } = offered;
  return html`<li class="step"><h3>${withKids(name, view.status)}</h3>
<p>${withKids(does, view.status)}</p>
<p class="why${ends ? ' ends' : ''}">${reason(offered, view)}</p>
${
  safe || isShortened
    ? html`<p><a class="button${ends ? ' harsh' : ''}${isUsual ? '' : ' plain'}" href="${pathOf(frame, offered)}">${withKids(name, view.status)}\u00a0…</a></p>`
    : html`<p><span class="button off" role="link" aria-disabled="true">${withKids(name, view.status)}</span></p>`
}</li>
`;
}

function reason({ why, safe, ends }: OfferedStep, { status }: View): Content {
  const sign = ends ? 'Signs people out.' : safe && 'Safe.';
  return html`${sign !== false && html`<b>${sign}</b> `}${withKids(why, status)}`;
}

/** One step, before it is taken. */
export function stepPage(frame: Frame, facts: StepFacts): string {
  const { view, offered, impact, problem } = facts;
  return page(frame, {
    title: offered.name,
    name: 'steps',
    reloads: problem === undefined,
    now: view.status.now,
    main: html`<h1>${withKids(offered.name, view.status)}</h1>
<p class="lead">${withKids(offered.does, view.status)}</p>
<p class="why${offered.ends ? ' ends' : ''}">${reason(offered, view)}</p>
${problem !== undefined && trouble(problem, view.status)}
${formPart(frame, facts)}
<section aria-labelledby="impact">
<h2 id="impact">What it does to everything that is signed</h2>
${impactPart(impact, view, offered, undefined, true)}
</section>
`,
  });
}

function formPart(frame: Frame, { view, offered, impact, csrf, typed }: StepFacts): Content {
  const { safe, name, step, kid: id, isShortened = false } = offered;
  const { status } = view;
  if (csrf === undefined || !frame.acts)
    return html`<p class="note">Steps cannot be taken here: ${csrf === undefined ? 'nothing protects forms against other sites' : 'you may look, and not act'}.</p>
${backToSteps(frame)}`;
  // Why, and until when, stands above.
  if (!safe && !isShortened) return backToSteps(frame);
  const breaks = breaksSomething(impact);
  const isRevocation = step === 'revoke';
  return html`<form class="confirm ${breaks ? 'alarm' : ''}" method="post" action="${frame.base}/steps/${step}" autocomplete="off">
<input type="hidden" name="${csrf.field}" value="${csrf.token()}">
${id !== undefined && html`<input type="hidden" name="kid" value="${id}">`}
<p><label for="why">Why${isRevocation ? '' : ' (optional)'}</label>
<input id="why" name="why" maxlength="500" value="${typed?.why ?? ''}" aria-describedby="why-hint"${isRevocation && html` required`}>
<span id="why-hint" class="hint">One line. It is recorded in the history, with your name.</span></p>
${!safe && countField(typed?.replicas)}${
  breaks &&
  id !== undefined &&
  html`<p><label for="confirm">Type the id of the key: ${kid(id, status.keys.find((key) => key.id === id)?.state)}</label>
<input id="confirm" name="confirm" class="typed" required autocapitalize="off" spellcheck="false" aria-describedby="confirm-hint">
<span id="confirm-hint" class="hint">People are signed out by this at once, and you may be one of them. It cannot be taken back.</span></p>`
}
<p class="buttons"><button type="submit" class="button${breaks ? ' alarm' : ''}">${withKids(name, status)}</button> <a href="${frame.base}/steps">Cancel</a></p>
</form>`;
}

/** As `--replicas N` of the command: only whoever counts the replicas can say that all of them have reported. */
function countField(typed = ''): Markup {
  return html`<p><label for="replicas">How many replicas are there?</label>
<input id="replicas" name="replicas" class="typed" type="number" min="1" max="99999" value="${typed}" required aria-describedby="replicas-hint">
<span id="replicas-hint" class="hint">Once so many report that they know the key there is nothing to wait for. Keyturn refuses the step as long as one of them does not.</span></p>
`;
}

function backToSteps({ base, acts }: Frame): Markup {
  return acts
    ? html`<p class="buttons"><a class="button plain" href="${base}/steps">Back to the steps</a></p>`
    : html`<p class="buttons"><a class="button plain" href="${base}/">Back to the overview</a></p>`;
}
