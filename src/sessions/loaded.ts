// What a request has brought of a session.
import { Base } from './base.js';
import type { Counterpart } from './counterpart.js';
import type { Remembered } from './times.js';

/** A session as it was kept. */
export interface LoadedSession {
  readonly id: string;
  /** Seconds since 1970. */
  readonly createdAt: number | undefined;
  readonly csrf: string | undefined;
  readonly epoch: string | undefined;
  readonly remembered: Remembered | undefined;
  /** Where it has one in the library that the app moves in from. */
  readonly counterpart: Counterpart | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  /** The same as it is kept. */
  readonly base: Base;
}

const EMPTY = new Base('{}', {});

/** What a session begins with. */
export function nothing(id: string): LoadedSession {
  const unsaid = { createdAt: undefined, csrf: undefined, epoch: undefined, remembered: undefined };
  return { ...unsaid, counterpart: undefined, id, data: {}, base: EMPTY };
}

/** A session as it was just written, by whichever kind keeps it. Times in seconds since 1970. */
export interface Written {
  readonly id: string;
  readonly csrf: string | undefined;
  /** The data as JSON text. */
  readonly data: string;
  /** The dates of its token. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Version in the store; 0 for sessions in the cookie. */
  readonly version: number;
}

/** The session that the request carried. Times in seconds since 1970. */
export interface Carried {
  readonly id: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The id of the key that has signed its token. */
  readonly kid: string;
  /** Signed by a retiring key. */
  readonly stale: boolean;
  /** When it was last noted as used, in milliseconds since 1970, where the store keeps that. */
  seenAt?: number | undefined;
  /** Version in the store; 0 for sessions in the cookie. */
  version: number;
}
