// The lists that a secret is judged by, as `#lists` of package.json: read from their file here, while bundlers take the
// file along as a module (data/bundled.js). An import alone reads nothing.
import { readFileSync } from 'node:fs';

export interface Lists {
  /** Where published secrets stand, and how many were collected there. */
  readonly places: readonly string[];
  /** Their hashes, many a line: see hash-list.ts. */
  readonly published: readonly string[];
  /** Words of which people make up secrets, in lower case, the commonest first, many a line. */
  readonly words: readonly string[];
  /** Passwords that every list begins with, words apart, many a line. */
  readonly passwords: readonly string[];
  /** The lists are left out on purpose: what they tell is judged elsewhere. */
  readonly leftOut?: true;
}

/** @throws the file system's own error where the file is not there */
export function readLists(): Lists {
  // Beside `src` and `dist`: JSON behind `export default`.
  const text = readFileSync(new URL('../../data/lists.js', import.meta.url), 'utf8');
  return JSON.parse(text.slice(text.indexOf('{')));
}
