// Which step the page on impact is about: the one that was asked for, or the one that comes next.
import { isKid } from '../formats.js';
import type { Step } from '../rotation/impact.js';
import type { Status } from '../rotation/status.js';
import type { ConsoleStep } from './contract.js';

export type AskedStep = Pick<ConsoleStep, 'step' | 'kid'>;

const OF_A_KEY: ReadonlyArray<AskedStep['step']> = ['promote', 'rollback', 'retire', 'revoke'];

export function askedStep(query: URLSearchParams, status: Status): AskedStep {
  const asked = query.get('step');
  const kid = query.get('kid');
  const step = OF_A_KEY.find((one) => one === asked);
  if (step !== undefined && isKid(kid)) return { step, kid };
  return asked === 'rotate' ? { step: 'rotate' } : stepToCome(status);
}

/** What a rotation goes on with. */
function stepToCome({ keys }: Status): AskedStep {
  const staged = keys.find(({ state }) => state === 'staged');
  if (staged !== undefined) return { step: 'promote', kid: staged.id };
  const [old] = keys
    .filter(({ state }) => state === 'retiring')
    .sort((one, other) => (one.safeAt ?? 0) - (other.safeAt ?? 0));
  return old === undefined ? { step: 'rotate' } : { step: 'retire', kid: old.id };
}

/** The step whose impact tells what it does: a key that takes over leaves the former one verifying, as a rotation does. */
export function toldBy({ step, kid }: AskedStep): Step {
  return kid !== undefined && (step === 'retire' || step === 'revoke') ? { step, kid } : { step: 'rotate' };
}

/** What would happen if the secret of a key that retires went this moment. */
export function ifItWentNow({ step, kid }: AskedStep, { keys }: Status): Step | undefined {
  const isOld = keys.some(({ id, state }) => id === kid && state === 'retiring');
  return step === 'retire' && kid !== undefined && isOld ? { step: 'revoke', kid } : undefined;
}
