// The words and passwords that people make secrets of, and what is published: read when the first secret is judged.
import { readLists } from '#lists';
import { KeyturnError } from '../errors.js';
import { readHashes } from './hash-list.js';

interface Vocabulary {
  /** By rank, the commonest first: how much a word costs to guess goes by its place. */
  readonly words: readonly string[];
  readonly passwords: readonly string[];
  /** Hashes, see `publishedHash`. */
  readonly published: ReadonlySet<number>;
}

const NONE: Vocabulary = { words: [], passwords: [], published: new Set() };
let known: Vocabulary | undefined;

/** Empty where {@link vocabularyMissing} says so. Only what was read is kept: a file that is back is read again. */
export function vocabulary(): Vocabulary {
  known ??= read();
  return known ?? NONE;
}

/** Whether the lists are there: without them much that can be guessed passes for strong. */
export function hasVocabulary(): boolean {
  return vocabulary() !== NONE;
}

/** What to say where they are not. It stops production, and whatever else lets a secret in for good. */
export function vocabularyMissing(): KeyturnError {
  return new KeyturnError(
    'package_incomplete',
    'data/lists.js cannot be read: neither published secrets nor guessable text can be recognised',
    'install keyturn whole, readable for this user; a bundler must go by the condition "module", or keep keyturn out of the bundle',
  );
}

function read(): Vocabulary | undefined {
  const split = (lines: readonly string[]) => lines.flatMap((line) => line.split(' '));
  try {
    const lists = readLists();
    const words = split(lists.words);
    const passwords = split(lists.passwords);
    const published = readHashes(lists.published);
    const whole = words.length > 0 && passwords.length > 0 && published.size > 0;
    return whole || lists.leftOut === true ? { words, passwords, published } : undefined;
  } catch {
    return undefined;
  }
}
