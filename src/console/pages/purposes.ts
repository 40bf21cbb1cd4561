// Every purpose: what is signed, where its state lives, how long it lives, and what a rotation does to it.
import { capitalised } from '../../printable.js';
import { IMPACT_HEAD, impactRows } from '../../words/impact.js';
import { moveInLine } from '../../words/view.js';
import type { Frame } from '../contract.js';
import { type Content, html } from '../html.js';
import type { PurposesFacts } from './facts.js';
import { page } from './frame.js';
import { ago, table } from './parts.js';

export function purposesPage(frame: Frame, { view, impact }: PurposesFacts): string {
  const { status } = view;
  const { movingIn, replicas, now } = status;
  const last = lastVerified(view);
  const [name = '', ...head] = IMPACT_HEAD.map(capitalised);
  const rows = impactRows(impact).map(([purpose = '', ...cells]): Content[] => {
    const at = last.get(purpose);
    return [html`<b>${purpose}</b>`, ...cells, at === undefined ? '–' : ago(at, now)];
  });
  return page(frame, {
    title: 'Purposes',
    name: 'purposes',
    now,
    main: html`<h1>Purposes</h1>
<p class="lead">Everything that is signed is signed for a purpose, with a key of its own: what is made for one is accepted for no other. This is what a rotation does to each.</p>
<section aria-labelledby="purposes">
<h2 id="purposes" class="unseen">All purposes</h2>
${table('Purposes', [{ head: name }, ...head.map((one, at) => ({ head: one, isShort: at === 2 })), { head: 'Last accepted', isShort: true }], rows)}
</section>
<section aria-labelledby="moving-in">
<h2 id="moving-in">Moving in</h2>
${
  movingIn.length === 0
    ? html`<p class="empty">No other library's sessions are accepted.</p>`
    : html`<ul class="lines">
${movingIn.map((one) => html`<li>${moveInLine(one, now, replicas.length > 0)}</li>\n`)}</ul>`
}
</section>
`,
  });
}

/** By purpose, as far as replicas of this ring report. */
function lastVerified({ status }: PurposesFacts['view']): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const { uses, authentic } of status.replicas) {
    for (const { purpose, verifiedAt } of authentic ? uses : [])
      if (verifiedAt > (last.get(purpose) ?? 0)) last.set(purpose, verifiedAt);
  }
  return last;
}
