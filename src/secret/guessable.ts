// Why a secret that is long enough can be guessed all the same. Asked at each start, so it takes a few milliseconds.
import { hash } from 'node:crypto';
import { DEMO_VALUES } from './demo-values.js';
import { decoded, textOf } from './encodings.js';
import { byteGuessBits, guessBits } from './guess-cost.js';
import { whyPlaceholder } from './placeholders.js';
import { isPublished } from './published.js';
import { isSentence } from './sentence.js';
import { hasVocabulary, vocabulary } from './vocabulary.js';

/**
 * Texts of 32 bytes and more that cost less to guess are a person's. Between the two lie those that were published by
 * people (nearly all below) and those that were drawn (all above: `npm run measure:strength`, none of a million each).
 */
const WRITTEN_BITS = 176;
/** What is decoded from an encoding may be shorter: 16 random bytes as hex digits, say. */
const DECODED_BITS = 128;
/** An encoding of an encoding of an encoding is looked into. */
const DEPTH = 3;
/** Longer ones are decoded no further than this. */
const LOOKED_AT = 1024;

/** @returns the reason, in words that follow "since" and hold no part of the secret; undefined where there is none */
export function whyGuessable(secret: string): string | undefined {
  if (isPublished(secret)) return 'it is published, where attackers look first';
  return (
    whyPlaceholder(secret) ??
    (isPhrase(secret, WRITTEN_BITS) ? 'it is made of words or patterns that can be guessed' : undefined) ??
    whyTrivial(secret.slice(0, LOOKED_AT), DEPTH)
  );
}

function isPhrase(text: string, bits: number): boolean {
  return guessBits(text) < bits || isSentence(text);
}

function whyTrivial(text: string, depth: number): string | undefined {
  const bytes = decoded(text);
  if (bytes === undefined) return undefined;
  if (isTrivialDigest(bytes)) return 'it is a digest of a common password';
  const inner = textOf(bytes);
  const isTrivial =
    byteGuessBits(bytes) < DECODED_BITS ||
    isPublishedBytes(bytes) ||
    (inner !== undefined &&
      (isPublished(inner) || whyPlaceholder(inner) !== undefined || isPhrase(inner, DECODED_BITS)));
  if (isTrivial) return 'it is an encoding of something that can be guessed';
  return inner !== undefined && depth > 1 ? whyTrivial(inner, depth - 1) : undefined;
}

/** Whether they are published in another encoding. */
function isPublishedBytes(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes);
  return isPublished(buffer.toString('hex')) || isPublished(buffer.toString('base64url'));
}

/** By length in bytes. */
const DIGESTS: Readonly<Record<number, string>> = {
  16: 'md5',
  20: 'sha1',
  32: 'sha256',
  48: 'sha384',
  64: 'sha512',
};

function isTrivialDigest(bytes: Uint8Array): boolean {
  const algorithm = DIGESTS[bytes.length];
  return algorithm !== undefined && trivialDigests(algorithm).has(Buffer.from(bytes).toString('hex'));
}

const digests = new Map<string, ReadonlySet<string>>();

/** What people hash to make a secret that looks like one; made when the first is judged that could be such a digest. */
function trivialDigests(algorithm: string): ReadonlySet<string> {
  let found = digests.get(algorithm);
  if (found === undefined) {
    const { words, passwords } = vocabulary();
    const short = ['', ...Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at))];
    const numbers = Array.from({ length: 100 }, (_, at) => `${at}`);
    const common = [...DEMO_VALUES, ...passwords.slice(0, 200)];
    const texts = [
      ...short,
      ...numbers,
      ...common,
      // `echo password | sha256sum` hashes a line end too.
      ...common.map((text) => `${text}\n`),
      ...passwords.slice(200),
      ...words.slice(0, 300),
    ];
    found = new Set(texts.map((text) => hash(algorithm, text)));
    if (hasVocabulary()) digests.set(algorithm, found);
  }
  return found;
}
