// The voice of the command line: what goes where, and in which colour. The words themselves are made in words/.
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
