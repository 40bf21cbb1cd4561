// keyturn retire: removes the secret of a key whose tokens have all expired.
import type { Command } from '../command.js';
import { attempt, conclude, openRing, STEP_OPTIONS, stepOptions } from '../step.js';

export const retire: Command = {
  usage: '[KID]',
  about: [
    'Removes the secret of the retiring key whose tokens have all expired; its id stays in the',
    'history. Without KID it is the one retiring key: run it after a rotation to clean up.',
    'Refused while any token of the key can be alive, and the refusal says when it is safe. A',
    'staged key that KID names has signed nothing and goes at once.',
  ],
  options: [...STEP_OPTIONS],
  words: ['[KID]'],
  run: async (context) => {
    const options = stepOptions(context);
    const rotation = await openRing(context);
    const outcome = await attempt(context, () => rotation.retire(context.words[0], options));
    return await conclude(context, rotation, {
      step: 'retire',
      outcome,
      says: () => [`retired ${outcome.kid}: its secret is gone, its id stays in the history`],
    });
  },
};
