// Looks into the source of an app, as far as finding calls goes: brackets that match, arguments, properties. No parser: it
// has to read JavaScript, TypeScript and JSX of any age, and what it misses it leaves out.

/** A piece of a source. */
export interface Span {
  readonly start: number;
  /** Behind its last character. */
  readonly end: number;
}

/** One source file, and the same text with everything blanked that is no code. */
export class Source {
  /** As an operator would type it. */
  readonly path: string;
  readonly text: string;
  /** As long as the text: comments, and what stands between quotation marks, are spaces. */
  readonly code: string;
  #lineStarts: readonly number[] | undefined;
  #partners: ReadonlyMap<number, number> | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    this.code = blanked(text);
  }

  /** Counted from 1. */
  lineOf(at: number): number {
    this.#lineStarts ??= [0, ...[...this.text.matchAll(/\n/g)].map(({ index }) => index + 1)];
    return this.#lineStarts.filter((start) => start <= at).length;
  }

  of({ start, end }: Span): string {
    return this.text.slice(start, end);
  }

  /** What follows an opening bracket up to its partner; undefined where that is not there. */
  inside(open: number): Span | undefined {
    const end = this.#partnerOf(open);
    return end === undefined ? undefined : { start: open + 1, end };
  }

  #partnerOf(open: number): number | undefined {
    // All at once: were each looked for by itself, a file of opening brackets alone would take a day.
    this.#partners ??= partnersIn(this.code);
    return this.#partners.get(open);
  }

  /** The parts between commas, without those inside of brackets, and without space around them. */
  parts(span: Span): readonly Span[] {
    const parts: Span[] = [];
    let start = span.start;
    for (let at = span.start; at <= span.end; at++) {
      const character = this.code[at] as string;
      if (at === span.end || character === ',') {
        const part = this.#trimmed({ start, end: at });
        if (part.end > part.start) parts.push(part);
        start = at + 1;
      } else if ('([{'.includes(character)) at = Math.min(this.#partnerOf(at) ?? at, span.end - 1);
    }
    return parts;
  }

  /** Whether something begins here that is code. */
  isCode(at: number): boolean {
    return this.code[at] === this.text[at] && this.code[at] !== ' ';
  }

  /** Without the space around it, and without comments there. */
  #trimmed({ start, end }: Span): Span {
    const code = this.code.slice(start, end);
    return {
      start: start + code.length - code.trimStart().length,
      end: end - (code.length - code.trimEnd().length),
    };
  }
}

/** Where each bracket is closed. */
function partnersIn(code: string): ReadonlyMap<number, number> {
  const partners = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < code.length; at++) {
    const character = code[at] as string;
    if ('([{'.includes(character)) open.push(at);
    else if (')]}'.includes(character)) {
      const partner = open.pop();
      if (partner !== undefined) partners.set(partner, at);
    }
  }
  return partners;
}

/** A property of an object literal. */
export interface Property extends Span {
  /** Empty for what has none: other options that are spread into it, a name that is computed. */
  readonly name: string;
  /** Of its value; that of the name where only that is written. */
  readonly value: Span;
}

/** The properties of an object literal; undefined where the span is none. */
export function propertiesOf(source: Source, span: Span): readonly Property[] | undefined {
  if (source.code[span.start] !== '{') return undefined;
  const inside = source.inside(span.start);
  if (inside === undefined) return undefined;
  return source.parts(inside).map((part) => {
    const text = source.of(part);
    const named = /^(?:(['"])([\w-]+)\1|([\w$]+))\s*(:)?/.exec(text);
    const name = named?.[2] ?? named?.[3];
    if (named === null || name === undefined) return { name: '', ...part, value: part };
    const from = named[4] === undefined ? part.start : part.start + named[0].length;
    const skipped = text.slice(from - part.start).length - text.slice(from - part.start).trimStart().length;
    return { name, ...part, value: { start: from + skipped, end: part.end } };
  });
}

/** Comments, texts and regular expressions as spaces; line ends and quotation marks stay. */
function blanked(text: string): string {
  const out = [...text.split('')];
  const blank = (from: number, to: number) => {
    for (let at = from; at < to; at++) if (out[at] !== '\n') out[at] = ' ';
  };
  for (let at = 0; at < text.length; ) {
    const two = text.slice(at, at + 2);
    const one = text[at] as string;
    if (two === '//' || two === '/*') {
      const found = text.indexOf(two === '//' ? '\n' : '*/', at + 2);
      const end = found < 0 ? text.length : found + (two === '//' ? 0 : 2);
      blank(at, end);
      at = end;
    } else if (one === '"' || one === "'" || one === '`') {
      const end = endOfText(text, at);
      blank(at + 1, end);
      at = end + 1;
    } else if (
      one === '/' &&
      /(?:^|[(,=:[!&|?{};\n]|\breturn)\s*$/.test(text.slice(Math.max(0, at - 16), at))
    ) {
      const end = endOfPattern(text, at);
      blank(at, end);
      at = end;
    } else at++;
  }
  return out.join('');
}

/** The closing quotation mark. Texts stand in holes of texts, and those in others: a file decides how deep, so no recursion. */
function endOfText(text: string, open: number): number {
  // A text by its quotation mark, a hole by how many brackets are open in it.
  const within: (string | number)[] = [text[open] as string];
  for (let at = open + 1; at < text.length; at++) {
    const inner = within.at(-1) as string | number;
    const character = text[at] as string;
    if (typeof inner === 'number') {
      if (character === '"' || character === "'" || character === '`') within.push(character);
      else if (character === '{') within.push((within.pop() as number) + 1);
      else if (character === '}' && (within.pop() as number) > 1) within.push(inner - 1);
    } else if (character === '\\') at++;
    // Of a text that does not end on its line something else is wrong.
    else if (character === inner || (character === '\n' && inner !== '`')) {
      within.pop();
      if (within.length === 0) return at;
    } else if (inner === '`' && text.startsWith('${', at)) {
      within.push(1);
      at++;
    }
  }
  return text.length;
}

/** A line that is longer, as in a file that was made small, is not looked through from each of its slashes. */
const LONGEST_PATTERN = 400;

function endOfPattern(text: string, open: number): number {
  let inClass = false;
  const end = Math.min(text.length, open + LONGEST_PATTERN);
  for (let at = open + 1; at < end; at++) {
    const character = text[at] as string;
    if (character === '\n') return open + 1;
    if (character === '\\') at++;
    else if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    else if (character === '/' && !inClass) return at + 1;
  }
  return open + 1;
}
