// Mistakes that others have made, planted one at a time: the check must find each of them.

import { Keyring } from '../../../src/keyring/keyring.js';
import { applyScheduled } from '../../../src/keyring/scheduled.js';
import type { TransitionFacts } from '../../../src/keyring/step-facts.js';
import { RULES, type Rules } from './rules.js';
import { LIFETIME, moment } from './scale.js';

const A_TICK = moment(1) - moment(0);
/** So that the space stays finite; far beyond every window. */
const FAR = 4 * LIFETIME;

/** With every wait for replicas left out. */
function hasty(facts: TransitionFacts): TransitionFacts {
  return { ...facts, maxLag: 0, replicas: [] };
}

/** The same, as if all clocks agreed. */
function atOnce(facts: TransitionFacts): TransitionFacts {
  return { ...hasty(facts), skew: 0 };
}

/** The order of seed 000: the new key signs at once, and whoever does not know it yet refuses its tokens. */
export const SIGNS_AT_ONCE: Rules = {
  ...RULES,
  stage: (ring, material, facts) =>
    RULES.promote(RULES.stage(ring, material, facts), material.kid, atOnce(facts)),
};

/** Nobody has said that the key is missing, so everybody must have it. */
export const SILENCE_IS_CONSENT: Rules = {
  ...RULES,
  promote: (ring, kid, facts) =>
    RULES.promote(ring, kid, facts.replicas.length === 0 ? atOnce(facts) : facts),
};

/** The date of one machine, and the time of another: whoever is ahead has waited less. */
export const FORGETS_SKEW: Rules = {
  ...RULES,
  promote: (ring, kid, facts) => RULES.promote(ring, kid, { ...facts, skew: 0 }),
};

/** Any clock that shows the time is as good as the one that was noted. */
export const TAKES_ANY_CLOCK: Rules = {
  ...RULES,
  promote: (ring, kid, facts) => RULES.promote(ring, kid, { ...facts, clocks: { machine: facts.now } }),
};

/** A window that begins when the operator promotes, and not when the last replica has stopped signing. */
export const COUNTED_FROM_PROMOTION: Rules = {
  ...RULES,
  retire: (ring, kid, facts) => RULES.retire(ring, kid, hasty(facts)),
};

/** The textbook's rollback: the old secret alone, as before. */
export const ROLLBACK_DROPS_NEWER: Rules = {
  ...RULES,
  rollback: (ring, facts) => {
    const newer = applyScheduled(ring, facts.now).active;
    const rolledBack = RULES.rollback(ring, facts);
    const keys = rolledBack.keys.map((key) => (key.id === newer.id ? key.enter('retired', facts.now) : key));
    return new Keyring(keys, { id: 'ring', generation: rolledBack.generation });
  },
};

export const RETIRES_EARLY: Rules = {
  ...RULES,
  retire: (ring, kid, facts) => RULES.retire(ring, kid, { ...facts, now: facts.now + A_TICK }),
};

/** Whatever the active key has not signed is signed again with it: also what a staged key has signed elsewhere. */
export const RESIGNS_STAGED: Rules = { ...RULES, resigns: (state) => state !== 'active' };

/** A re-signed token lives a lifetime longer than it should have. */
export const RESIGNING_EXTENDS: Rules = {
  ...RULES,
  resignedExpiry: (expiry) => Math.min(expiry + LIFETIME, FAR),
};
