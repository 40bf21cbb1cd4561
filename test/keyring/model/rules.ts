// What the model explores: the real transitions, and the rule of re-signing. faults.ts plants mistakes in them.
import type { KeyState } from '../../../src/keyring/key.js';
import * as transitions from '../../../src/keyring/transitions.js';

type Transitions = Pick<typeof transitions, 'stage' | 'promote' | 'rollback' | 'retire' | 'revoke'>;

export interface Rules extends Transitions {
  /** Whether a response re-signs a verified token, by the state of its key in the ring that the replica holds. */
  resigns(state: KeyState): boolean;
  /** When a re-signed token expires, in ticks from now. */
  resignedExpiry(expiry: number): number;
}

/** As src/ has it; re-signing as the sessions do it: what is stale, with its own dates. */
export const RULES: Rules = {
  stage: transitions.stage,
  promote: transitions.promote,
  rollback: transitions.rollback,
  retire: transitions.retire,
  revoke: transitions.revoke,
  resigns: (state) => state === 'retiring',
  resignedExpiry: (expiry) => expiry,
};
