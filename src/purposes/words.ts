// What purposes are, in words, for those who ask what a step does. A process that signs does without.
import type { SettingValue } from '../config/settings.js';
import type { Purpose } from './purpose.js';

/** What is known of one purpose, as an operator reads it. */
export interface PurposeWords {
  /** What is signed. */
  readonly about: string;
  /** Where what the token stands for is kept. */
  readonly state: string;
  /** What a user sees when a token is refused. */
  readonly refused: string;
}

// biome-ignore format: a table
const BUILT_IN: Readonly<Record<string, PurposeWords>> = {
  csrf: { about: 'the token in forms', state: 'in the page', refused: 'a form that was open is refused once; the reloaded page works' },
  'csrf-id': { about: 'the cookie that forms are bound to before there is a session', state: 'in the cookie', refused: 'a sign-in form that was open is refused once; the reloaded page works' },
  flash: { about: 'messages that wait for the next page', state: 'in the cookie', refused: 'does not see a waiting message' },
  jwt: { about: 'access tokens of an API (JWT)', state: 'in the token', refused: 'the app gets a 401 and must fetch a new one' },
  refresh: { about: 'tokens that fetch new access tokens', state: 'in a store; the token names its family', refused: 'must sign in to the app again' },
  url: { about: 'signed links, and links to files', state: 'in the link', refused: 'the link no longer works; the app must hand out a new one' },
  'password-reset': { about: 'links that let a password be chosen anew', state: 'in the link', refused: 'must ask for a new link' },
  'email-verification': { about: 'links that prove an e-mail address', state: 'in the link', refused: 'must ask for a new link' },
  invitation: { about: 'links that invite somebody', state: 'in the link', refused: 'must be invited again' },
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
    return { about, state: SESSION_STATES[backend](carrier), refused: 'is signed out' };
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
