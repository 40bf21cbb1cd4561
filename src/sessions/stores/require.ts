// Whether something is a session store: found out where it is handed over, and not when the first visitor comes.
import { KeyturnError } from '../../errors.js';
import type { SessionStore } from './contract.js';

const METHODS = ['get', 'put', 'touch', 'destroy', 'listUser'] as const;

export function isStore(given: unknown): given is SessionStore {
  const store = given as Partial<SessionStore> | null | undefined;
  return METHODS.every((name) => typeof store?.[name] === 'function');
}

/**
 * @param what as in "createSingleUse()"
 * @throws KeyturnError `store_invalid`
 */
export function requireStore(given: unknown, what: string): SessionStore {
  if (isStore(given)) return given;
  throw new KeyturnError(
    'store_invalid',
    given === undefined
      ? `${what} was given no session store`
      : `${what} was given something that is not a session store`,
    'pass memoryStore(), redisStore({ client }) or postgresStore({ pool }); keyturn.sessionStore is one where session.backend is set',
  );
}
