// What `node:assert` lacks.
import assert from 'node:assert/strict';

/** Each property that is expected is there, with that very value; there may be others. */
export function isLike(actual: unknown, expected: Readonly<Record<string, unknown>>): void {
  const named = Object.keys(expected).map((name) => [name, (actual as typeof expected | undefined)?.[name]]);
  assert.deepEqual(Object.fromEntries(named), expected);
}

export function contains(text: string | undefined, part: string): void {
  assert.ok(text?.includes(part), `${text} does not contain ${part}`);
}

export function lacks(text: string, part: string): void {
  assert.ok(!text.includes(part), `${text} contains ${part}`);
}
