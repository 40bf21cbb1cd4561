// Purposes in a table. Those for which the same happens share a row: on a telephone the same card would stand there eleven
// times.
import { alikeRows } from '../../words/impact.js';
import { type Content, html, type Markup } from '../html.js';
import { type Column, table } from './parts.js';

/** One purpose, and what is said of it. */
export interface PurposeRow {
  readonly name: string;
  /** What is signed. */
  readonly about: string;
  /** Where it is kept. */
  readonly kept: string;
  /** How long it is valid. */
  readonly valid: string;
  readonly cells: readonly Content[];
}

/** @param columns those of the cells */
export function purposeTable(
  caption: string,
  columns: readonly Column[],
  purposes: readonly PurposeRow[],
): Markup {
  const rows = purposes.map((row) => [...row.cells.map(String), row] as const);
  const alike = alikeRows<string | PurposeRow>(
    rows,
    columns.map((_, at) => at),
  );
  return table(
    caption,
    [{ head: 'Purpose' }, ...columns],
    alike.map((same) => {
      const group = same.map((row) => row.at(-1) as PurposeRow);
      return [html`<ul class="purposes">${group.map(purpose)}</ul>`, ...sharedCells(group)];
    }),
    // A line along its cells: below the first purpose they would look empty.
    (at) => ((alike[at]?.length ?? 0) > 1 ? 'shared' : undefined),
  );
}

/** What several purposes share says for how many it holds. */
function sharedCells([first, ...others]: readonly PurposeRow[]): readonly Content[] {
  const [cell, ...cells] = first?.cells ?? [];
  if (others.length === 0) return [cell, ...cells];
  return [
    html`${cell}<br><span class="known">the same for each of these ${String(others.length + 1)}</span>`,
    ...cells,
  ];
}

function purpose({ name, about, kept, valid }: PurposeRow): Markup {
  return html`<li><b>${name}</b><br><span class="known">${about}; ${kept}; valid for <span class="count">${valid}</span></span></li>\n`;
}
