// The purposes that come with Keyturn.
import type { BuiltInName, SettingValue } from '../config/settings.js';
import type { Purpose } from './purpose.js';

type BuiltIn = Pick<Purpose, 'maxAge' | 'about' | 'state' | 'refused' | 'reserved'>;

const MINUTE = 60;
const DAY = 86400;

// biome-ignore format: a table
/** Lifetimes in seconds. Lifetime and state of sessions follow from the settings under [session]. */
export const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  session: { maxAge: 0, about: 'the session cookie', state: '', refused: 'is signed out', reserved: true },
  'session-header': { maxAge: 0, about: 'the session of native apps, in a header field', state: '', refused: 'is signed out', reserved: true },
  csrf: { maxAge: 7 * DAY, about: 'the token in forms', state: 'in the page', refused: 'a form that was open is refused once; the reloaded page works', reserved: true },
  'csrf-id': { maxAge: 7 * DAY, about: 'the cookie that forms are bound to before there is a session', state: 'in the cookie', refused: 'a sign-in form that was open is refused once; the reloaded page works', reserved: true },
  flash: { maxAge: 10 * MINUTE, about: 'messages that wait for the next page', state: 'in the cookie', refused: 'does not see a waiting message', reserved: true },
  jwt: { maxAge: 60 * MINUTE, about: 'access tokens of an API (JWT)', state: 'in the token', refused: 'the app gets a 401 and must fetch a new one', reserved: true },
  refresh: { maxAge: 30 * DAY, about: 'tokens that fetch new access tokens', state: 'in a store; the token names its family', refused: 'must sign in to the app again', reserved: true },
  url: { maxAge: 7 * DAY, about: 'signed links, and links to files', state: 'in the link', refused: 'the link no longer works; the app must hand out a new one', reserved: true },
  'password-reset': { maxAge: DAY, about: 'links that let a password be chosen anew', state: 'in the link', refused: 'must ask for a new link', reserved: false },
  'email-verification': { maxAge: 7 * DAY, about: 'links that prove an e-mail address', state: 'in the link', refused: 'must ask for a new link', reserved: false },
  invitation: { maxAge: 30 * DAY, about: 'links that invite somebody', state: 'in the link', refused: 'must be invited again', reserved: false },
};

/** Where sessions live, by `session.backend`. */
export const SESSION_STATES: Readonly<Record<SettingValue<'session.backend'>, string>> = {
  cookie: 'in the cookie',
  memory: 'in a store; the cookie holds its id',
  redis: 'in Redis; the cookie holds its id',
  postgres: 'in PostgreSQL; the cookie holds its id',
};

/** What a session's token stands in. */
export const CARRIERS = { session: 'the cookie', 'session-header': 'the header field' } as const;

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
