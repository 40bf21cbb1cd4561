// The words and passwords that people make secrets of, and what is published: read when the first secret is judged.
import { readLists } from '#lists';

export interface Vocabulary {
  /** By rank, the commonest first: how much a word costs to guess goes by its place. */
  readonly words: readonly string[];
  readonly passwords: readonly string[];
  /** Hashes, see `publishedHash`. */
  readonly published: ReadonlySet<string>;
}

let known: Vocabulary | undefined;

/** Empty where the package is not whole, which the resolver warns of. */
export function vocabulary(): Vocabulary {
  known ??= read();
  return known;
}

function read(): Vocabulary {
  const split = (lines: readonly string[]) => lines.flatMap((line) => line.split(' '));
  try {
    const { words, passwords, published } = readLists();
    const hashes = new Set(Object.values(published).flatMap(split));
    return { words: split(words), passwords: split(passwords), published: hashes };
  } catch {
    return { words: [], passwords: [], published: new Set() };
  }
}
