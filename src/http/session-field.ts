// The header field that the session of a native app travels in: there are no cookies, and nothing is sent by itself.
import { COOKIE_LIMIT } from '../sessions/cookie.js';
import type { SessionCarrier, SessionKind } from '../sessions/kind.js';

/** What stands in the field. The app keeps it, and sends it with each request; where it is empty there is none. */
export const SESSION_FIELD: SessionCarrier = {
  set: (token) => (token.length <= COOKIE_LIMIT ? token : undefined),
  clear: () => '',
};

/** Sessions in a header field. */
export interface HeaderSessions {
  /** In lower case. */
  readonly name: string;
  readonly sessions: SessionKind;
}
