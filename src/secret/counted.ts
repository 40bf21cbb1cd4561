// How many bytes of a secret count, once everything that adds no strength is taken away: published demo values,
// repetition, and what hex digits take more than the bytes that they stand for.
import type { KeyturnError } from '../errors.js';
import { DEMO_VALUES } from './demo-values.js';
import { hexDigitsOf } from './encodings.js';

/** So many bytes must count: the output length of SHA-256 (RFC 2104, section 3, advises no less for an HMAC key). */
const MINIMUM_BYTES = 32;

/** The verdict on one secret. `bytes` is what counted, `why` it is too little, in words without any part of the secret. */
export interface Strength {
  readonly enough: boolean;
  readonly bytes: number;
  readonly why: string;
}

/** What secrets are judged by. */
export interface Judge {
  readonly judge: (secret: string) => Strength;
  /** What it should judge by and does not have; undefined where all is there. */
  readonly lacking: () => KeyturnError | undefined;
}

/** By what counts alone, as at the edge: whether a long one can be guessed is judged where the secret is made. */
export const BY_LENGTH: Judge = { judge: (secret) => counted(secret).strength, lacking: () => undefined };

/** What is said of one that is not enough. */
export function weakness({ bytes, why }: Omit<Strength, 'enough'>): string {
  return `${bytes} of ${MINIMUM_BYTES} bytes count, since ${why}`;
}

/**
 * Published demo values are taken out first (after folding case and separators, overlapping ones whole, so that no order
 * of taking them out leaves crumbs that add up); of the rest only the shortest repeating unit counts; hex digits count by
 * the bytes they decode to.
 *
 * @returns `unit`: what was counted
 */
export function counted(secret: string): { readonly strength: Strength; readonly unit: string } {
  const rest = withoutDemoValues(secret);
  const unit = repeatingUnit(rest);
  const digits = hexDigitsOf(unit);
  const bytes = digits === undefined ? byteLength(unit) : digits.length >> 1;
  const reasons = [
    // How many, and not which ones: that would show a part of the secret.
    rest !== secret &&
      `${byteLength(secret) - byteLength(rest)} bytes of it are published demo values and separators`,
    unit !== rest && 'it repeats itself',
    digits !== undefined && 'two hex digits make one byte',
  ];
  const why = reasons.filter(Boolean).join(', and ') || 'it is too short';
  return { strength: { enough: bytes >= MINIMUM_BYTES, bytes, why }, unit };
}

/** Shorter words come about by chance: one secret in eleven thousand of 24 random bytes as base64 has "test" in it. */
const LONG = 6;
const LONG_VALUES = DEMO_VALUES.filter((word) => word.length >= LONG);
const SHORT_VALUES = DEMO_VALUES.filter((word) => word.length < LONG);
const SET_OFF = new RegExp(`(?<![a-z0-9])(?:${SHORT_VALUES.join('|')})(?![a-z0-9])`, 'gi');

function withoutDemoValues(secret: string): string {
  const folded = fold(secret);
  let rest = withoutWords(folded, DEMO_VALUES);
  if (isOfAllKinds(secret)) {
    const withChance = withoutWords(fold(secret.replace(SET_OFF, '')), LONG_VALUES);
    // One of them, not two.
    if (withChance.length - rest.length < LONG) rest = withChance;
  }
  return rest === folded ? secret : rest;
}

function withoutWords(text: string, words: readonly string[]): string {
  let rest = text;
  // Until nothing changes: taking one out may join the halves of another.
  for (let before = ''; before !== rest; ) {
    before = rest;
    rest = withoutOccurrences(rest, words);
  }
  return rest;
}

function fold(text: string): string {
  return text.toLowerCase().replace(/[\s\-_.,:;/\\|+]/g, '');
}

/** As base64 is: a short word in it says something only where it stands by itself. */
function isOfAllKinds(text: string): boolean {
  return /[a-z]/.test(text) && /[A-Z]/.test(text) && /[0-9]/.test(text);
}

/** The text without every character that belongs to an occurrence of one of the words. */
function withoutOccurrences(text: string, words: readonly string[]): string {
  const covered = new Uint8Array(text.length);
  for (const word of words) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      covered.fill(1, at, at + word.length);
    }
  }
  // By code units, as they were found.
  return text
    .split('')
    .filter((_, at) => covered[at] === 0)
    .join('');
}

/**
 * The shortest unit whose repetition (the last one may be cut short) makes up the text. A unit counts as
 * repeated only from two whole turns on: by mere chance one random secret in sixteen ends as it begins.
 */
function repeatingUnit(text: string): string {
  // Knuth, Morris and Pratt: border[i] is the longest proper prefix of text[0..i] that is also its suffix.
  const border = new Array<number>(text.length).fill(0);
  for (let i = 1, length = 0; i < text.length; i++) {
    while (length > 0 && text[i] !== text[length]) length = border[length - 1] as number;
    if (text[i] === text[length]) length++;
    border[i] = length;
  }
  const period = text.length - (border.at(-1) ?? 0);
  return period * 2 <= text.length ? text.slice(0, period) : text;
}

const byteLength = (text: string): number => Buffer.byteLength(text);
