// What a step would do to each purpose, and what it does not touch: computed from the registry and the ring, so
// that it is always true.
import { KeyturnError } from '../errors.js';
import type { ReplicaReport } from '../fleet/report.js';
import { type Key, type Lifetimes, larger } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { TransitionFacts } from '../keyring/step-facts.js';
import { unknownKey } from '../keyring/step-refusals.js';
import { lastTokenExpiresAt, safeToRetireAt, withoutOff } from '../keyring/waits.js';
import type { PurposeRegistry } from '../purposes/registry.js';
import { wordsOf } from '../purposes/words.js';
import type { Resolution } from '../resolve/resolve.js';
import { type UnusedBuiltIn, unusedBuiltIn } from './unused.js';

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
  /** Whom a revocation does not sign out: those whose cookies a secret from before Keyturn has signed. */
  readonly stillAccepted: readonly string[];
  /** When a retirement that is too early now becomes safe, in milliseconds since 1970. */
  readonly safeAt: number | undefined;
  /** Built-in purposes that keep keys for longer than what is used does; undefined where none are known to. */
  readonly unused: UnusedBuiltIn | undefined;
}

const NOT_AFFECTED: readonly string[] = [
  'passwords: they are hashed by the app, without any key of Keyturn',
  'what is stored in databases and files: signing does not change it',
  'sessions and tokens of other libraries, unless a bridge feeds them keys of this keyring',
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
  found?: Pick<Resolution, 'settings' | 'movingIn'> & { readonly heard: readonly ReplicaReport[] },
): Impact {
  const unused = found && unusedBuiltIn(registry, found.settings, found.heard);
  if (step.step === 'rotate') {
    const rows = rowsOf(registry, facts.lifetimes, () => 'continues');
    return {
      step: 'rotate',
      kid: undefined,
      rows,
      notAffected: NOT_AFFECTED,
      stillAccepted: [],
      safeAt: undefined,
      unused,
    };
  }
  const key = ring?.get(step.kid);
  if (ring === undefined || key === undefined) throw unknownKey();
  if (step.step === 'retire' && key.state === 'active') {
    throw new KeyturnError(
      'key_state',
      `the key ${key.id} signs`,
      'promote another one first; ask for the impact of rotate',
    );
  }
  const neverSigned = !key.live || (key.state === 'staged' && hasNeverSigned(ring, key, facts));
  const rows = rowsOf(registry, larger(facts.lifetimes, withoutOff(key.lifetimes, facts)), (maxAge) => {
    // Retiring is refused while a token can be alive: it never breaks one.
    if (step.step === 'retire' || neverSigned) return 'none';
    const isOver = key.state === 'retiring' && facts.now >= lastTokenExpiresAt(key, maxAge, facts);
    return isOver ? 'none' : 'refused';
  });
  const safeAt = step.step === 'retire' && key.state === 'retiring' ? safeToRetireAt(key, facts) : 0;
  return {
    step: step.step,
    kid: key.id,
    rows,
    notAffected: NOT_AFFECTED,
    stillAccepted:
      step.step === 'revoke' && found !== undefined ? stillAccepted(found, ring, key, facts.now) : [],
    safeAt: safeAt > facts.now ? safeAt : undefined,
    // Nobody revokes by how long keys are kept.
    unused: step.step === 'revoke' ? undefined : unused,
  };
}

/**
 * One line for each library. An old secret that is the revoked one, or was, is refused with it; whether it is, a command
 * may not know: it does without the old secrets themselves.
 */
function stillAccepted(
  { settings, movingIn }: Pick<Resolution, 'settings' | 'movingIn'>,
  ring: Keyring,
  { id }: Key,
  now: number,
): readonly string[] {
  return [...settings.moveIn].flatMap(([name, { phase, until }]) => {
    const ends = phase === 'over' ? until : undefined;
    if (ends !== undefined && now >= ends) return [];
    const secrets = movingIn.get(name)?.secrets;
    if (secrets?.every(({ kid }) => kid === id || ring.get(kid)?.live === false)) return [];
    const end =
      ends === undefined
        ? `as long as [move_in.${name}] is there`
        : `until ${new Date(ends).toISOString().slice(0, 10)}`;
    return [
      `${name}: whoever holds what an old secret has signed stays signed in, ${end}; what a key of the keyring has signed is refused with the rest`,
    ];
  });
}

/**
 * Whether no process can have signed with a staged key. Where variables hold the keys, others may be a deploy
 * ahead; and a document that was put back to an older one calls a key staged that has signed meanwhile.
 */
function hasNeverSigned(ring: Keyring, { id }: Key, { replicas }: TransitionFacts): boolean {
  const signed = replicas.some((replica) => replica.signs === id || (replica.lastSigned?.[id] ?? 0) > 0);
  return ring.id !== undefined && !signed;
}

/** One for each purpose, with the longest lifetime that is known of it. */
function rowsOf(
  registry: PurposeRegistry,
  lifetimes: Lifetimes,
  effectOn: (maxAge: number) => Effect,
): readonly ImpactRow[] {
  const names = new Set([...registry.all.map(({ name }) => name), ...Object.keys(lifetimes)]);
  return [...names].map((name) => {
    const purpose = registry.describe(name);
    const { about, state, refused } = wordsOf(purpose, registry.backend);
    const recorded = Object.hasOwn(lifetimes, name) ? (lifetimes[name] as number) : 0;
    const maxAge = Math.max(purpose.maxAge, recorded);
    const effect = effectOn(maxAge);
    return { purpose: name, about, state, maxAge, effect, sees: effect === 'refused' ? refused : 'nothing' };
  });
}
