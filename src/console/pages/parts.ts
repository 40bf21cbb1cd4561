// Small things that stand on several pages.
import type { KeyState } from '../../keyring/key.js';
import type { Status } from '../../rotation/status.js';
import { ageInWords, clockTime, timeLeft, zoneOf } from '../../words/time.js';
import { type Content, html, type Markup } from '../html.js';
import { MARKED_OR_ID, markedIn } from '../marked-moment.js';
import type { Trouble } from './facts.js';

/** What a key does, in one word. */
export const STATE_WORDS: Readonly<Record<KeyState, string>> = {
  staged: 'staged',
  active: 'signs',
  retiring: 'retiring',
  retired: 'retired',
  revoked: 'revoked',
};

/** The id of a key, in the colour of its state. */
export function kid(id: string, state: KeyState | undefined): Markup {
  return html`<code class="kid ${state ?? 'unknown'}">${id}</code>`;
}

/** The same for one that may no longer be in the ring. */
export function kidIn(id: string, { keys }: Pick<Status, 'keys'>): Markup {
  return kid(id, keys.find((key) => key.id === id)?.state);
}

/** A text of ours, with the ids of keys and the moments in it shown as such. */
export function withKids(text: string, { keys, now }: Pick<Status, 'keys' | 'now'>): Content {
  const states = new Map(keys.map(({ id, state }) => [id, state]));
  return text.split(MARKED_OR_ID).map((part) => {
    const at = markedIn(part);
    if (at !== undefined) return countdown(at, now);
    return states.has(part) ? kid(part, states.get(part)) : part;
  });
}

/** "14:05 UTC" */
export function clock(at: number, now: number): Markup {
  return html`<time datetime="${isoOf(at)}">${clockTime(at, now)}</time>`;
}

/** "in 2 h 10 min", which goes on counting where there is a script; "now" when it is over. */
export function countdown(at: number, now: number): Markup {
  return html`<time class="count" datetime="${isoOf(at)}" data-countdown>${at <= now ? 'now' : `in ${timeLeft(at, now)}`}</time>`;
}

/** "4 s ago" */
export function ago(at: number, now: number): Markup {
  return html`<time datetime="${isoOf(at)}" title="${clockTime(at, now)}">${ageInWords(at, now)} ago</time>`;
}

/** When something was drawn, and by which clock the script is to go on: a browser may be in another zone. */
export function drawnAt(now: number): Markup {
  return html` data-now="${String(now)}" data-zone="${zoneOf(new Date(now))}"`;
}

export function isoOf(at: number): string {
  return new Date(at).toISOString();
}

/** A command, for selecting it whole. */
export function command(text: string): Markup {
  return html`<code class="command">${text}</code>`;
}

/** A text of several lines. @param status of the keys that it may name */
export function paragraphs(text: string, className: string, status?: Pick<Status, 'keys' | 'now'>): Content {
  return linesOf(text).map(
    (line) => html`<p class="${className}">${status === undefined ? line : withKids(line, status)}</p>\n`,
  );
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** Why something was not done, or cannot be shown. */
export function trouble({ message, hint }: Trouble, status: Pick<Status, 'keys' | 'now'>): Markup {
  return html`<div class="note alarm" role="alert">
${paragraphs(message, 'what', status)}${hint !== undefined && paragraphs(hint, 'hint', status)}</div>
`;
}

export interface Column {
  readonly head: string;
  /** The same with the id of a key in it drawn as such. */
  readonly drawn?: Content;
  /** Of a few words that stay together. */
  readonly isShort?: boolean;
  /** Of numbers: they stand right. */
  readonly isNumber?: boolean;
}

/**
 * A table that becomes a list of cards where it is narrow: each cell then names its column. The roles say what a browser
 * forgets of a table that is drawn otherwise.
 */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: ReadonlyArray<readonly Content[]>,
  classOfRow: (at: number) => string | undefined = () => undefined,
): Markup {
  const cell = (content: Content, at: number) => {
    const column = columns[at] ?? { head: '' };
    if (at === 0) return html`<th role="rowheader" scope="row">${content}</th>`;
    // What stands in an attribute has one face.
    const head =
      column.drawn === undefined
        ? undefined
        : html`<span class="head-here" aria-hidden="true">${column.drawn}</span>`;
    return html`<td role="cell"${head === undefined && html` data-head="${column.head}"`}${classOf(column)}>${head}<div>${content}</div></td>`;
  };
  return html`<table role="table" class="cards">
<caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map((column) => html`<th role="columnheader" scope="col"${classOf(column)}>${column.drawn ?? column.head}</th>`)}</tr></thead>
<tbody role="rowgroup">
${rows.map((row, at) => html`<tr role="row"${rowClass(classOfRow(at))}>${row.map(cell)}</tr>\n`)}</tbody>
</table>
`;
}

function rowClass(name: string | undefined): Content {
  return name !== undefined && html` class="${name}"`;
}

function classOf({ isNumber = false, isShort = false }: Column): Content {
  return isNumber ? html` class="number"` : isShort && html` class="short"`;
}

/** Findings that are cured by the same, put together: the cure is said once. */
export function alike<F extends { readonly hint?: string | undefined }>(
  found: readonly F[],
): ReadonlyArray<readonly [F, ...F[]]> {
  const groups = new Map<string | F, [F, ...F[]]>();
  for (const one of found) {
    const group = groups.get(one.hint ?? one);
    if (group === undefined) groups.set(one.hint ?? one, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}
