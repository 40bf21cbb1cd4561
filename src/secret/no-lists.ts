// At the edge, in place of src/secret/lists.ts: there a worker may have so many bytes, and the lists are most of this
// package. Length, repetition and demo values are judged all the same; `keyturn doctor` judges the rest where a secret is set.
import type { Lists } from './lists.js';

export function readLists(): Lists {
  return { places: [], published: [], words: [], passwords: [], leftOut: true };
}
