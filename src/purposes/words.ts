// What purposes are, in words, for those who ask what a step does. A process that signs does without.
import type { SettingValue } from '../config/settings.js';
import type { Purpose } from './purpose.js';

/** What is known of one purpose, as an operator reads it. */
export interface PurposeWords {
  /** What is signed. */
  readonly about: string;
  /** Where what the token stands for is kept. */
  readonly state: string;
  /** What users notice when a token is refused, after "users notice:". */
  readonly refused: string;
}

// biome-ignore format: a table
const BUILT_IN: Readonly<Record<string, PurposeWords>> = {
  csrf: { about: 'the token in forms', state: 'in the page', refused: 'a form that was open is refused once; the reloaded page works' },
  'csrf-id': { about: 'the cookie that forms are bound to before there is a session', state: 'in the cookie', refused: 'a sign-in form that was open is refused once; the reloaded page works' },
  flash: { about: 'messages that wait for the next page', state: 'in the cookie', refused: 'they do not see a message that waits' },
  jwt: { about: 'access tokens of an API (JWT)', state: 'in the token', refused: 'the app gets a 401 and must fetch a new one' },
  refresh: { about: 'tokens that fetch new access tokens', state: 'in a store; the token names its family', refused: 'they must sign in to the app again' },
  url: { about: 'signed links, and links to files', state: 'in the link', refused: 'the link no longer works; the app must hand out a new one' },
  'password-reset': { about: 'links that let a password be chosen anew', state: 'in the link', refused: 'they must ask for a new link' },
  'email-verification': { about: 'links that prove an e-mail address', state: 'in the link', refused: 'they must ask for a new link' },
  invitation: { about: 'links that invite somebody', state: 'in the link', refused: 'they must be invited again' },
  // Of other libraries, under the names that their bridges take.
  'express-session': { about: 'the cookie of express-session', state: 'in its store; the cookie holds its id', refused: 'they are signed out' },
  'cookie-parser': { about: 'signed cookies of the app (cookie-parser)', state: 'in the cookie', refused: 'they count as visitors without them' },
  'cookie-session': { about: 'the session of cookie-session', state: 'in the cookie', refused: 'they are signed out' },
  keygrip: { about: 'signed cookies of Koa', state: 'in the cookie', refused: 'they are signed out' },
  'fastify-cookie': { about: 'signed cookies of the app (@fastify/cookie)', state: 'in the cookie', refused: 'they count as visitors without them' },
  'fastify-session': { about: 'the cookie of @fastify/session', state: 'in its store; the cookie holds its id', refused: 'they are signed out' },
  'fastify-secure-session': { about: 'the session of @fastify/secure-session', state: 'in the cookie', refused: 'they are signed out' },
  'better-auth': { about: 'cookies and links of better-auth', state: 'in its database; the cookie holds a token', refused: 'they are signed out' },
  authjs: { about: 'sessions, forms and links of Auth.js', state: 'in the cookie, or in its database', refused: 'they are signed out where the session is in the cookie' },
  'next-auth': { about: 'sessions, forms and links of next-auth', state: 'in the cookie, or in its database', refused: 'they are signed out where the session is in the cookie' },
  'iron-session': { about: 'the session of iron-session', state: 'in the cookie', refused: 'they are signed out' },
  h3: { about: 'the session of h3', state: 'in the cookie', refused: 'they are signed out' },
  'react-router': { about: 'sessions and cookies of React Router', state: 'in the cookie', refused: 'they are signed out' },
  'csrf-csrf': { about: 'tokens of csrf-csrf in forms', state: 'in the page and a cookie', refused: 'a form that was open is refused once; the reloaded page works' },
  'api-token': { about: 'JWT of other libraries', state: 'in the token', refused: 'the app gets a 401 and must fetch a new one' },
};

/** What a session's token stands in. */
const CARRIERS: Readonly<Record<string, string>> = {
  session: 'the cookie',
  'session-header': 'the header field',
};

/** Where sessions live, by `session.backend`. */
const SESSION_STATES: Readonly<Record<SettingValue<'session.backend'>, (carrier: string) => string>> = {
  cookie: (carrier) => `in ${carrier}`,
  memory: (carrier) => `in a store; ${carrier} holds its id`,
  redis: (carrier) => `in Redis; ${carrier} holds its id`,
  postgres: (carrier) => `in PostgreSQL; ${carrier} holds its id`,
};

/** @param backend where sessions are kept */
export function wordsOf(purpose: Purpose, backend: SettingValue<'session.backend'>): PurposeWords {
  const { about, state, refused } = ownWords(purpose.name, backend);
  return { about: purpose.about ?? about, state: purpose.state ?? state, refused };
}

function ownWords(name: string, backend: SettingValue<'session.backend'>): PurposeWords {
  const carrier = Object.hasOwn(CARRIERS, name) ? CARRIERS[name] : undefined;
  if (carrier !== undefined) {
    const about = name === 'session' ? 'the session cookie' : 'the session of native apps, in a header field';
    return { about, state: SESSION_STATES[backend](carrier), refused: 'they are signed out' };
  }
  const found = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  return (
    found ?? {
      about: `tokens of the purpose "${name}"`,
      state: 'in the token',
      refused: 'the app refuses the token',
    }
  );
}
