// The moments from which on a step is safe, computed from what is known of a key.
import { LAST_MOMENT } from '../formats.js';
import type { ClockReadings, Key, Lifetimes } from './key.js';
import type { Keyring } from './keyring.js';
import type { TransitionFacts } from './step-facts.js';

/** When the last token of a retiring key has expired everywhere, in milliseconds since 1970. */
export function safeToRetireAt(
  key: Key,
  facts: Pick<TransitionFacts, 'now' | 'maxLag' | 'skew' | 'lifetimes' | 'off' | 'replicas'>,
): number {
  return lastTokenExpiresAt(key, longestLifetime(key, facts), facts);
}

/** The longest that a token of a key was ever allowed to live, in seconds; of old documents what is so now. */
export function longestLifetime(key: Key, facts: Pick<TransitionFacts, 'lifetimes' | 'off'>): number {
  return Math.max(0, ...Object.values(lifetimesOf(key, facts)));
}

/** The purposes whose tokens live so long: a key is kept for these. */
export function longestLived(key: Key, facts: Pick<TransitionFacts, 'lifetimes' | 'off'>): readonly string[] {
  const longest = longestLifetime(key, facts);
  return Object.entries(lifetimesOf(key, facts)).flatMap(([name, lifetime]) =>
    lifetime === longest ? [name] : [],
  );
}

function lifetimesOf(key: Key, facts: Pick<TransitionFacts, 'lifetimes' | 'off'>): Lifetimes {
  return withoutOff(Object.keys(key.lifetimes).length === 0 ? facts.lifetimes : key.lifetimes, facts);
}

/** Lifetimes without those of purposes that are switched off everywhere. */
export function withoutOff(
  recorded: Lifetimes,
  { lifetimes, off = [] }: Pick<TransitionFacts, 'lifetimes' | 'off'>,
): Lifetimes {
  const counts = (name: string) => !off.includes(name) || Object.hasOwn(lifetimes, name);
  return Object.fromEntries(Object.entries(recorded).filter(([name]) => counts(name)));
}

/**
 * The same for tokens of one lifetime.
 *
 * @param lifetime seconds
 */
export function lastTokenExpiresAt(
  key: Key,
  lifetime: number,
  facts: Pick<TransitionFacts, 'now' | 'maxLag' | 'skew' | 'replicas'>,
): number {
  // The last replica stops signing a lag after the ring said so; one that says it signed later is believed.
  const published = (key.dates.retiring ?? facts.now) + facts.maxLag * 1000;
  return expiryOf(Math.max(published, lastSignedAt(key, facts) ?? 0), lifetime, facts.skew);
}

/** When a token of `lifetime` that was signed at a moment has expired everywhere. */
export function expiryOf(signedAt: number, lifetime: number, skew: number): number {
  // Skew twice: between the machine that gave the date and this one, and between those that sign and verify.
  return Math.min(LAST_MOMENT, signedAt + (lifetime + 2 * skew) * 1000);
}

/** When a replica last signed with a key, as far as any says. */
export function lastSignedAt(key: Key, { replicas }: Pick<TransitionFacts, 'replicas'>): number | undefined {
  const observed = replicas.flatMap(({ lastSigned = {} }) =>
    Object.hasOwn(lastSigned, key.id) ? (lastSigned[key.id] as number) : [],
  );
  const at = Math.max(0, ...observed);
  return at === 0 ? undefined : at;
}

/** When whoever is ready knows of what is published now, whether it reports or not. Milliseconds since 1970. */
export function knownToAllAt({
  now,
  maxLag,
  skew,
  lease = 0,
  heardAt = 0,
}: Pick<TransitionFacts, 'now' | 'maxLag' | 'skew' | 'lease' | 'heardAt'>): number {
  return Math.max(now + (lease + maxLag + skew) * 1000, heardAt);
}

/**
 * When a staged key can be promoted without reports, in milliseconds since 1970.
 *
 * A clock that was noted at staging, and is found again, tells how long ago that was. Without one the date of one
 * machine is compared with the time of another, which may be ahead: a replica would refuse what the key signs.
 */
export function safeToPromoteAt(
  key: Key,
  facts: Pick<TransitionFacts, 'now' | 'maxLag' | 'skew' | 'clocks' | 'heardAt'>,
): number {
  const { now, maxLag, skew, clocks, heardAt = 0 } = facts;
  if (key.state !== 'staged') return now;
  const passed = passedSince(key.clocks, clocks);
  const known =
    passed === undefined ? (key.dates.staged ?? now) + (maxLag + skew) * 1000 : now + maxLag * 1000 - passed;
  return Math.max(known, heardAt);
}

/**
 * When a ring was made of the keys that were in force, in milliseconds since 1970; undefined where its history does not
 * begin with that, or in a future that only a clock that was set back can have left behind.
 */
export function madeAt({ history }: Keyring, now: number): number | undefined {
  const [first] = history;
  const made = first !== undefined && (first.what === 'init' || first.what === 'import') && first.at <= now;
  return made ? first.at : undefined;
}

/** Milliseconds by the first clock that is found again; one that shows less than before is not the same. */
function passedSince(noted: ClockReadings, present: ClockReadings = {}): number | undefined {
  return Object.entries(present)
    .filter(([clock]) => Object.hasOwn(noted, clock))
    .map(([clock, shows]) => shows - (noted[clock] as number))
    .find((passed) => passed >= 0);
}
