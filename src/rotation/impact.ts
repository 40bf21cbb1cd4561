// What a step would do to each purpose, and what it does not touch: computed from the registry and the ring, so
// that it is always true.
import { KeyturnError } from '../errors.js';
import { type Key, type Lifetimes, longer } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { TransitionFacts } from '../keyring/step-facts.js';
import { lastTokenExpiresAt, safeToRetireAt, withoutOff } from '../keyring/waits.js';
import type { Purpose } from '../purposes/purpose.js';
import type { PurposeRegistry } from '../purposes/registry.js';

/** A step that can be asked about. */
export type Step = { readonly step: 'rotate' } | { readonly step: 'retire' | 'revoke'; readonly kid: string };

/**
 * - `continues`: tokens are accepted until they expire
 * - `refused`: tokens signed by the key are refused from then on
 * - `none`: no token of the key can be alive
 */
export type Effect = 'continues' | 'refused' | 'none';

/** What a step does to one purpose. */
export interface ImpactRow {
  /** Its name. */
  readonly purpose: string;
  /** What is signed. */
  readonly about: string;
  /** Where what its tokens stand for is kept. */
  readonly state: string;
  /** The longest that one of its tokens lives, in seconds. */
  readonly maxAge: number;
  /** What happens to its tokens. */
  readonly effect: Effect;
  /** What a user sees. */
  readonly sees: string;
}

/** What a step would do, purpose by purpose. */
export interface Impact {
  /** The step that was asked about. */
  readonly step: Step['step'];
  readonly kid: string | undefined;
  /** One for each purpose. */
  readonly rows: readonly ImpactRow[];
  /** What people fear for and need not. */
  readonly notAffected: readonly string[];
  /** When a retirement that is too early now becomes safe, in milliseconds since 1970. */
  readonly safeAt: number | undefined;
}

const NOT_AFFECTED: readonly string[] = [
  'passwords: they are hashed by the app, without any key of Keyturn',
  'what is stored in databases and files: signing does not change it',
  'sessions and tokens of other libraries, unless a bridge feeds them keys of this ring',
  'TLS certificates, API keys of other services, and encryption at rest',
];

/**
 * What a step does to each purpose: those of the registry, and those that only the ring or a replica knows of.
 *
 * @param ring not needed for `rotate`
 * @throws KeyturnError `key_unknown`, `key_state`
 */
export function impactOf(
  step: Step,
  ring: Keyring | undefined,
  registry: PurposeRegistry,
  facts: TransitionFacts,
): Impact {
  if (step.step === 'rotate') {
    return report(step.step, undefined, purposesOf(registry, facts.lifetimes), () => 'continues', undefined);
  }
  const key = ring?.get(step.kid);
  if (ring === undefined || key === undefined)
    throw new KeyturnError('key_unknown', 'the ring has no key of that id', 'keyturn status lists the keys');
  if (step.step === 'retire' && key.state === 'active') {
    throw new KeyturnError(
      'key_state',
      `the key ${key.id} signs`,
      'promote another one first; ask for the impact of rotate',
    );
  }
  const purposes = purposesOf(registry, longer(facts.lifetimes, withoutOff(key.lifetimes, facts)));
  if (step.step === 'retire') {
    // Retiring is refused while a token can be alive: it never breaks one.
    const safeAt = key.state === 'retiring' ? safeToRetireAt(key, facts) : undefined;
    const later = safeAt !== undefined && safeAt > facts.now ? safeAt : undefined;
    return report(step.step, key.id, purposes, () => 'none', later);
  }
  const unused = !key.live || (key.state === 'staged' && hasNeverSigned(ring, key, facts));
  return report(
    step.step,
    key.id,
    purposes,
    ({ maxAge }) => {
      if (unused) return 'none';
      return key.state === 'retiring' && facts.now >= lastTokenExpiresAt(key, maxAge, facts)
        ? 'none'
        : 'refused';
    },
    undefined,
  );
}

/**
 * Whether no process can have signed with a staged key. Where variables hold the keys, others may be a deploy
 * ahead; and a document that was put back to an older one calls a key staged that has signed meanwhile.
 */
function hasNeverSigned(ring: Keyring, { id }: Key, { replicas }: TransitionFacts): boolean {
  const signed = replicas.some((replica) => replica.signs === id || (replica.lastSigned?.[id] ?? 0) > 0);
  return ring.id !== undefined && !signed;
}

/** Every purpose with the longest lifetime that is known of it. */
function purposesOf(registry: PurposeRegistry, lifetimes: Lifetimes): readonly Purpose[] {
  const names = new Set([...registry.all.map(({ name }) => name), ...Object.keys(lifetimes)]);
  return [...names].map((name) => {
    const purpose = registry.describe(name);
    const recorded = Object.hasOwn(lifetimes, name) ? (lifetimes[name] as number) : 0;
    return { ...purpose, maxAge: Math.max(purpose.maxAge, recorded) };
  });
}

function report(
  step: Step['step'],
  kid: string | undefined,
  purposes: readonly Purpose[],
  effect: (purpose: Purpose) => Effect,
  safeAt: number | undefined,
): Impact {
  const rows = purposes.map((purpose) => {
    const { name, about, state, maxAge } = purpose;
    const outcome = effect(purpose);
    const sees = outcome === 'refused' ? purpose.refused : 'nothing';
    return { purpose: name, about, state, maxAge, effect: outcome, sees };
  });
  return { step, kid, rows, notAffected: NOT_AFFECTED, safeAt };
}
