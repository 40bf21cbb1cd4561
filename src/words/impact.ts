// What a step does to each purpose, in words.
import type { Effect, Impact, Step } from '../rotation/impact.js';
import { lengthOfTime } from './time.js';

/** The head of a table of purposes. */
export const IMPACT_HEAD: readonly string[] = [
  'purpose',
  'what is signed',
  'where it is kept',
  'valid for',
  'what happens',
  'what users notice',
];

const HAPPENS: Readonly<Record<Step['step'], Readonly<Record<Effect, string>>>> = {
  rotate: { continues: 'accepted until it expires', refused: 'refused', none: 'nothing' },
  retire: { continues: 'accepted until it expires', refused: 'refused', none: 'nothing: none is alive then' },
  revoke: {
    continues: 'accepted until it expires',
    refused: 'refused at once',
    none: 'nothing: none is alive',
  },
};

/** Its rows. */
export function impactRows({ step, rows: found }: Impact): string[][] {
  return found.map(({ purpose, about, state, maxAge, effect, sees }) => [
    purpose,
    about,
    state,
    `at most ${lengthOfTime(maxAge)}`,
    HAPPENS[step][effect],
    sees,
  ]);
}

/** The columns that say what happens, and what users notice. */
export const HAPPENS_TO: readonly number[] = [4, 5];

/**
 * Rows put together that are the same in some columns, so that what they share is said once.
 *
 * @param columns their places
 */
export function alikeRows<Cell>(
  rows: readonly (readonly Cell[])[],
  columns: readonly number[],
): readonly (readonly (readonly Cell[])[])[] {
  const groups = new Map<string, (readonly Cell[])[]>();
  for (const row of rows) {
    const shared = JSON.stringify(columns.map((column) => row[column]));
    const group = groups.get(shared) ?? [];
    groups.set(shared, group);
    group.push(row);
  }
  return [...groups.values()];
}
