// Somebody who is signed in, without a form: for tests of what comes after.
import { KeyturnError } from '../errors.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import type { BegunSession } from '../sessions/outside.js';
import type { SessionValues } from '../sessions/session.js';

/**
 * Where the sessions of an app are: what `keyturn()` of an adapter returned, which has `ready()`; a Fastify app, which has
 * `keyturn`; or the Keyturn that an adapter was given.
 */
export type AppWithSessions = Keyturn | { readonly keyturn: Keyturn } | { ready(): PromiseLike<unknown> };

/**
 * Begins a session as the app's own sign-in does, in the store of the app and with its options.
 *
 * @param data what a signed-in session of the app holds
 * @returns the cookie that a browser sends then, and a CSRF token for forms
 * @throws KeyturnError `argument_invalid` where there are no sessions; what saving a session throws
 * @example
 * const { cookie, csrfToken } = await signIn(app, { userId: 42 });
 * const answer = await app.inject({ url: '/account', headers: { cookie } });
 */
export async function signIn(app: AppWithSessions, data: SessionValues = {}): Promise<BegunSession> {
  const { begin } = internalsOf(await keyturnOf(app)).outside;
  if (begin !== undefined) return await begin(data);
  throw new KeyturnError(
    'argument_invalid',
    'no adapter has opened sessions with this Keyturn',
    'sign in after the adapter was used: app.use(keyturn({ keyturn: kt })), and await what it returned: ready()',
  );
}

async function keyturnOf(app: unknown): Promise<Keyturn> {
  const given = (app ?? {}) as { readonly keyturn?: unknown; ready?(): unknown };
  const opened = typeof given.ready === 'function' ? await given.ready() : undefined;
  const found = [given.keyturn, opened, given].find(isKeyturn);
  if (found !== undefined) return found;
  throw new KeyturnError(
    'argument_invalid',
    'signIn() was given something without sessions of Keyturn',
    'pass what keyturn() of the adapter returned: const sessions = keyturn(); app.use(sessions); signIn(sessions, …); with Fastify the app itself',
  );
}

/** By its names alone: the keyring of one that is not open yet cannot be read. */
function isKeyturn(given: unknown): given is Keyturn {
  return typeof given === 'object' && given !== null && 'keyring' in given && 'signer' in given;
}
