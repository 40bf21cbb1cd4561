// Sessions outside of a request and its response, as a WebSocket has them: what an app sees of them, in types.
import { KeyturnError } from '../errors.js';
import type { SessionControls, SessionValues } from './session.js';

/**
 * - `signed_out`: by somebody, anywhere, or by a new epoch of its user
 * - `revoked`: the key that its token was signed with was revoked
 * - `expired`: its time is over
 */
export type SessionEnd = 'signed_out' | 'revoked' | 'expired';

/** A session that no response goes with: it can be read, and changed by `update` where it is kept in a store. */
export type OpenSession = Pick<SessionControls, 'id' | 'expiresAt' | 'get' | 'update'> &
  OpenSessionControls &
  Readonly<SessionValues>;

/** What else it can do. */
export interface OpenSessionControls {
  /**
   * Tells once when the session has ended: a sign-out of this process at once, any other at the next look at the store.
   * A session that goes on under a new id has not ended.
   *
   * @returns a function that stops looking: call it when the connection is closed
   */
  onEnd(listener: (why: SessionEnd) => void): () => void;
}

/** A request of Node, such as that of an upgrade, or of Fetch. */
export interface RequestToOpen {
  /** Its header fields. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>> | Pick<Headers, 'get'>;
  /** Of Fetch: its scheme is looked at. */
  readonly url?: string | undefined;
  /** Of Node: whether it is encrypted is looked at. */
  readonly socket?: object;
}

/** What `kt.sessions.open()` takes besides the request. */
export interface OpenSessionOptions {
  /** Whether a proxy stands before the app that sets `X-Forwarded-Proto` and `X-Forwarded-Host`. Default: false. */
  readonly trustProxy?: boolean;
  /** How often the store, or the epoch, is asked whether the session lives, once somebody wants to hear of its end:
   * seconds, or a text such as `"30s"`. Default: 5 seconds. */
  readonly lookEvery?: number | string;
}

/**
 * - `foreign_origin`: a page of another origin, or nobody says of which; answer 403
 * - `no_session`: the visitor is not signed in, or no more; answer 401
 */
export type NotOpened = {
  readonly ok: false;
  readonly reason: 'foreign_origin' | 'no_session';
  readonly statusCode: 401 | 403;
};

/** What opening yields: look at `ok` first. */
export type OpenedSession = { readonly ok: true; readonly session: OpenSession } | NotOpened;

/** Sessions outside of requests. */
export interface KeyturnSessions {
  /**
   * Opens the session behind a request that no response goes with, such as the upgrade to a WebSocket. By cookie only for
   * pages of this host, or of an origin under `csrf.origins`: `Origin` has to say so. It goes by what the first adapter
   * was given that has opened sessions with this Keyturn: its store, its epoch. Where a later one was given others the
   * log says so.
   *
   * @throws KeyturnError `engine_unavailable`, `keyring_unavailable`; `argument_invalid` where no adapter is there
   * @example
   * server.on('upgrade', async (request, socket, head) => {
   *   const opened = await keyturn.sessions.open(request);
   *   if (!opened.ok) return socket.end(`HTTP/1.1 ${opened.statusCode} No\r\n\r\n`);
   *   sockets.handleUpgrade(request, socket, head, (client) => {
   *     client.on('close', opened.session.onEnd(() => client.close(4401)));
   *   });
   * });
   */
  open(request: RequestToOpen, options?: OpenSessionOptions): Promise<OpenedSession>;
}

/** What an adapter leaves with the Keyturn that it has opened sessions with. */
export interface Outside {
  readonly sessions: KeyturnSessions;
  opener: KeyturnSessions['open'] | undefined;
  /** Told of the options of each adapter after the first, whose options count. */
  alsoOpened: ((options: object) => Promise<void>) | undefined;
  /** Whether an adapter says whose its sessions are, by the store that it was given; undefined: that of the settings. */
  named?: Map<object | undefined, boolean>;
  /** For tests of apps: begins a session with this data. */
  begin: ((data: SessionValues) => Promise<BegunSession>) | undefined;
}

/** A session that was begun without a request. */
export interface BegunSession {
  /** What a browser sends then, as the header field `Cookie`. */
  readonly cookie: string;
  /** The fields `Set-Cookie` of the sign-in, for a jar. */
  readonly setCookies: readonly string[];
  /** A CSRF token of the session: the header field `x-csrf-token`, or `_csrf` in a form. */
  readonly csrfToken: string;
  /** The id of the session. */
  readonly id: string;
}

export function outsideOfAdapters(): Outside {
  const outside: Outside = {
    opener: undefined,
    alsoOpened: undefined,
    begin: undefined,
    sessions: {
      open: async (request, options) => {
        if (outside.opener !== undefined) return await outside.opener(request, options);
        throw new KeyturnError(
          'argument_invalid',
          'no adapter has opened sessions with this Keyturn',
          'use one of keyturn/express, keyturn/fastify, … first, or openHttp({ keyturn }) of keyturn/http',
        );
      },
    },
  };
  return outside;
}

/** A session that somebody wants to hear the end of. It may go on under another id. */
export interface WatchedSession {
  id: string;
  /** Seconds since 1970. */
  expiresAt: number;
}
