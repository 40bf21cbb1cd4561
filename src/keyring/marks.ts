// Marks: what tells whether one ring comes after another by steps, or only looks like it. A generation is a number that
// anybody can count up, on any copy; a mark says which ring it was that had it.
import { createHash } from 'node:crypto';
import type { Key } from './key.js';

const MARK_BYTES = 12;
/** A replica that sleeps through more of them starts anew. */
const KEPT_GENERATIONS = 1000;

/** One published generation of a ring. */
export interface Generation {
  readonly generation: number;
  /** 16 base64url characters. */
  readonly mark: string;
}

/**
 * The mark of a ring as it is published: of what decides who verifies and who signs, and of nothing else. Dates, words
 * of the history, lifetimes and seals may be put right, or written anew, and it is the same ring.
 */
export function markOf(id: string, generation: number, keys: readonly Key[]): string {
  const states = keys
    .map((key) => [key.id, key.state, key.scheduledFor ?? null] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([id, generation, states]))
    .digest()
    .subarray(0, MARK_BYTES)
    .toString('base64url');
}

/** As the document writes it: `12:Xk3dZ0rQ9aTn1bVu`. */
export function formatMark({ generation, mark }: Generation): string {
  return `${generation}:${mark}`;
}

/** Undefined for what is not a mark. */
export function parseMark(text: string): Generation | undefined {
  const [, number, mark] = /^(\d{1,15}):([\w-]{16})$/.exec(text) ?? [];
  return mark === undefined ? undefined : { generation: Number(number), mark };
}

/** Of several lines each once, in order; those that are too old for a generation left out. */
export function gatherMarks(marks: Iterable<Generation>, generation: number): readonly Generation[] {
  const kept = new Map<string, Generation>();
  for (const mark of marks)
    if (generation - mark.generation <= KEPT_GENERATIONS) kept.set(formatMark(mark), mark);
  return [...kept.values()].sort((one, other) => one.generation - other.generation);
}
