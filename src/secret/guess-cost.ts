// What it costs to guess a text that people make up: the length in bits of the shortest description of it, in a code
// in which words, runs, sequences, keyboard rows and what came before are short. No random text has a description much
// shorter than its entropy (Kraft's inequality), so that none is taken for a phrase.
import { letterBits } from './letter-model.js';
import { vocabulary } from './vocabulary.js';

/** Further characters are not looked at, which can only make a text cheaper: time stays linear. */
const LOOKED_AT = 256;

type Offer = (length: number, bits: number) => void;

/** The cheapest way through a text, from its end to its start, of steps that are offered at each place. */
function cheapest(length: number, offersAt: (at: number, offer: Offer) => void): number {
  const rest = new Float64Array(length + 1);
  let best = 0;
  let from = 0;
  const offer: Offer = (step, bits) => {
    best = Math.min(best, bits + (rest[from + step] as number));
  };
  for (from = length - 1; from >= 0; from--) {
    best = Number.POSITIVE_INFINITY;
    offersAt(from, offer);
    rest[from] = best;
  }
  return rest[0] as number;
}

/** A length is told in twice its logarithm (Elias' gamma code). */
function lengthBits(length: number): number {
  return 2 * Math.log2(length);
}

/** How much of a text repeats what came before. To be asked from the last place to the first. */
class Copies<T> {
  readonly #symbols: readonly T[];
  #longer: Uint16Array;

  constructor(symbols: readonly T[]) {
    this.#symbols = symbols;
    this.#longer = new Uint16Array(symbols.length + 1);
  }

  /** The longest text from here on that also begins at an earlier place. */
  longestAt(at: number): number {
    const common = new Uint16Array(this.#longer.length);
    let longest = 0;
    for (let earlier = 0; earlier < at; earlier++) {
      if (this.#symbols[earlier] !== this.#symbols[at]) continue;
      const length = (this.#longer[earlier + 1] as number) + 1;
      common[earlier] = length;
      longest = Math.max(longest, length);
    }
    this.#longer = common;
    return longest;
  }
}

/** How many symbols from here on are as the last one says: one more of the same, or the next of a sequence. */
function runLength(codes: readonly number[], at: number, step: number): number {
  let length = 0;
  while (
    at + length < codes.length &&
    codes[at + length] === ((codes[at + length - 1] as number) + step) % 256
  )
    length++;
  return length;
}

/** Guessing bytes: single ones, runs, arithmetic sequences, copies. */
export function byteGuessBits(bytes: Uint8Array): number {
  const codes = [...bytes.subarray(0, LOOKED_AT)];
  const copies = new Copies(codes);
  return cheapest(codes.length, (at, offer) => {
    offer(1, 8.5);
    const copied = copies.longestAt(at);
    if (copied >= 2) offer(copied, 4.5 + Math.log2(at) + lengthBits(copied));
    const step = at < 2 ? 0 : ((codes[at - 1] as number) - (codes[at - 2] as number) + 256) % 256;
    const run = at === 0 ? 0 : runLength(codes, at, step);
    if (run >= 2) offer(run, 6 + lengthBits(run));
  });
}

/** Guessing a text: as people write, or as digits of a small alphabet. */
export function guessBits(text: string): number {
  return Math.min(writtenBits(text), fewSymbolsBits(text));
}

/** The alphabet of a text is told, then each of its symbols. */
function fewSymbolsBits(text: string): number {
  const symbols = new Set(text).size;
  return symbols * Math.log2(95) + text.length * Math.log2(Math.max(symbols, 1));
}

const LETTER = 0;
const DIGIT = 1;
const SEPARATOR = 2;
const OTHER = 3;
type Kind = 0 | 1 | 2 | 3;

/** How often each kind of character follows each; the last row: at the start. */
const FOLLOWS = [
  [0.86, 0.05, 0.07, 0.02],
  [0.25, 0.6, 0.1, 0.05],
  [0.8, 0.1, 0.07, 0.03],
  [0.5, 0.15, 0.1, 0.25],
  [0.75, 0.12, 0.05, 0.08],
].map((row) => row.map((share) => -Math.log2(share)));
const START = 4;

function kindOf(character: string): Kind {
  if ((character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z')) return LETTER;
  if (character >= '0' && character <= '9') return DIGIT;
  return SEPARATORS.has(character) ? SEPARATOR : OTHER;
}

const SEPARATORS: ReadonlySet<string> = new Set(' \t\u00a0-_.,:;/+|');

/** A text as the model sees it, place by place. */
interface Written {
  readonly raw: readonly string[];
  readonly lower: readonly string[];
  readonly kinds: readonly Kind[];
  /** a = 1 … z = 26, anything else 0. */
  readonly letters: readonly number[];
  /** The separator that it begins with: people keep to one. */
  readonly separator: string | undefined;
}

function written(text: string): Written {
  const start = text.slice(0, LOOKED_AT);
  // Capitals throughout are one choice, not one for each letter.
  const raw = [...(start === start.toUpperCase() ? start.toLowerCase() : start)];
  const lower = raw.map((character) => character.toLowerCase());
  const kinds = raw.map(kindOf);
  return {
    raw,
    lower,
    kinds,
    letters: lower.map((character, at) => (kinds[at] === LETTER ? character.charCodeAt(0) - 96 : 0)),
    separator: raw.find((_, at) => kinds[at] === SEPARATOR),
  };
}

function writtenBits(text: string): number {
  const seen = written(text);
  const codes = seen.raw.map((character) => character.charCodeAt(0));
  const copies = new Copies(seen.lower);
  return cheapest(seen.raw.length, (at, offer) => {
    offer(1, 1.3 + characterBits(seen, at));
    offerWords(seen, at, offer);
    offerKeyboard(seen, at, offer);
    const copied = copies.longestAt(at);
    if (copied >= 3) offer(copied, 4.5 + Math.log2(at) + lengthBits(copied));
    const run = at === 0 ? 0 : runLength(codes, at, 0);
    if (run >= 2) offer(run, 5 + lengthBits(run));
    offerSeries(codes, at, offer);
  });
}

/** As in a1b2c3d4: each character is the next one after that of a few places before. */
function offerSeries(codes: readonly number[], at: number, offer: Offer): void {
  for (let period = 1; period <= Math.min(at, 4); period++) {
    for (const step of [1, -1]) {
      let length = 0;
      while (codes[at + length] === (codes[at + length - period] as number) + step) length++;
      if (length >= 3) offer(length, 8 + lengthBits(length));
    }
  }
}

function characterBits(seen: Written, at: number): number {
  const kind = seen.kinds[at] as Kind;
  const before = at === 0 ? START : (seen.kinds[at - 1] as Kind);
  const follows = FOLLOWS[before]?.[kind] as number;
  switch (kind) {
    case LETTER:
      return (
        follows +
        letterBits(seen.letters[at - 1] ?? 0, seen.letters[at] as number) +
        capitalBits(seen, at, before)
      );
    case DIGIT:
      return follows + Math.log2(10);
    case SEPARATOR:
      return follows + (seen.raw[at] === seen.separator ? 0.5 : 3.4);
    default:
      return follows + ((seen.raw[at] as string) > '\u007f' ? 13 : 5);
  }
}

/** Within a word the case seldom changes. */
function capitalBits({ raw, lower }: Written, at: number, before: number): number {
  const capital = raw[at] !== lower[at];
  if (before !== LETTER) return capital ? 1.7 : 0.5;
  return capital === (raw[at - 1] !== lower[at - 1]) ? 0.15 : 3.3;
}

interface WordCosts {
  readonly words: readonly string[];
  readonly bits: ReadonlyMap<string, number>;
  readonly longest: number;
}

let costs: WordCosts | undefined;

/** By Zipf's law: the word of rank n is n times rarer than the first. Made when the first secret is judged. */
function wordCosts(): WordCosts {
  const { words } = vocabulary();
  // Where the words could not be read, and now are, they count.
  if (costs === undefined || costs.words !== words) {
    const share = words.map((_, rank) => 1 / (rank + 4));
    const sum = share.reduce((total, one) => total + one, 0);
    const bits = new Map(words.map((word, rank) => [word, -Math.log2((share[rank] as number) / sum)]));
    costs = { words, bits, longest: Math.max(0, ...words.map((word) => word.length)) };
  }
  return costs;
}

/** What stands for a letter in p4$$w0rd. */
const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
};

function offerWords({ raw, lower, kinds, separator }: Written, at: number, offer: Offer): void {
  const { bits: bitsOf, longest } = wordCosts();
  let word = '';
  let capitals = 0;
  let leet = 0;
  for (let end = at; end < raw.length && word.length < longest; end++) {
    const character = lower[end] as string;
    const letter = kinds[end] === LETTER ? character : LEET[character];
    if (letter === undefined) return;
    word += letter;
    if (letter !== character) leet++;
    if (raw[end] !== character) capitals++;
    const bits = bitsOf.get(word);
    if (bits === undefined) continue;
    const onlyFirst = capitals === 1 && raw[at] !== lower[at];
    const all = capitals === word.length - leet;
    const caseBits = capitals === 0 ? 0.3 : onlyFirst ? 2.3 : all ? 2.6 : 3 + 2 * capitals;
    const leetBits = leet === 0 ? 0.15 : 1.5 + 1.2 * leet;
    const total = 1 + bits + caseBits + leetBits;
    offer(word.length, total);
    if (separator !== undefined && raw[end + 1] === separator) offer(word.length + 1, total + 0.6);
  }
}

/** Rows, columns and alphabets, along which fingers go; each backwards too. */
const ROWS: readonly string[] = [
  '1234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
  '!@#$%^&*()',
  'abcdefghijklmnopqrstuvwxyz',
  '0123456789abcdef',
].flatMap((row) => [row, [...row].reverse().join('')]);
const ROW_BITS: number = Math.log2(ROWS.join('').length);

/** Every three in a row: most places need no further look. */
const IN_A_ROW: ReadonlySet<string> = new Set(
  ROWS.flatMap((row) => Array.from({ length: row.length - 2 }, (_, at) => row.slice(at, at + 3))),
);

function offerKeyboard({ lower }: Written, at: number, offer: Offer): void {
  if (!IN_A_ROW.has(`${lower[at]}${lower[at + 1]}${lower[at + 2]}`)) return;
  for (const row of ROWS) {
    const start = row.indexOf(lower[at] as string);
    if (start < 0) continue;
    let length = 1;
    while (start + length < row.length && row[start + length] === lower[at + length]) length++;
    if (length >= 3) offer(length, 5 + ROW_BITS + lengthBits(length));
  }
}
