// The cookie that stands in for a session before there is one: a random id for CSRF tokens to be bound to, so
// that the sign-in form is protected too.

import type { AppCookie } from '../sessions/cookie.js';
import { randomId } from '../signing/random.js';
import type { ReceivedToken } from '../signing/received.js';
import type { TokenSigner } from '../signing/signer.js';
import { fromJson } from '../signing/token.js';
import type { RequestCookies } from './request-cookies.js';

const ID_BYTES = 16;

/** What the request carried. Times in seconds since 1970. */
interface CarriedId {
  readonly id: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly stale: boolean;
}

/** The id of one request and its response. */
export class CsrfId {
  readonly #signer: TokenSigner<string>;
  readonly #cookie: AppCookie;
  readonly #clock: () => number;
  readonly #carried: CarriedId | undefined;
  #issued: string | undefined;

  /** @param clock milliseconds since 1970 */
  constructor(signer: TokenSigner<string>, cookie: AppCookie, clock: () => number, cookies: RequestCookies) {
    this.#signer = signer;
    this.#cookie = cookie;
    this.#clock = clock;
    this.#carried = read(signer, cookies.tokens(cookie));
  }

  /** The id that pages made so far are bound to: of this response, or of the request. */
  get known(): string | undefined {
    return this.#issued ?? this.#carried?.id;
  }

  /** The id that the request carried. */
  get carried(): string | undefined {
    return this.#carried?.id;
  }

  /**
   * The id for a page that is being made.
   *
   * @param anew makes a new id: after a sign-out the former one is not used again
   */
  issue(anew: boolean): string {
    this.#issued ??= (anew ? undefined : this.#carried?.id) ?? randomId(ID_BYTES);
    return this.#issued;
  }

  /**
   * The `Set-Cookie` header to send, if any.
   *
   * @param over a session takes its place, or has just ended: the cookie is removed
   * @param safe the request was a GET or HEAD
   */
  commit(over: boolean, safe: boolean): string | undefined {
    const carried = this.#carried;
    if (over) return carried === undefined ? undefined : this.#cookie.clear();
    if (this.#issued === undefined) return undefined;
    if (carried?.id !== this.#issued) return this.#set(this.#signer.sign(this.#issued));
    // A page made now must not outlive the cookie that its token is bound to by much.
    const lifetime = carried.expiresAt - carried.issuedAt;
    if (this.#clock() / 1000 > carried.issuedAt + lifetime / 2)
      return this.#set(this.#signer.sign(carried.id));
    if (!carried.stale || !safe) return undefined;
    return this.#set(this.#signer.issueAt(JSON.stringify(carried.id), carried.issuedAt, carried.expiresAt));
  }

  /** It ends with the browser; the token in it ends by itself. */
  #set(token: string): string | undefined {
    return this.#cookie.set(token, undefined);
  }
}

/** Of several cookies the first that is genuine. */
function read(signer: TokenSigner<string>, tokens: readonly ReceivedToken[]): CarriedId | undefined {
  for (const token of tokens) {
    const checked = signer.checkReceived(token);
    const id = checked.ok ? fromJson(checked.json)?.value : undefined;
    if (!checked.ok || typeof id !== 'string') continue;
    const { issuedAt, expiresAt, key } = checked;
    return { id, issuedAt, expiresAt, stale: key.state === 'retiring' };
  }
  return undefined;
}
