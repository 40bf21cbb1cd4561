// What a step would do to each purpose, before anybody takes it.
import { count } from '../../printable.js';
import type { Impact } from '../../rotation/impact.js';
import type { Status } from '../../rotation/status.js';
import { impactRows } from '../../words/impact.js';
import { isStopped } from '../../words/stops.js';
import { clockTime } from '../../words/time.js';
import type { View } from '../../words/view.js';
import type { AskedStep } from '../asked-step.js';
import type { Frame } from '../contract.js';
import { type Content, html, type Markup } from '../html.js';
import { breaksSomething, type OfferedStep, stepsThereAre } from '../offered-steps.js';
import type { ImpactFacts } from './facts.js';
import { page } from './frame.js';
import { kidIn, trouble, withKids } from './parts.js';
import { purposeTable } from './purpose-table.js';

export function impactPage(frame: Frame, facts: ImpactFacts): string {
  const { view, impact, problem, ifNow, asked = impact } = facts;
  const { status } = view;
  const offered = stepsThereAre(view).find(({ step, kid: id }) => step === asked?.step && id === asked.kid);
  const isGone = offered === undefined && (asked?.step === 'promote' || asked?.step === 'rollback');
  return page(frame, {
    title: 'Impact',
    name: 'impact',
    now: status.now,
    main: html`<h1>What would happen?</h1>
<p class="lead">Choose a step. Nothing is changed here.</p>
${choice(frame, view, asked)}
${problem !== undefined && trouble(problem, status)}
${isGone && trouble({ message: 'The keyring has no such step now.', hint: 'Choose one of those above.' }, status)}
${
  impact !== undefined &&
  !isGone &&
  html`<section aria-labelledby="impact">
<h2 id="impact">${headOf(asked ?? impact, offered, view)}</h2>
${impactPart(impact, view, offered, ifNow)}
</section>`
}
`,
  });
}

function headOf({ step, kid }: AskedStep, offered: OfferedStep | undefined, { status }: View): Content {
  if (kid === undefined) return 'Rotate: stage a new key, then promote it';
  if (offered !== undefined) return withKids(offered.name, status);
  return html`${step === 'retire' ? 'Retire' : 'Revoke'} ${kidIn(kid, status)}`;
}

/** Links: they can be kept, sent, and opened without a script. */
function choice({ base }: Frame, view: View, chosen: AskedStep | undefined): Markup {
  const { status } = view;
  const link = ({ step, kid }: AskedStep, words: Content) => {
    const isChosen = chosen?.step === step && chosen.kid === kid;
    const path = `${base}/impact?step=${step}${kid === undefined ? '' : `&kid=${encodeURIComponent(kid)}`}`;
    return html`<li><a href="${path}"${isChosen && html` aria-current="true"`}>${words}</a></li>\n`;
  };
  // A rotation that was begun goes on by its own steps.
  const isUnderWay = chosen?.step !== 'rotate' && status.keys.some(({ state }) => state === 'staged');
  const offered = stepsThereAre(view).filter(({ step }) => step !== 'stage');
  const all: ReadonlyArray<readonly [AskedStep, Content]> =
    offered.length > 0
      ? offered.map((step) => [step as AskedStep, withKids(step.name, status)] as const)
      : byDeploys(status).map((step) => [step, headOf(step, undefined, view)] as const);
  const isOpen = openOf(
    all.map(([step]) => step),
    chosen,
  );
  const links = (open: boolean) =>
    all.filter(([step]) => isOpen(step) === open).map(([step, words]) => link(step, words));
  const folded = links(false);
  return html`<nav aria-label="Steps to ask about"><ul class="choice">
${isUnderWay ? '' : link({ step: 'rotate' }, 'Rotate')}${links(true)}</ul>${
    folded.length > 0 &&
    html`<details id="more-steps"><summary>${count(folded.length, 'more step')}</summary><ul class="choice">
${folded}</ul></details>`
  }</nav>
`;
}

/** Of the same step for many keys so many stand there open. */
const MOST_ALIKE = 4;

/** Which of many steps stand there open: the first of each kind, and the one that is asked about. */
function openOf(all: readonly AskedStep[], chosen: AskedStep | undefined): (step: AskedStep) => boolean {
  const nth = (one: AskedStep) =>
    all.filter(({ step }) => step === one.step).findIndex(({ kid }) => kid === one.kid);
  return (one) => nth(one) < MOST_ALIKE || (one.step === chosen?.step && one.kid === chosen.kid);
}

/** Where no step changes keys. */
function byDeploys({ keys }: Status): readonly AskedStep[] {
  const live = keys.filter(({ state }) => state !== 'retired' && state !== 'revoked');
  const old = live.filter(({ state }) => state !== 'active');
  return [
    ...old.map(({ id }) => ({ step: 'retire', kid: id }) as const),
    ...live.map(({ id }) => ({ step: 'revoke', kid: id }) as const),
  ];
}

/**
 * In one sentence, purpose by purpose, and what it leaves alone.
 *
 * @param offered the step itself, where there is one
 * @param ifNow of a key that retires: if its secret went this moment
 * @param isTold whether the page has said already why the step is refused
 */
export function impactPart(
  impact: Impact,
  view: View,
  offered?: OfferedStep,
  ifNow?: Impact | undefined,
  isTold = false,
): Markup {
  const { notAffected, stillAccepted } = impact;
  const { status } = view;
  // A rotation goes on where it was begun: there is always one to ask about.
  const isRefused = offered?.safe === false && offered.step !== 'stage';
  const isTooEarly = ifNow !== undefined && offered?.safe !== true;
  const isHeld = isRefused || isTooEarly;
  const tone = breaksSomething(impact) || (isHeld && isStopped(status)) ? 'alarm' : isHeld ? 'wait' : 'calm';
  return html`<p class="verdict ${tone}">${isRefused && !isTold && withKids(offered.why, status)}${isTooEarly ? withKids(tooEarly(ifNow, offered), status) : isRefused ? withKids(ifRefused(offered), status) : verdict(impact)}</p>
${
  isTooEarly
    ? effects(
        ifNow,
        offered === undefined ? 'If taken away now' : 'If retired now',
        whenItMay(offered, status),
      )
    : effects(impact, isRefused ? 'Once Keyturn allows it' : 'What happens')
}
<h3>Not affected</h3>
<ul class="lines">
${notAffected.map((line) => html`<li>${line}</li>\n`)}</ul>
${
  stillAccepted.length > 0 &&
  html`<h3>Accepted all the same</h3>
<ul class="lines">
${stillAccepted.map((line) => html`<li>${line}</li>\n`)}</ul>`
}`;
}

/**
 * What becomes of each purpose.
 *
 * @param happens what the column is called that says so
 * @param later what one is called that says when none of it happens any more
 */
function effects(impact: Impact, happens: string, later?: string): Markup {
  const refused = new Set(
    impact.rows.filter(({ effect }) => effect === 'refused').map(({ purpose }) => purpose),
  );
  return purposeTable(
    'What happens to each purpose',
    [{ head: happens }, { head: 'What users notice' }, ...(later === undefined ? [] : [{ head: later }])],
    impactRows(impact).map(([name = '', about = '', kept = '', valid = '', what, notice]) => ({
      name,
      about,
      kept,
      valid,
      cells: [
        refused.has(name) ? html`<b class="refused">${what}</b>` : what,
        notice,
        ...(later === undefined ? [] : ['nothing: none is alive then']),
      ],
    })),
  );
}

function tooEarly({ rows, kid = 'the key' }: Impact, offered: OfferedStep | undefined): string {
  const first =
    offered === undefined
      ? 'Here a deploy takes the key away, and nothing refuses one that comes too early. '
      : ' ';
  const ifIt = `If ${kid} were ${offered === undefined ? 'taken away' : 'retired'} now,`;
  const refused = rows.filter(({ effect }) => effect === 'refused').map(({ purpose }) => purpose);
  const now =
    refused.length === 0
      ? `${ifIt} nobody would be signed out, as far as is known.`
      : refused.includes('session')
        ? `${ifIt} whoever holds a session of it that has not been renewed would be signed out.`
        : `${ifIt} what it has signed would be refused: ${refused.join(', ')}.`;
  return `${first}${now}${offered === undefined ? '' : ' Once Keyturn allows it, nobody would be.'}`;
}

/** What a refusal spares people. */
function ifRefused({ step, kid = '' }: OfferedStep): string {
  const signs = step === 'promote' || step === 'rollback';
  return signs
    ? ` If ${kid} were promoted now, a replica that does not know it would refuse what it signs: people would be signed out there. Once Keyturn allows it, nobody would be.`
    : ' As long as it is refused, nobody is signed out by it.';
}

function whenItMay(offered: OfferedStep | undefined, { now }: Status): string {
  if (offered?.safeAt !== undefined) return `From ${clockTime(offered.safeAt, now)}`;
  return offered === undefined ? 'When its last token has expired' : 'Once Keyturn allows it';
}

/** What matters first: whether anybody is signed out. */
function verdict({ rows }: Impact): string {
  const refused = rows.filter(({ effect }) => effect === 'refused').map(({ purpose }) => purpose);
  if (refused.length === 0) return 'Nobody would be signed out, and nothing that is signed would be refused.';
  const all = refused.length === rows.length;
  const which = all ? `all ${rows.length} purposes` : `${refused.length} of ${rows.length} purposes`;
  return refused.includes('session')
    ? `Whoever holds a session of this key would be signed out at once. What it has signed is refused for ${which}.`
    : `What this key has signed would be refused at once, for ${which}: ${refused.join(', ')}.`;
}
