// The voice of the command line: every rule of wording and layout is here.
//
// Data goes to standard output, talk to standard error. An error is two lines: what is wrong, what to do. Both
// begin in lower case (names of variables aside) and have no full stop. Colour only on a terminal, and never
// with NO_COLOR. What was typed is not repeated: it may be a secret in the wrong place.

import { oneLine, printable } from '../printable.js';

/** What a stream is asked for; process.stdout is one. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** 1: refused, or findings; 2: wrong usage; 3: not yet safe. */
export type ExitCode = 1 | 2 | 3;

/** What an error says to programs. */
interface StopFacts {
  /** One of the library's, or `usage`, `refused`. */
  readonly code: string;
  /** When it becomes safe; milliseconds since 1970. */
  readonly safeAt?: number | undefined;
  readonly cause?: unknown;
  /** What programs are told beside the error. */
  readonly more?: object;
}

/** Ends a command with an error. */
export class Stop extends Error {
  readonly hint: string;
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly safeAt: number | undefined;
  readonly more: object;

  constructor(exitCode: ExitCode, message: string, hint: string, facts: StopFacts) {
    const { code, safeAt, cause, more = {} } = facts;
    super(message, { cause });
    this.exitCode = exitCode;
    this.hint = hint;
    this.code = code;
    this.safeAt = safeAt;
    this.more = more;
  }
}

/** @param code what programs tell it by */
export function refused(message: string, hint: string, code = 'refused'): Stop {
  return new Stop(1, message, hint, { code });
}

export function wrongUsage(message: string, hint: string): Stop {
  return new Stop(2, message, hint, { code: 'usage' });
}

/** What can be done later, as it was asked for. */
export function notYet(message: string, hint: string, facts: StopFacts): Stop {
  return new Stop(3, message, hint, facts);
}

const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], yellow: [33, 39], green: [32, 39] } as const;
export type Style = keyof typeof STYLES;

/** A part of a line in a style. Only here do sequences come from that a terminal obeys: in any text they are escaped. */
export interface Styled {
  readonly style: Style;
  readonly text: string;
}

type Part = string | Styled;
/** What is shown as one line. */
export type Line = Part | readonly Part[];

export class Ui {
  readonly #out: Output;
  readonly #err: Output;
  readonly #colour: boolean;
  readonly #cursor: boolean;
  #unfinished = false;

  constructor(out: Output, err: Output, env: Readonly<Record<string, string | undefined>>) {
    this.#out = out;
    this.#err = err;
    this.#cursor = env.TERM !== 'dumb';
    this.#colour = !env.NO_COLOR && this.#cursor;
  }

  /** Whether a person reads standard output. */
  get watched(): boolean {
    return this.#out.isTTY === true;
  }

  /** Data, as lines. */
  print(...lines: readonly Line[]): void {
    this.#out.write(`${lines.map((line) => this.#shown(line)).join('\n')}\n`);
  }

  /** Data for programs: one line of JSON. */
  json(value: unknown): void {
    this.#out.write(`${printable(JSON.stringify(value))}\n`);
  }

  /** Data as it is, byte by byte: a document for another program. */
  raw(text: string): void {
    this.#out.write(text);
  }

  /** Data that takes the place of what was shown before. For a terminal only: see {@link redraws}. */
  redraw(...lines: readonly Line[]): void {
    const rows = lines.map((line) => `${this.#shown(line)}\u001b[K\n`);
    this.#out.write(`\u001b[H${rows.join('')}\u001b[J`);
  }

  /** Whether standard output can be drawn anew. */
  get redraws(): boolean {
    return this.watched && this.#cursor;
  }

  /** Talk: what a command has done, where standard output is for something else. */
  tell(...lines: readonly string[]): void {
    this.#err.write(lines.map((line) => `keyturn: ${oneLine(line)}\n`).join(''));
  }

  /** A question to whoever sits at the terminal, as one line without an end. */
  question(text: string): string {
    return `keyturn: ${oneLine(text)} `;
  }

  /**
   * How far work is: on a terminal one line that is drawn anew, elsewhere a line of its own.
   *
   * @param fresh whether it says something else than the last one but for a number that counts down
   */
  progress(text: string, fresh: boolean): void {
    if (this.#err.isTTY === true && this.#cursor) {
      this.#err.write(`\rkeyturn: ${oneLine(text)}\u001b[K`);
      this.#unfinished = true;
    } else if (fresh) this.tell(text);
  }

  /** Ends the line of {@link progress}. */
  progressed(): void {
    if (this.#unfinished) this.#err.write('\n');
    this.#unfinished = false;
  }

  /** Something worth knowing that is no error. Further lines are to be copied as they are. */
  note(text: string, ...lines: readonly string[]): void {
    this.#err.write(
      `keyturn: note: ${oneLine(text)}\n${lines.map((line) => `${printable(line)}\n`).join('')}`,
    );
  }

  error(message: string, hint: string): void {
    this.#err.write(
      `keyturn: ${this.#paint(this.#err, 'red', 'error')}: ${oneLine(message)}\n` +
        `keyturn: ${this.#paint(this.#err, 'yellow', 'hint')}: ${oneLine(hint)}\n`,
    );
  }

  #shown(line: Line): string {
    const parts: readonly Part[] = typeof line === 'string' || 'style' in line ? [line] : line;
    return parts
      .map((part) =>
        typeof part === 'string' ? printable(part) : this.#paint(this.#out, part.style, printable(part.text)),
      )
      .join('');
  }

  #paint(stream: Output, style: Style, text: string): string {
    const [on, off] = STYLES[style];
    return this.#colour && stream.isTTY === true ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}

/** A part of a line for {@link Ui.print}. */
export function styled(style: Style, text: string): Styled {
  return { style, text };
}

/** Lines in two columns, the first as wide as its widest entry. */
export function columns(rows: readonly (readonly [left: string, right: string])[], indent = '  '): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`.trimEnd());
}

/** Lines of a table: a head, and columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], indent = ''): string[] {
  const all = [head.map((name) => name.toUpperCase()), ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, index) => Math.max(...all.map((row) => (row[index] ?? '').length)));
  return all.map((row) =>
    `${indent}${row.map((cell, index) => cell.padEnd(widths[index] as number)).join('  ')}`.trimEnd(),
  );
}

/** The same table for a page in Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => oneLine(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)];
}

const UNITS = [
  ['d', 86400],
  ['h', 3600],
  ['min', 60],
] as const;

/**
 * "14:05 UTC (in 2 h)", "2026-11-27 14:06 +01:00 (in 7 d)": local time and its distance from UTC. What is to come is
 * never shown earlier than it is, and what is past never later.
 */
export function moment(at: number, now: number): string {
  return `${clockTime(at, now)} (${relativeTime(at, now)})`;
}

function clockTime(at: number, now: number): string {
  const near = Math.abs(at - now) < 3_600_000;
  const step = near ? 1000 : 60_000;
  // What is safe at 14:05:30 is not safe at 14:05.
  const shown = new Date((at > now ? Math.ceil(at / step) : Math.floor(at / step)) * step);
  const day = (date: Date) => [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const minutes = `${two(shown.getHours())}:${two(shown.getMinutes())}`;
  const time = `${near ? `${minutes}:${two(shown.getSeconds())}` : minutes} ${zoneOf(shown)}`;
  return day(shown) === day(new Date(now)) ? time : `${day(shown)} ${time}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

/** "UTC", "+05:30": whoever reads a log elsewhere has another clock. */
function zoneOf(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`;
}

/** "7 d", "7 d 6 min", "41 s": a length of time in its two largest units, never shorter than it is. */
export function lengthOfTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [, second] = partsOf(whole);
  const size = second?.size ?? 1;
  return (
    partsOf(Math.ceil(whole / size) * size)
      .slice(0, 2)
      .map(({ amount, unit }) => `${amount} ${unit}`)
      .join(' ') || '0 s'
  );
}

function partsOf(seconds: number): Array<{ amount: number; unit: string; size: number }> {
  let rest = seconds;
  return [...UNITS, ['s', 1] as const].flatMap(([unit, size]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount > 0 ? [{ amount, unit, size }] : [];
  });
}

/** "3 h", "0 s": how long ago something was. */
export function ageInWords(since: number, now: number): string {
  const ago = relativeTime(Math.min(since, now), now);
  return ago === 'now' ? '0 s' : ago.replace(/ ago$/, '');
}

/** "3 h ago", "in 12 d": a moment as people speak of it. A wait is never shown shorter than it is, nor an age longer. */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(at - now) / 1000;
  if (at === now || (at < now && distance < 1)) return 'now';
  const [unit, size] = UNITS.find(([, seconds]) => distance >= 2 * seconds) ?? (['s', 1] as const);
  return at < now ? `${Math.floor(distance / size)} ${unit} ago` : `in ${Math.ceil(distance / size)} ${unit}`;
}

/** A moment for programs. */
export function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

/** "1 key", "3 keys". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
