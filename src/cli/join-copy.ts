// keyturn import of a keyring document: one keyring of two copies of it.

import type { Context } from './command.js';
import { attempt, conclude, openRing } from './step.js';
import { count } from './ui.js';
import { whoOf } from './who.js';

/** @param name what an operator calls the document @param text what is in it */
export async function joinCopy(context: Context, name: string, text: string): Promise<0> {
  const rotation = await openRing(context);
  const outcome = await attempt(context, () => rotation.join(text, { who: whoOf(context) }));
  const { ring, former } = outcome;
  return await conclude(context, rotation, {
    step: 'import',
    outcome,
    says: () => [
      ring.generation === former.generation
        ? `${name} holds nothing that the keyring in force does not`
        : `joined ${name} with the keyring in force: generation ${ring.generation}, ${count(ring.live.length, 'live key')}`,
    ],
  });
}
