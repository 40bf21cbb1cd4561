// The voice of the command line: what goes where, and how it fits there. The words themselves are made in words/.
//
// Data goes to standard output, talk to standard error. An error is two lines: what is wrong, what to do. Both
// begin in lower case (names of variables aside) and have no full stop. On a terminal lines are broken between words
// where it ends; anywhere else a line is a line. Colour only on a terminal, and never with NO_COLOR. What was typed is
// not repeated: it may be a secret in the wrong place.

import { oneLine, printable } from '../printable.js';
import { after, broken, type Line, type Part, type Row, rowsOf, type Style, unbroken } from './line.js';
import { type Environment, hasCursor, type Output, type Screen, screenOf } from './screen.js';

const STYLES: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
};

/** What a terminal shows in another way than a file. */
export interface Drawn {
  readonly plain: readonly Line[];
  readonly onScreen: (screen: Screen) => readonly Line[];
}

const PREFIX = 'keyturn: ';

/** The screen that a terminal has for what fills it, without scrollback and with the cursor hidden; and back. */
const OTHER_SCREEN = '\u001b[?1049h\u001b[?25l';
const USUAL_SCREEN = '\u001b[?25h\u001b[?1049l';

export class Ui {
  readonly #out: Output;
  readonly #err: Output;
  readonly #env: Environment;
  readonly #cursor: boolean;
  /** The rows on standard error that are drawn anew. */
  #live: readonly Row[] = [];
  #drawn = false;

  constructor(out: Output, err: Output, env: Environment) {
    this.#out = out;
    this.#err = err;
    this.#env = env;
    this.#cursor = hasCursor(env);
  }

  /** The terminal that standard output is; undefined where nobody watches. */
  get screen(): Screen | undefined {
    return screenOf(this.#out, this.#env);
  }

  /** Data, as lines. */
  print(...blocks: ReadonlyArray<Line | Drawn>): void {
    const { screen } = this;
    const lines = blocks.flatMap((block) => {
      if (typeof block === 'string' || !('plain' in block)) return [block];
      return screen === undefined ? block.plain : block.onScreen(screen);
    });
    this.#write(this.#out, lines);
  }

  /** Data for programs: one line of JSON. */
  json(value: unknown): void {
    this.#out.write(`${printable(JSON.stringify(value))}\n`);
  }

  /** Data as it is, byte by byte: a document for another program. */
  raw(text: string): void {
    this.#out.write(text);
  }

  /**
   * Data that takes the place of what was shown before, as many rows as the terminal has. It is drawn on the terminal's
   * other screen: what was printed before stays as it is. For a terminal only: see {@link redraws}.
   */
  redraw(...lines: readonly Line[]): void {
    const screen = this.screen as Screen;
    const rows = lines.flatMap((line) => broken(line, screen.width));
    let left = screen.height;
    const shown = rows.filter((row) => {
      left -= rowsOf(row, screen.width);
      return left >= 0;
    });
    const enter = this.#drawn ? '' : OTHER_SCREEN;
    this.#drawn = true;
    // No line end behind the last one: it would scroll.
    this.#out.write(
      `${enter}\u001b[H${shown.map((row) => this.#cleared(this.#out, row, screen.width)).join('\n')}\u001b[J`,
    );
  }

  /** Gives the terminal back as it was before the first picture. To be called however a command ends. */
  drawn(): void {
    if (this.#drawn) this.#out.write(USUAL_SCREEN);
    this.#drawn = false;
  }

  /** Whether standard output can be drawn anew. */
  get redraws(): boolean {
    return this.screen !== undefined && this.#cursor;
  }

  /** Hears when the terminal has got another size. @returns what ends that */
  onResize(listener: () => void): () => void {
    this.#out.on?.('resize', listener);
    return () => void this.#out.off?.('resize', listener);
  }

  /** Talk: what a command has done, where standard output is for something else. */
  tell(...lines: readonly Line[]): void {
    this.#write(this.#err, lines, PREFIX);
  }

  /** A question to whoever sits at the terminal, without an end. */
  question(text: string): string {
    return `${this.#rows(this.#err, [`${PREFIX}${oneLine(text)}`], PREFIX.length).join('\n')} `;
  }

  /**
   * How far work is: on a terminal a few lines that are drawn anew, elsewhere a line.
   *
   * @param fresh whether the line says something else than the last one but for a number that counts down
   */
  progress(line: string, lines: (screen: Screen) => readonly Line[], fresh: boolean): void {
    const screen = screenOf(this.#err, this.#env);
    if (screen === undefined || !this.#cursor) {
      if (fresh) this.tell(line);
      return;
    }
    const rows = lines(screen)
      .flatMap((one) => broken(one, screen.width))
      .slice(0, screen.height - 1);
    const text = rows.map((row) => `${this.#cleared(this.#err, row, screen.width)}\n`).join('');
    this.#err.write(`${this.#backToLive(screen)}${text}\u001b[J`);
    this.#live = rows;
  }

  /** Takes away what {@link progress} has drawn. */
  progressed(): void {
    const screen = screenOf(this.#err, this.#env);
    if (screen !== undefined && this.#live.length > 0) this.#err.write(`${this.#backToLive(screen)}\u001b[J`);
    this.#live = [];
  }

  /** Something worth knowing that is no error. Further lines are to be copied as they are. */
  note(text: string, ...lines: readonly string[]): void {
    this.tell(`note: ${text}`);
    for (const line of lines) this.#err.write(`${printable(line)}\n`);
  }

  error(message: string, hint: string): void {
    this.tell(
      [{ style: 'red', text: 'error' }, `: ${oneLine(message)}`],
      [{ style: 'yellow', text: 'hint' }, `: ${oneLine(hint)}`],
    );
  }

  #backToLive({ width }: Screen): string {
    // A window that is narrower by now has broken them by itself.
    const up = this.#live.reduce((sum, row) => sum + rowsOf(row, width), 0);
    return up === 0 ? '\r' : `\r\u001b[${up}A`;
  }

  /** A row in the place of another one. */
  #cleared(stream: Output, row: Row, width: number): string {
    // At the end of a full row the cursor still stands on its last character, which would go.
    return row.width < width ? `${this.#painted(stream, row)}\u001b[K` : this.#painted(stream, row);
  }

  #write(stream: Output, lines: readonly Line[], prefix = ''): void {
    const indent = prefix === '' ? undefined : prefix.length;
    const all = prefix === '' ? lines : lines.map((line) => after(prefix, line));
    stream.write(`${this.#rows(stream, all, indent).join('\n')}\n`);
  }

  #rows(stream: Output, lines: readonly Line[], indent: number | undefined): string[] {
    const screen = screenOf(stream, this.#env);
    return lines
      .flatMap((line) => (screen === undefined ? unbroken(line) : broken(line, screen.width, indent)))
      .map((row) => this.#painted(stream, row));
  }

  #painted(stream: Output, { parts }: Row): string {
    return parts.map((part) => this.#paint(stream, part)).join('');
  }

  #paint(stream: Output, part: Part): string {
    if (typeof part === 'string') return part;
    const { style, text } = part;
    const [on, off] = STYLES[style];
    const colours = !this.#env.NO_COLOR && this.#cursor && stream.isTTY === true;
    return colours ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}
