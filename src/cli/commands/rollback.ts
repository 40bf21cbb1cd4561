// keyturn rollback: lets the former key sign again.
import type { Command } from '../command.js';
import { conclude, openRing, turnedRetiring, unlessDone } from '../step.js';
import { STEP_OPTIONS, stepOptions } from '../step-options.js';

export const rollback: Command = {
  usage: '',
  about: [
    'Lets the key sign again that signed before the present one. The newer key turns retiring',
    'and goes on verifying, so that whoever signed in meanwhile stays signed in. Refused when',
    'the former key is retired or revoked: its secret is gone then. A second rollback changes',
    'nothing: keyturn promote KID goes forward again, or further back.',
  ],
  options: [...STEP_OPTIONS],
  words: [],
  run: async (context) => {
    const options = stepOptions(context);
    const rotation = await openRing(context);
    const outcome = await unlessDone(context, rotation, { step: 'rollback', kid: undefined }, () =>
      rotation.rollback(options),
    );
    if (outcome === undefined) return 0;
    return await conclude(context, rotation, {
      step: 'rollback',
      outcome,
      says: (_, status) => [
        `rolled back to ${outcome.kid}: it signs again${turnedRetiring(outcome, status)}`,
      ],
    });
  },
};
