// The ring's own history, the newest line first: when, what, which key, who, why.

import type { HistoryEntry } from '../../keyring/keyring.js';
import { count } from '../../printable.js';
import type { Status } from '../../rotation/status.js';
import { historyWhat, olderLines, rolledBackFrom } from '../../words/steps.js';
import { clockTime } from '../../words/time.js';
import type { Frame } from '../contract.js';
import { type Content, html } from '../html.js';
import type { HistoryFacts } from './facts.js';
import { page } from './frame.js';
import { ago, clock, kidIn, table } from './parts.js';

const COLUMNS = [
  { head: 'When' },
  { head: 'What', isShort: true },
  { head: 'Key', isShort: true },
  { head: 'Who' },
  { head: 'Why' },
];

/** Lines that stand there open. */
const MOST_LINES = 50;

export function historyPage(frame: Frame, { view, history }: HistoryFacts): string {
  const { status } = view;
  const from = rolledBackFrom(history);
  const rows = history
    .toReversed()
    .map((entry): Content[] => [
      html`${clock(entry.at, status.now)} <span class="known count">${ago(entry.at, status.now)}</span>`,
      html`<b>${historyWhat(entry)}</b>`,
      keyCell(entry, from.get(entry), status),
      entry.who ?? '–',
      why(entry, status.now),
    ]);
  return page(frame, {
    title: 'History',
    name: 'history',
    now: status.now,
    main: html`<h1>History</h1>
<p class="lead">The history is part of the keyring, and every replica has a copy. No line can be taken out.</p>
${rows.length === 0 ? html`<p class="empty">${none(view.status.format)}</p>` : table('History, the newest line first', COLUMNS, rows.slice(0, MOST_LINES))}
${
  rows.length > MOST_LINES &&
  html`<details id="older"><summary>${count(rows.length - MOST_LINES, 'older line')}</summary>${table('Older lines of the history', COLUMNS, rows.slice(MOST_LINES))}</details>`
}`,
  });
}

/** Of a rollback both keys. @param from the one that signed before */
function keyCell({ what, kid }: HistoryEntry, from: string | undefined, status: Status): Content {
  if (kid === undefined) return '–';
  if (what !== 'rollback') return kidIn(kid, status);
  return html`${from !== undefined && html`from ${kidIn(from, status)} `}to ${kidIn(kid, status)}`;
}

function why(entry: HistoryEntry, now: number): Content {
  const { why: said, gone = [], lines, since, at } = entry;
  if (lines !== undefined) return olderLines(entry, clockTime(since ?? at, now));
  const overruled = gone.length > 0 && `said to be gone: ${gone.join(', ')}`;
  if (said === undefined && overruled === false) return '–';
  return html`${said}${said !== undefined && overruled !== false && '; '}${overruled}`;
}

function none(format: string): string {
  return format === 'document'
    ? 'The keyring was just made: nothing has happened yet.'
    : 'There is none: only a keyring document, or a shared keyring, keeps one.';
}
