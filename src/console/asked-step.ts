// Which step the page on impact is about: the one that was asked for, or the one that comes next.
import { isKid } from '../formats.js';
import type { Step } from '../rotation/impact.js';
import type { Status } from '../rotation/status.js';
import type { StepName } from '../words/steps.js';

/** A rotation as a whole, or a step with a key. */
export interface AskedStep {
  readonly step: Exclude<StepName, 'stage'> | 'rotate';
  readonly kid?: string | undefined;
}

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

/** The step whose impact tells what it does: where another key signs, the former one verifies, as in a rotation. */
export function toldBy({ step, kid }: { readonly step: string; readonly kid?: string | undefined }): Step {
  return kid !== undefined && (step === 'retire' || step === 'revoke') ? { step, kid } : { step: 'rotate' };
}

/** What would happen if the secret of a key that retires went this moment. */
export function ifItWentNow({ step, kid }: AskedStep, { keys }: Status): Step | undefined {
  const isOld = keys.some(({ id, state }) => id === kid && state === 'retiring');
  return step === 'retire' && kid !== undefined && isOld ? { step: 'revoke', kid } : undefined;
}
