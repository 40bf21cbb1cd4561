// The purposes that come with Keyturn.
import type { BuiltInName } from '../config/settings.js';
import type { Purpose } from './purpose.js';

type BuiltIn = Pick<Purpose, 'maxAge' | 'reserved'>;

const MINUTE = 60;
const DAY = 86400;

/** Lifetimes in seconds. That of sessions follows from the settings under [session]. What each is, words.ts says. */
export const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  session: { maxAge: 0, reserved: true },
  'session-header': { maxAge: 0, reserved: true },
  csrf: { maxAge: 7 * DAY, reserved: true },
  'csrf-id': { maxAge: 7 * DAY, reserved: true },
  flash: { maxAge: 10 * MINUTE, reserved: true },
  jwt: { maxAge: 60 * MINUTE, reserved: true },
  refresh: { maxAge: 30 * DAY, reserved: true },
  url: { maxAge: 7 * DAY, reserved: true },
  'password-reset': { maxAge: DAY, reserved: false },
  'email-verification': { maxAge: 7 * DAY, reserved: false },
  invitation: { maxAge: 30 * DAY, reserved: false },
};

/** What forms and messages need belongs to sessions: it lives no longer than they may. */
const COMES_WITH: Readonly<Record<string, readonly BuiltInName[]>> = {
  'session-header': ['session'],
  csrf: ['session'],
  'csrf-id': ['session', 'csrf'],
  flash: ['session'],
};

export function isAmong(chosen: readonly BuiltInName[], name: string): boolean {
  const among: readonly string[] = chosen;
  return among.includes(name) || (COMES_WITH[name] ?? []).some((other) => among.includes(other));
}

export function isReserved(name: string): boolean {
  return Object.hasOwn(BUILT_IN, name) && BUILT_IN[name]?.reserved === true;
}
