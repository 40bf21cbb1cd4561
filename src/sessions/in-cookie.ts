// Sessions in the cookie: nothing is stored on the server, the token is the session.
//
// The last response wins when two requests change it, and a copy of the cookie outlives a sign-out until it
// expires; an epoch ends it sooner. Whoever holds the cookie can read it (but not change it), unless it is sealed.

import { KeyturnError } from '../errors.js';
import type { Checked, TokenCodec } from '../signing/purpose-keyring.js';
import type { ReceivedToken } from '../signing/received.js';
import type { Refusal } from '../signing/result.js';
import { andThen } from '../signing/thenable.js';
import { fromJson } from '../signing/token.js';
import { COOKIE_LIMIT } from './cookie.js';
import { dataText, valuesOf } from './data.js';
import {
  cookieOf,
  decodeOnce,
  encode,
  epochHolds,
  firstLive,
  load,
  type ResponseTraits,
  refuseLateData,
  renewEpoch,
  type SessionKind,
  type SessionParts,
  textToSave,
} from './kind.js';
import type { SessionEnd, WatchedSession } from './outside.js';
import type { SessionValues } from './session.js';
import { SessionState } from './state.js';
import type { Awaitable } from './stores/contract.js';

interface CookieSessionParts extends SessionParts {
  /** What makes the cookies: a signer or a sealer. */
  readonly codec: TokenCodec;
  /** The other one, where it is to be had: cookies from before the switch are accepted and made anew. */
  readonly other: TokenCodec | undefined;
}

export class CookieSessions implements SessionKind {
  /** For those who take sessions over from elsewhere. */
  readonly parts: CookieSessionParts;

  constructor(parts: CookieSessionParts) {
    this.parts = parts;
  }

  open(cookies: readonly ReceivedToken[]): Awaitable<SessionState> {
    const found = firstLive(cookies, (cookie) => this.#read(cookie));
    return andThen(found, (state) => state ?? SessionState.fresh(this.parts.times));
  }

  check(cookie: ReceivedToken): Checked | Refusal {
    return this.#codecOf(cookie).checkReceived(cookie);
  }

  #read(cookie: ReceivedToken): Awaitable<SessionState | undefined> {
    const used = this.#codecOf(cookie);
    const checked = used.checkReceived(cookie);
    if (!checked.ok) return undefined;
    const stale = used !== this.parts.codec || checked.key.state === 'retiring';
    return load(this.parts, decodeOnce(checked.json, checked.recent), checked, stale, 0);
  }

  #codecOf(cookie: ReceivedToken): TokenCodec {
    const { codec, other } = this.parts;
    return other?.reads(cookie) ? other : codec;
  }

  commit(state: SessionState, response: ResponseTraits): Awaitable<string | undefined> {
    const { carried, base } = state;
    if (state.destroyed && carried !== undefined) state.cleared = this.parts.cookie.clear();
    if (state.ended) {
      refuseLateData(state);
      return state.cleared;
    }
    const data = textToSave(state);
    const isNoted = state.rememberChanged || state.moving?.changed === true;
    const changed = state.fresh ? data !== '{}' || state.regenerated : data !== base || isNoted;
    if (changed) {
      const renewed = renewEpoch(this.parts.hooks, state, state.session);
      return andThen(renewed, (holds) => (holds ? this.#issue(state, data) : this.#withoutKept(state)));
    }
    if (carried === undefined || !response.canSign()) return undefined;
    const isDue = this.parts.times.dueExpiry(state, carried) !== undefined;
    // Made anew with its own dates, and only where a lost response costs nothing.
    const isStale = carried.stale && response.safe;
    if (!(isDue || isStale) || response.isPubliclyCacheable()) return undefined;
    return isDue ? this.#issue(state, data) : this.#write(state, data, carried.issuedAt, carried.expiresAt);
  }

  endOf({ expiresAt }: WatchedSession, { base, epoch }: SessionState): Awaitable<SessionEnd | undefined> {
    const { times, hooks } = this.parts;
    if (expiresAt <= times.now) return 'expired';
    const data = fromJson(base)?.value as SessionValues;
    return andThen(epochHolds(hooks, { data, epoch }), (holds) => (holds ? undefined : 'signed_out'));
  }

  /** What `regenerate` has kept goes with the epoch that is over; what the request has put there itself begins anew. */
  #withoutKept(state: SessionState): Awaitable<string | undefined> {
    const data = valuesOf(state.session);
    for (const key of state.kept) delete data[key];
    if (state.kept.length === 0 || Object.keys(data).length === 0) return undefined;
    state.takeNothing();
    return andThen(renewEpoch(this.parts.hooks, state, data), () => this.#issue(state, dataText(data)));
  }

  #issue(state: SessionState, data: string): string {
    const { times } = this.parts;
    return this.#write(state, data, times.now, times.expiry(state));
  }

  #write(state: SessionState, data: string, issuedAt: number, expiresAt: number): string {
    const text = encode(state, state.createdAt ?? issuedAt, data);
    const token = this.parts.codec.issueAt(text, issuedAt, expiresAt);
    const header = cookieOf(this.parts, state, token, expiresAt);
    if (header !== undefined) {
      state.written = { id: state.id, csrf: state.csrf, data, issuedAt, expiresAt, version: 0 };
      return header;
    }
    throw new KeyturnError(
      'session_too_large',
      `the session cookie would be longer than the ${COOKIE_LIMIT} bytes that browsers keep (its data has ${data.length} characters)`,
      'keep less in it, or keep it in a store: set session.backend, or pass a store to the adapter',
    );
  }
}
