// keyturn promote: lets a staged or retiring key sign.
import type { Command } from '../command.js';
import { takeStep, turnedRetiring } from '../step.js';
import { REPLICAS, STEP_OPTIONS } from '../step-options.js';

export const promote: Command = {
  usage: '[KID] [--replicas N]',
  about: [
    'Lets the staged key sign, or the staged or retiring one that KID names; the key that signed',
    'until now turns retiring and goes on verifying. Refused until every replica can verify with',
    'the new one: until max_lag has passed since it was staged, and clock_skew as well where another',
    'machine may have staged it, as always with --ring -; or, with --replicas N, until N replicas',
    'report that they know it. The refusal says when it is safe.',
  ],
  options: [REPLICAS, ...STEP_OPTIONS],
  words: ['[KID]'],
  run: async (context) =>
    await takeStep(
      context,
      'promote',
      (rotation, options) => rotation.promote(context.words[0], options),
      (outcome) => ({
        says: (status) => [`promoted ${outcome.kid}: it signs now${turnedRetiring(outcome, status)}`],
      }),
    ),
};
