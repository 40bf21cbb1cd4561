// What a request has changed in a session, laid over what others have saved meanwhile.
import { KeyturnError } from '../errors.js';
import { fromJson } from '../signing/token.js';
import { fill } from './data.js';
import type { SessionValues } from './session.js';
import type { SessionState } from './state.js';

type Values = Readonly<Record<string, unknown>>;

/** The data as this request has loaded, or last saved, it. */
export function baseOf(state: SessionState): Record<string, unknown> {
  return fromJson(state.base)?.value as Record<string, unknown>;
}

/** Brings what the app holds up to date; what is as it was stays the same object, since the app may hold on to it. */
export function adopt(session: SessionValues, data: Record<string, unknown>): void {
  for (const key of Object.keys(data)) if (same(session[key], data[key])) data[key] = session[key];
  fill(session, data);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What becomes of a property that this request and another have both changed. */
export interface ClashRules {
  /** Names of properties of which the last one wins. */
  readonly lastWins: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Lays the edits of this request (base to mine) over what another has stored, property by property.
 *
 * @param clash `mine`: what both changed is as this request has it
 * @throws KeyturnError `session_conflict`
 */
export function merge(
  base: Values,
  mine: Values,
  theirs: Values,
  clash: 'mine' | ClashRules,
): Record<string, unknown> {
  const merged = { ...theirs };
  for (const key of new Set([...Object.keys(base), ...Object.keys(mine)])) {
    const [before, ours, other] = [base, mine, theirs].map((values) => ownOf(values, key));
    if (same(ours, before)) continue;
    const both = !same(other, before);
    const value = both && clash !== 'mine' ? settle(key, ours, other, clash) : ours;
    if (value === undefined) delete merged[key];
    else merged[key] = value;
  }
  return merged;
}

/** What another version has saved may have names such as `__proto__`. */
function ownOf(values: Values, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

/** @throws KeyturnError `session_conflict` */
function settle(key: string, mine: unknown, theirs: unknown, { lastWins, now }: ClashRules): unknown {
  if (lastWins.includes(key)) return mine;
  // `lastSeen = Date.now()` in every request of a page: nobody means anything but the latest.
  const [one, other] = [momentOf(mine, now), momentOf(theirs, now)];
  if (one !== undefined && other !== undefined && typeof mine === typeof theirs)
    return one < other ? theirs : mine;
  // Two that count from 5 both say 6, and one of them would be lost.
  if (same(mine, theirs) && typeof mine !== 'number') return mine;
  throw conflict(`had its "${key}" changed by another request at the same time`);
}

/** So far from now, in milliseconds, a number is hardly meant for a moment of today, however wrong a clock is. */
const YEAR = 366 * 86_400_000;

/** The moment that a value notes, in milliseconds since 1970: as milliseconds, as seconds, or as a `Date` is kept. */
function momentOf(value: unknown, now: number): number | undefined {
  const isNear = (time: number) => Math.abs(time - now) < YEAR;
  if (typeof value === 'number') return [value, value * 1000].find(isNear);
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return undefined;
  return [Date.parse(value)].find(isNear);
}

export function conflict(what: string): KeyturnError {
  return new KeyturnError(
    'session_conflict',
    `the session ${what}`,
    'change what requests share with session.update(fn), which is repeated on newer data; where the last one may win, name the property in the option lastWins',
  );
}
