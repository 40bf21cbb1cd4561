// keyturn retire: removes the secret of a key whose tokens have all expired.

import type { Status } from '../../rotation/status.js';
import type { Outcome } from '../../rotation/step.js';
import { stepOf } from '../../words/next-step.js';
import { iso } from '../../words/time.js';
import type { Command } from '../command.js';
import { isSealedUnder, takeStep } from '../step.js';
import { STEP_OPTIONS } from '../step-options.js';

export const retire: Command = {
  usage: '[KID]',
  about: [
    'Removes the secret of every retiring key whose tokens have all expired, or of the one that',
    'KID names; its id stays in the history. Run it after a rotation to clean up. A key that may',
    'still have a living token stays, and the output says when it is safe to retire. If that is so',
    'for all of them, the command is refused. A staged key that KID names has signed nothing, and is',
    'retired at once.',
  ],
  options: [...STEP_OPTIONS],
  words: ['[KID]'],
  run: async (context) => {
    const [kid] = context.words;
    return await takeStep(
      context,
      'retire',
      (rotation, options) => rotation.retire(kid, options),
      (outcome, rotation) => {
        const retired = retiredBy(outcome);
        const sealing = retired.filter((id) => isSealedUnder(rotation, id));
        const kept = ({ keys }: Status) =>
          keys.filter(({ state }) => kid === undefined && state === 'retiring');
        return {
          says: (status) => [
            `retired ${retired.join(', ')}: ${retired.length === 1 ? 'its secret is gone, its id stays' : 'their secrets are gone, their ids stay'} in the history`,
            // Its deletion from the keyring is not one from the variable.
            ...sealing.map(
              (id) => `the secret of ${id} still seals the keyring: leave it where it is configured`,
            ),
            ...kept(status).map((key) => `kept ${key.id}: ${stepOf(key, status)}`),
          ],
          json: (status) => ({
            retired,
            kept: kept(status).map((key) => ({
              kid: key.id,
              why: stepOf(key, status),
              safeAt: iso(key.safeAt),
            })),
          }),
        };
      },
    );
  },
};

function retiredBy({ former, ring }: Outcome): string[] {
  const isRetired = (id: string) => ring.get(id)?.state === 'retired';
  return former.keys.filter(({ id, live }) => live && isRetired(id)).map(({ id }) => id);
}
