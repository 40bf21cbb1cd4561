// Sessions and refresh tokens as they lie in an engine: sealed where the operator has declared a purpose for it, so that
// whoever gets hold of a dump or of the engine itself reads none of them.
import { type Keyturn, KeyturnError, type SessionStore } from 'keyturn';
import { createRefreshTokens } from 'keyturn/jwt';
import { memoryStore } from 'keyturn/stores/memory';
import { sealedStore } from 'keyturn/stores/sealed';

/** The store of the sessions; undefined: they are in the cookie. */
export function sessionsAtRest(keyturn: Keyturn): SessionStore | undefined {
  const { sessionStore } = keyturn;
  return sessionStore && whereDeclared(sessionStore, () => sealedStore(sessionStore, keyturn));
}

/** The store of the refresh tokens: where the sessions are; else in memory, and programs sign in again after a restart. */
export function refreshTokensAtRest(keyturn: Keyturn): SessionStore {
  const { sessionStore } = keyturn;
  const memory = memoryStore();
  if (sessionStore === undefined) return memory;
  // Sealed for as long as they live, which may be longer than a session does.
  const { maxAge } = createRefreshTokens(keyturn, { store: memory });
  return whereDeclared(sessionStore, () =>
    sealedStore(sessionStore, keyturn, { purpose: 'refresh-at-rest', maxAge }),
  );
}

/** Production knows which purposes are declared; development takes all of them. Other mistakes are told. */
function whereDeclared(plain: SessionStore, seal: () => SessionStore): SessionStore {
  try {
    return seal();
  } catch (error) {
    if (error instanceof KeyturnError && error.code === 'purpose_undeclared') return plain;
    throw error;
  }
}
