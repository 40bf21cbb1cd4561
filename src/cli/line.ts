// Lines, and how they are broken where a terminal is too narrow for them: between words, never within what people copy.
import { oneLine } from '../printable.js';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green';

/** A part of a line in a style. Only by way of these comes what a terminal obeys: in any text it is escaped. */
export interface Styled {
  readonly style: Style;
  readonly text: string;
}

export type Part = string | Styled;

/** A line in two columns: where it is broken, it goes on in the second one. */
export interface Columns {
  /** With the blanks that stand before the second one. */
  readonly first: Part | readonly Part[];
  readonly second: Part | readonly Part[];
}

/** A line for people to copy, or code: never broken, however long it is. */
export interface Verbatim {
  readonly verbatim: Part | readonly Part[];
}

/** What fits where it is shown, with its width in columns. */
export interface Row {
  readonly parts: readonly Part[];
  readonly width: number;
}

/** What is shown as one line. */
export type Line = Part | readonly Part[] | Columns | Verbatim | Row;

/** A part of a line for `Ui.print`. */
export function styled(style: Style, text: string): Styled {
  return { style, text };
}

/** The same in a style that there may be. */
export function inStyle(style: Style | undefined, text: string): Part {
  return style === undefined ? text : styled(style, text);
}

/** The same line with something before it. */
export function after(before: string, line: Line): Line {
  if (isColumns(line)) return { ...line, first: [before, ...partsOf(line.first)] };
  const parts = [before, ...partsOf(line)];
  return isVerbatim(line) ? { verbatim: parts } : parts;
}

/** A column is so wide, or stands below the one before it. */
export const NARROWEST = 24;

/** As one line, however long. */
export function unbroken(line: Line): Row {
  if (isRow(line)) return line;
  const parts = trimmed(partsOf(line).map(fit));
  return { parts, width: widthOf(parts) };
}

/**
 * As rows of at most so many columns. Only a word, or a command, that is longer by itself makes one wider.
 *
 * @param indent where the second row begins; default: a little behind the first
 */
export function broken(line: Line, width: number, indent?: number): readonly Row[] {
  const whole = unbroken(line);
  if (whole.width <= width || isVerbatim(line) || isRow(line)) return [whole];
  if (isColumns(line)) {
    const first = partsOf(line.first).map(fit);
    if (widthOf(first) + NARROWEST <= width) return wrapped(whole.parts, width, widthOf(first));
    // A second column would be too narrow: it stands below.
    const margin = blanksBefore(first) + 4;
    const rest = [' '.repeat(margin), ...partsOf(line.second)].map(fit);
    return [...wrapped(first, width, margin), ...wrapped(rest, width, margin)];
  }
  return wrapped(whole.parts, width, indent ?? blanksBefore(whole.parts) + 2);
}

/** How many rows of a terminal it takes: what is wider is broken there by the terminal. */
export function rowsOf(row: Row, width: number): number {
  return Math.max(1, Math.ceil(row.width / width));
}

/** Cut where it is longer. */
export function cut(text: string, width: number, more: string): string {
  const shown = oneLine(text);
  if (columnsOf(shown) <= width) return shown;
  let kept = '';
  let used = columnsOf(more);
  for (const character of shown) {
    used += columnsOf(character);
    if (used > width) break;
    kept += character;
  }
  return kept + more;
}

/** How many columns a text takes on a terminal. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += MARKS.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}

/** What is put over the character before it, or says how that one is to look. */
const MARKS = /^[\p{M}\u200d]$/u;
/** East Asian characters and signs that are as wide as two letters. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u;

function partsOf(line: Line): readonly Part[] {
  if (isColumns(line)) return [...partsOf(line.first), ...partsOf(line.second)];
  if (isVerbatim(line)) return partsOf(line.verbatim);
  if (isRow(line)) return line.parts;
  return typeof line === 'string' || 'style' in line ? [line] : line;
}

function isColumns(line: Line): line is Columns {
  return typeof line === 'object' && 'second' in line;
}

function isVerbatim(line: Line): line is Verbatim {
  return typeof line === 'object' && 'verbatim' in line;
}

function isRow(line: Line): line is Row {
  return typeof line === 'object' && 'parts' in line;
}

function fit(part: Part): Part {
  return withText(part, oneLine(textOf(part)));
}

/** Nobody sees blanks at the end, and a copy would have them. */
function trimmed(parts: readonly Part[]): readonly Part[] {
  const last = parts.at(-1);
  if (last === undefined || !/ $|^$/.test(textOf(last))) return parts;
  const text = textOf(last).trimEnd();
  const before = parts.slice(0, -1);
  return text === '' ? trimmed(before) : [...before, withText(last, text)];
}

function textOf(part: Part): string {
  return typeof part === 'string' ? part : part.text;
}

function withText(part: Part, text: string): Part {
  return typeof part === 'string' ? text : { ...part, text };
}

function widthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + columnsOf(textOf(part)), 0);
}

function blanksBefore(parts: readonly Part[]): number {
  const text = parts.map(textOf).join('');
  return text.length - text.trimStart().length;
}

/** Fit to be shown: a blank that may not be broken cannot be among it. */
const GLUE = '\u0000';

/** Options of commands that are followed by a value. */
const VALUED =
  'activate-in|cwd|env|env-file|from|gone|out|purpose|reason|replaces|replicas|ring|timeout|variable|who|wordlist';

/** What stands behind a command. A word of eight letters is glued to it for nothing: it could be a key id. */
const ARGUMENTS = [
  `--(?:${VALUED}) (?:'[^']*'|[^ ;,:]+)`,
  '--[a-z][a-z-]*',
  '-- -[\\w-]{7}',
  '[\\w-]{8}(?![\\w-])',
  '-(?= |$)',
  "'[^']*'",
  '[^ ;,:]*/[^ ;,:]*',
  '[A-Z][A-Z_|-]*(?![\\w-])',
];

/** A command in a text, with all that is copied along. */
const COMMAND = new RegExp(`\\bkeyturn (?:[a-z]+|--help|--version)(?: (?:${ARGUMENTS.join('|')}))*`, 'g');

interface Word {
  readonly blanks: number;
  readonly parts: Part[];
  width: number;
}

function wordsOf(parts: readonly Part[]): readonly Word[] {
  const words: Word[] = [];
  let blanks = 0;
  let open: Word | undefined;
  for (const part of parts) {
    const text = textOf(part).replace(COMMAND, (command) => command.replaceAll(' ', GLUE));
    for (const piece of text.split(/( +)/)) {
      if (piece.startsWith(' ')) {
        blanks += piece.length;
        open = undefined;
      } else if (piece !== '') {
        const shown = withText(part, piece.replaceAll(GLUE, ' '));
        if (open === undefined) {
          open = { blanks, parts: [], width: 0 };
          words.push(open);
          blanks = 0;
        }
        open.parts.push(shown);
        open.width += columnsOf(textOf(shown));
      }
    }
  }
  return words;
}

function wrapped(parts: readonly Part[], width: number, indent: number): readonly Row[] {
  const rows: Array<{ parts: Part[]; width: number }> = [];
  let row = { parts: [] as Part[], width: 0 };
  let empty = true;
  for (const word of wordsOf(parts)) {
    if (!empty && row.width + word.blanks + word.width > width) {
      rows.push(row);
      row = { parts: [' '.repeat(indent)], width: indent };
    } else if (word.blanks > 0) {
      row.parts.push(' '.repeat(word.blanks));
      row.width += word.blanks;
    }
    row.parts.push(...word.parts);
    row.width += word.width;
    empty = false;
  }
  return [...rows, row].map(({ parts: words, width: wide }) => ({ parts: joined(words), width: wide }));
}

/** Words of one style as one part, with the blanks between them: a terminal is told once. */
function joined(parts: readonly Part[]): readonly Part[] {
  const all: Part[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    const beforeLast = all.at(-2);
    if (last !== undefined && styleOf(last) === styleOf(part))
      all[all.length - 1] = withText(part, textOf(last) + textOf(part));
    else if (
      last !== undefined &&
      beforeLast !== undefined &&
      textOf(last).trim() === '' &&
      styleOf(beforeLast) === styleOf(part)
    )
      all.splice(-2, 2, withText(part, textOf(beforeLast) + textOf(last) + textOf(part)));
    else all.push(part);
  }
  return all;
}

function styleOf(part: Part): Style | undefined {
  return typeof part === 'string' ? undefined : part.style;
}
