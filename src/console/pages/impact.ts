// What a step would do to each purpose, before anybody takes it.
import { capitalised } from '../../printable.js';
import type { Impact } from '../../rotation/impact.js';
import { IMPACT_HEAD, impactRows } from '../../words/impact.js';
import type { View } from '../../words/view.js';
import type { Frame } from '../contract.js';
import { type Content, html, type Markup } from '../html.js';
import { breaksSomething } from '../offered-steps.js';
import type { ImpactFacts } from './facts.js';
import { page } from './frame.js';
import { clock, countdown, kidIn, table, trouble } from './parts.js';

export function impactPage(frame: Frame, { view, impact, problem }: ImpactFacts): string {
  const { status } = view;
  return page(frame, {
    title: 'Impact',
    name: 'impact',
    now: status.now,
    main: html`<h1>What would happen?</h1>
<p class="lead">Choose a step. Nothing is changed here.</p>
${choice(frame, view, impact)}
${problem !== undefined && trouble(problem)}
${
  impact !== undefined &&
  html`<section aria-labelledby="impact">
<h2 id="impact">${headOf(impact, view)}</h2>
${impactPart(impact, view)}
</section>`
}
`,
  });
}

function headOf({ step, kid }: Impact, { status }: View): Content {
  if (kid === undefined) return 'Rotate: a new key takes over';
  return html`${step === 'retire' ? 'Retire' : 'Revoke'} ${kidIn(kid, status)}`;
}

/** Links: they can be kept, sent, and opened without a script. */
function choice({ base }: Frame, { status }: View, chosen: Impact | undefined): Markup {
  const link = (step: Impact['step'], kid: string | undefined, words: Content) => {
    const isChosen = chosen?.step === step && chosen.kid === kid;
    const path = `${base}/impact?step=${step}${kid === undefined ? '' : `&kid=${encodeURIComponent(kid)}`}`;
    return html`<li><a href="${path}"${isChosen && html` aria-current="true"`}>${words}</a></li>\n`;
  };
  const live = status.keys.filter(({ state }) => state !== 'retired' && state !== 'revoked');
  return html`<nav aria-label="Steps to ask about"><ul class="choice">
${link('rotate', undefined, 'Rotate')}${live
  .filter(({ state }) => state !== 'active')
  .map(({ id }) =>
    link('retire', id, html`Retire ${kidIn(id, status)}`),
  )}${live.map(({ id }) => link('revoke', id, html`Revoke ${kidIn(id, status)}`))}</ul></nav>
`;
}

/** In one sentence, purpose by purpose, and what it leaves alone. */
export function impactPart(impact: Impact, { status }: View): Markup {
  const { rows, notAffected, stillAccepted, safeAt, step, kid } = impact;
  const { now } = status;
  const later = safeAt !== undefined && safeAt > now ? safeAt : undefined;
  const tone = breaksSomething(impact) ? 'alarm' : later === undefined ? 'calm' : 'wait';
  const [name = '', ...head] = IMPACT_HEAD;
  const cells = impactRows(impact).map(([purpose = '', ...rest], at): Content[] => {
    const isRefused = rows[at]?.effect === 'refused';
    return [
      html`<b>${purpose}</b>`,
      ...rest.map((cell, column) =>
        isRefused && column === 3 ? html`<b class="refused">${cell}</b>` : cell,
      ),
    ];
  });
  return html`<p class="verdict ${tone}">${later === undefined ? verdict(impact) : html`Keyturn refuses this now: what ${kid !== undefined && kidIn(kid, status)} has signed may still be alive. Nobody would be signed out from ${clock(later, now)} on, ${countdown(later, now)}.`}</p>
${table(
  `What ${kid === undefined ? step : `${step} ${kid}`} does to each purpose`,
  [name, ...head].map((one, at) => ({ head: capitalised(one), isShort: at === 3 })),
  cells,
)}
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
