// keyturn rollback: lets the former key sign again.
import type { Command } from '../command.js';
import { takeStep, turnedRetiring } from '../step.js';
import { STEP_OPTIONS } from '../step-options.js';

export const rollback: Command = {
  usage: '',
  about: [
    'Lets the key that signed before the present one sign again. The newer key turns retiring',
    'and goes on verifying, so that whoever signed in meanwhile stays signed in. Refused when',
    'the former key is retired or revoked: its secret is gone then. A second rollback changes',
    'nothing: keyturn promote KID goes forward again, or further back.',
  ],
  options: [...STEP_OPTIONS],
  words: [],
  run: async (context) =>
    await takeStep(
      context,
      'rollback',
      (rotation, options) => rotation.rollback(options),
      (outcome) => ({
        says: (status) => [`rolled back to ${outcome.kid}: it signs again${turnedRetiring(outcome, status)}`],
      }),
    ),
};
