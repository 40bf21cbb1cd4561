// Every purpose: what is signed, where it is kept, how long it is valid, and what a rotation does to it.
import { impactRows } from '../../words/impact.js';
import { moveInLine } from '../../words/view.js';
import type { Frame } from '../contract.js';
import { html } from '../html.js';
import type { PurposesFacts } from './facts.js';
import { page } from './frame.js';
import { ago } from './parts.js';
import { purposeTable } from './purpose-table.js';

const COLUMNS = [
  { head: 'What happens' },
  { head: 'What users notice' },
  { head: 'Last accepted', isShort: true },
];

export function purposesPage(frame: Frame, { view, impact }: PurposesFacts): string {
  const { status } = view;
  const { movingIn, replicas, now } = status;
  const last = lastVerified(view);
  const rows = impactRows(impact).map(([name = '', about = '', kept = '', valid = '', happens, notice]) => {
    const at = last.get(name);
    return { name, about, kept, valid, cells: [happens, notice, at === undefined ? '–' : ago(at, now)] };
  });
  return page(frame, {
    title: 'Purposes',
    name: 'purposes',
    now,
    main: html`<h1>Purposes</h1>
<p class="lead">Everything that is signed is signed for a purpose, with a key of its own: what is made for one is accepted for no other. This is what a rotation does to each.</p>
<section aria-labelledby="purposes">
<h2 id="purposes" class="unseen">All purposes</h2>
${purposeTable('Purposes', COLUMNS, rows)}
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
