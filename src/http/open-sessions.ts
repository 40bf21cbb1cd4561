// The sessions of an app: of the kind that the settings, or a given store, ask for, and one kind for each way in which
// they travel.
import { internalsOf, type Keyturn } from '../keyturn.js';
import { CookieSessions } from '../sessions/in-cookie.js';
import type { SessionCarrier, SessionHooks, SessionKind } from '../sessions/kind.js';
import type { SessionStore } from '../sessions/stores/contract.js';
import type { ReachableStore } from '../sessions/stores/reachable.js';
import { SessionTimes } from '../sessions/times.js';
import type { RequestLog } from './http-log.js';
import type { HttpCookies } from './request-cookies.js';
import { type HeaderSessions, SESSION_FIELD } from './session-field.js';

export interface AppSessions {
  readonly inCookie: SessionKind;
  /** Undefined where no header field is set. */
  readonly inHeader: HeaderSessions | undefined;
  /** Undefined for sessions that are the token itself. */
  readonly store: ReachableStore | undefined;
}

/** @param given the store that the adapter was given */
export async function openSessions(
  keyturn: Keyturn,
  hooks: SessionHooks,
  given: SessionStore | undefined,
  log: RequestLog,
  { session: cookie }: HttpCookies,
): Promise<AppSessions> {
  const { settings, ownSigner, ownSealer, clock, sessionStore } = internalsOf(keyturn);
  const persistent = settings.get('session.cookie.persistent');
  const times = new SessionTimes(settings, clock);
  const shared = (carrier: SessionCarrier) => ({ cookie: carrier, times, hooks, persistent, clock });
  const header = settings.get('session.header')?.toLowerCase();
  const both = (
    store: ReachableStore | undefined,
    make: (carrier: SessionCarrier, purpose: string) => SessionKind,
  ): AppSessions => ({
    store,
    inCookie: make(cookie, 'session'),
    inHeader:
      header === undefined ? undefined : { name: header, sessions: make(SESSION_FIELD, 'session-header') },
  });
  if (given === undefined && sessionStore === undefined) {
    return both(undefined, (carrier, purpose) => {
      // What was made the other way, before a switch, is good too.
      const [signer, sealer] = [ownSigner<string>(purpose), ownSealer<string>(purpose)];
      const sealed = sealer !== undefined && settings.get('session.sealed');
      const codecs = sealed ? { codec: sealer, other: signer } : { codec: signer, other: sealer };
      return new CookieSessions({ ...shared(carrier), ...codecs });
    });
  }
  const { ReachableStore: Reachable } = await import('../sessions/stores/reachable.js');
  const { StoreSessions } = await import('../sessions/in-store.js');
  if (given?.compareAndSet !== undefined) log.comparesInProcess();
  const store = given === undefined ? (sessionStore as ReachableStore) : new Reachable(given);
  return both(
    store,
    (carrier, purpose) =>
      new StoreSessions({ ...shared(carrier), store, signer: ownSigner<string>(purpose) }),
  );
}
