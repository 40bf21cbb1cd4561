// A family of refresh tokens, which is everything that came of one sign-in, as the store keeps it.
import type { SessionRecord, StoredSession } from '../sessions/stores/contract.js';
import { digest } from '../signing/digest.js';
import { fromJson, toJson } from '../signing/token.js';

/** Ids of sessions are base64url and have no colon, so that one store can hold both. */
export const PREFIX = 'refresh:';
/** A family as the store keeps it. */
export interface Family {
  /** The number of its current token. */
  readonly n: number;
  /** When that was made, in milliseconds since 1970. */
  readonly at: number;
  /** Its dates, in seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
  /** When the family ends, whatever happens; seconds since 1970. */
  readonly ends: number;
  readonly data?: unknown;
}

/** How long families and their tokens live, in seconds. */
export interface FamilyLifetimes {
  readonly maxAge: number;
  readonly idle: number;
}

/** A family at its sign-in. @param at milliseconds since 1970 */
export function newFamily(at: number, { maxAge, idle }: FamilyLifetimes, data: unknown): Family {
  const iat = Math.floor(at / 1000);
  const dates = { at, iat, exp: iat + idle, ends: iat + maxAge };
  return data === undefined ? { n: 0, ...dates } : { n: 0, ...dates, data };
}

/**
 * A family with its next token.
 *
 * @param at milliseconds since 1970, as is `createdAt`
 * @returns undefined when the family is at its end
 */
export function advance(
  known: Family,
  n: number,
  at: number,
  createdAt: number,
  { maxAge, idle }: FamilyLifetimes,
): Family | undefined {
  const iat = Math.floor(at / 1000);
  // A lifetime that was shortened since holds for families that are older.
  const ends = Math.min(known.ends, Math.floor(createdAt / 1000) + maxAge);
  const exp = Math.min(iat + idle, ends);
  return exp > iat ? { ...known, n, at, iat, exp, ends } : undefined;
}

export function nameOf(family: string): string {
  return PREFIX + digest(family);
}

export function recordOf(family: Family, user: string, createdAt: number): SessionRecord {
  return { text: toJson(family), createdAt, expiresAt: family.exp * 1000, user };
}

/** Undefined when the store holds something else under the name. */
export function familyIn({ text, user }: StoredSession): Family | undefined {
  const value = fromJson(text)?.value as Partial<Family> | null | undefined;
  const numbers = [value?.n, value?.at, value?.iat, value?.exp, value?.ends];
  return user !== undefined && numbers.every(Number.isFinite) ? (value as Family) : undefined;
}
