// Which mutants are tried: a sample, drawn by a seed from all that Stryker can make of the rooms below.
import { createHash } from 'node:crypto';

/** Where a mistake would cost most: keys, tokens, sessions, CSRF, and names of files. */
export const ROOMS = [
  /^src\/(signing|keyring|sessions)\/.*\.ts$/,
  /^src\/http\/.*csrf.*\.ts$/,
  /^src\/blobs\/names\.ts$/,
];

export const SEED = 20_261_126;
export const SIZE = 200;

/** A mutant's name: the same in every run over the same sources. */
export function keyOf({ fileName, mutatorName, replacement, location: { start, end } }) {
  const file = fileName.replaceAll('\\', '/').replace(/^.*?(?=src\/)/, '');
  const place = [start.line, start.column, end.line, end.column].join(':');
  return `${file}:${place} ${mutatorName} ${replacement}`;
}

/** The names of all mutants, in the order in which they are drawn. */
export function draw(mutants, seed) {
  const rankOf = (key) => createHash('sha256').update(`${seed} ${key}`).digest('hex');
  return mutants
    .map(keyOf)
    .map((key) => ({ key, rank: rankOf(key) }))
    .sort((one, other) => (one.rank < other.rank ? -1 : 1))
    .map(({ key }) => key);
}
