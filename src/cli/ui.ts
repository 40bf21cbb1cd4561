// The voice of the command line: every rule of wording and layout is here.
//
// Data goes to standard output, talk to standard error. An error is two lines: what is wrong, what to do. Both
// begin in lower case (names of variables aside) and have no full stop. Colour only on a terminal, and never
// with NO_COLOR. What was typed is not repeated: it may be a secret in the wrong place.

/** What a stream is asked for; process.stdout is one. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Ends a command with an error. Exit code 1: refused; 2: wrong usage. */
export class Stop extends Error {
  readonly hint: string;
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2, message: string, hint: string) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

export function refused(message: string, hint: string): Stop {
  return new Stop(1, message, hint);
}

export function wrongUsage(message: string, hint: string): Stop {
  return new Stop(2, message, hint);
}

const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], yellow: [33, 39], green: [32, 39] } as const;
export type Style = keyof typeof STYLES;

export class Ui {
  readonly #out: Output;
  readonly #err: Output;
  readonly #colour: boolean;

  constructor(out: Output, err: Output, env: Readonly<Record<string, string | undefined>>) {
    this.#out = out;
    this.#err = err;
    this.#colour = !env.NO_COLOR && env.TERM !== 'dumb';
  }

  /** Whether a person reads standard output. */
  get watched(): boolean {
    return this.#out.isTTY === true;
  }

  /** Data, as lines. */
  print(...lines: readonly string[]): void {
    this.#out.write(`${lines.map(printable).join('\n')}\n`);
  }

  /** Data for programs: one line of JSON. */
  json(value: unknown): void {
    this.#out.write(`${printable(JSON.stringify(value))}\n`);
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

  /** Styles a part of a line for {@link print}. */
  style(style: Style, text: string): string {
    return this.#paint(this.#out, style, text);
  }

  #paint(stream: Output, style: Style, text: string): string {
    const [on, off] = STYLES[style];
    return this.#colour && stream.isTTY === true ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}

/** Lines in two columns, the first as wide as its widest entry. */
export function columns(rows: readonly (readonly [left: string, right: string])[], indent = '  '): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`.trimEnd());
}

/** "3 h ago", "in 12 d": a moment as people speak of it. */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(at - now) / 1000;
  if (distance < 1) return 'now';
  const [unit, size] = (
    [
      ['d', 86400],
      ['h', 3600],
      ['min', 60],
    ] as const
  ).find(([, seconds]) => distance >= 2 * seconds) ?? ['s', 1];
  const amount = `${Math.floor(distance / size)} ${unit}`;
  return at < now ? `${amount} ago` : `in ${amount}`;
}

/** "1 key", "3 keys". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/**
 * Escapes what would control a terminal or reorder its text: a token's payload is written by strangers. Colours
 * of our own pass: no other escape sequence looks like them.
 */
function printable(text: string): string {
  return text.replace(
    /(?!\u001b\[\d\d?m)[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function oneLine(text: string): string {
  return printable(text.replace(/\s*\n\s*/g, ' '));
}
