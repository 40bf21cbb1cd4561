// keyturn stage: adds a key that verifies and does not sign yet.

import type { Status } from '../../rotation/status.js';
import { nextWhileHidden, stepOf } from '../../words/next-step.js';
import type { Command, Context } from '../command.js';
import { sameOptions } from '../open.js';
import { attempt, conclude, openForStep } from '../step.js';
import { ACTIVATE_IN, durationOf, STEP_OPTIONS, stepOptions } from '../step-options.js';
import { secretFrom } from '../typed-file.js';

export const stage: Command = {
  usage: '[--activate-in DURATION] [--from FILE]',
  about: [
    'Adds a new key to the keyring. It verifies on every replica and signs on none,',
    'so that it can be promoted later without logging anybody out. Keyturn makes the secret,',
    'unless --from names a file with one line that holds it.',
  ],
  options: [
    ACTIVATE_IN,
    { name: 'from', value: 'FILE', about: 'take the new secret from a file with one line' },
    ...STEP_OPTIONS,
  ],
  words: [],
  run: async (context) => {
    const activateIn = durationOf(context, 'activate-in');
    const options = { ...stepOptions(context), activateIn, secret: await secretFrom(context) };
    const found = await openForStep(context);
    const beneath = await found.hiddenDocument();
    const rotation = beneath?.rotation ?? found;
    const outcome = await attempt(context, () => rotation.stage(options));
    const madeUp = madeUpBy(context, outcome.kid);
    return await conclude(context, rotation, {
      step: 'stage',
      outcome,
      madeUp,
      next: beneath && nextWhileHidden(beneath, sameOptions(context)),
      says: (status) => [staged(outcome.kid, status, madeUp)],
    });
  },
};

/** The id of a key that a dry run has made; the step itself would make another one. */
export function madeUpBy({ has, value }: Context, kid: string): string | undefined {
  return has('dry-run') && value('from') === undefined ? kid : undefined;
}

/** "staged K2: it verifies and does not sign yet; safe to promote at 14:05 UTC (in 1 min)" */
export function staged(kid: string, status: Status, madeUp?: string): string {
  const key = status.keys.find(({ id }) => id === kid);
  // Replicas have had no time to report yet: only the time counts here.
  const step = key === undefined ? '' : stepOf(key, { ...status, replicas: [] });
  return `staged ${kid === madeUp ? 'a fresh key' : kid}: it verifies and does not sign yet; ${step}`;
}
