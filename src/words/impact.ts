// What a step does to each purpose, in words.
import type { Effect, Impact, Step } from '../rotation/impact.js';
import { lengthOfTime } from './time.js';

/** The head of a table of purposes. */
export const IMPACT_HEAD: readonly string[] = [
  'purpose',
  'what is signed',
  'where its state lives',
  'lives',
  'what happens',
  'the user sees',
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
