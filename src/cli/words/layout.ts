// Columns, tables and paragraphs.
import { oneLine } from '../../printable.js';
import { type Columns, columnsOf, type Line, NARROWEST, styled } from '../line.js';
import type { Screen } from '../screen.js';
import type { Drawn } from '../ui.js';

/** Lines in two columns, the first as wide as its widest entry. */
export function columns(
  rows: readonly (readonly [left: string, right: string])[],
  indent = '  ',
): readonly Columns[] {
  const width = Math.max(0, ...rows.map(([left]) => columnsOf(left)));
  return rows.map(([left, right]) => ({
    first: right === '' ? `${indent}${left}` : `${indent}${padded(left, width)}  `,
    second: right,
  }));
}

/** Lines of a table: a head, and columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head.map((name) => name.toUpperCase()), ...rows].map((row) => row.map(oneLine));
  const widths = widthsOf(head, all);
  return all.map((row) => inColumns(row, widths));
}

/**
 * The same table, for a terminal too. Where it is too wide for that its last column is broken, and where there is no room
 * for that the last cell of a row stands below the others.
 */
export function fittingTable(head: readonly string[], rows: readonly (readonly string[])[]): Drawn {
  return { plain: table(head, rows), onScreen: (screen) => fitted(head, rows, screen) };
}

function fitted(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width }: Screen,
): readonly Line[] {
  const last = head.length - 1;
  const all = [head.map((name) => name.toUpperCase()), ...rows].map((row) => row.map(oneLine));
  const widths = widthsOf(head, all);
  const before = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0);
  const beside = before + Math.min(NARROWEST, widths[last] as number) <= width;
  return all.flatMap((row, at): readonly Line[] => {
    const cell = row[last] ?? '';
    const line = inColumns(row.slice(0, last), widths);
    if (at === 0) return [styled('dim', beside ? inColumns(row, widths) : `${line}  ${cell}`)];
    if (beside) return [{ first: line.padEnd(line.length + before - columnsOf(line)), second: cell }];
    return [line, ...(cell === '' ? [] : [`  ${cell}`])];
  });
}

function widthsOf(head: readonly string[], rows: readonly (readonly string[])[]): readonly number[] {
  return head.map((_, index) => Math.max(...rows.map((row) => columnsOf(row[index] ?? ''))));
}

function inColumns(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, index) => padded(cell, widths[index] as number))
    .join('  ')
    .trimEnd();
}

/** With blanks behind it, as wide as it looks. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)));
}

/** The same table for a page in Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => oneLine(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)];
}

/**
 * Lines of text as paragraphs, to be broken anew. What is indented stays as it is: it is there to be copied.
 *
 * @param lines as they stand in the source, with empty ones between paragraphs
 */
export function paragraphs(lines: readonly string[]): readonly Line[] {
  const isProse = (text: string | undefined) => text !== undefined && text !== '' && !text.startsWith(' ');
  const blocks: string[] = [];
  for (const line of lines) {
    if (isProse(line) && isProse(blocks.at(-1))) blocks.push(`${blocks.pop()} ${line}`);
    else blocks.push(line);
  }
  return blocks.map((block) => (isProse(block) ? { first: '', second: block } : { verbatim: block }));
}
