// A sealer: like a signer, but nobody without the key can read what a token holds. Loaded where something is sealed.

import { types } from 'node:util';
import type { AppName } from '../config/app.js';
import { type OptionNames, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { Material } from '../keyring/key.js';
import {
  type Checked,
  isState,
  PurposeKeyring,
  type PurposeKeyringParts,
  type TokenCodec,
  timeRefusal,
  toVerified,
} from './purpose-keyring.js';
import type { PurposeKey } from './purpose-keys.js';
import type { ReceivedToken } from './received.js';
import { type RecentToken, RecentTokens } from './recent-tokens.js';
import type { Refusal, Result } from './result.js';
import {
  bytesContent,
  bytesInside,
  decodeBody,
  freshNonce,
  jsonContent,
  jsonInside,
  openBody,
  sealBody,
} from './sealed-body.js';
import { LARGEST_CONTENT, parseSealed, type SealedParts } from './sealed-token.js';
import { type Aead, loadAead } from './sodium.js';
import { formatHeader, fromJson, SEALED, toJson } from './token.js';

/** What `seal()` takes beside the value. */
export interface SealOptions {
  /**
   * Ties the token to a state, such as the id of a user: it opens only where the same is given. It is a text that is
   * known when opening, and no function of the payload as with a signer: it takes part in the encryption, so there
   * is no payload before it is known.
   */
  readonly bind?: string;
  /** Shorter than the sealer's own: seconds, or a text such as `"15min"`. */
  readonly maxAge?: number | string;
}

/** What `open()` takes beside the token. */
export interface OpenOptions {
  /** The state that the token was bound to when it was sealed. */
  readonly bind?: string | undefined;
}

const SEAL_OPTIONS: OptionNames<SealOptions> = { bind: true, maxAge: true };
const OPEN_OPTIONS: OptionNames<OpenOptions> = { bind: true };

/** A genuine token and what was in it, still as bytes. */
interface Opened extends Omit<Checked, 'json' | 'recent'> {
  readonly content: Uint8Array;
}

const keyOf = (material: Material, purpose: string, app: AppName): Uint8Array =>
  material.derive('seal', purpose, app);

/** Seals values of type `T` for one purpose. Synchronous; follows the ring in force. Made by `keyturn.sealer()`. */
export interface Sealer<T = unknown> {
  /** What its tokens are for. */
  readonly purpose: string;
  /** The lifetime of the tokens it seals, in seconds. */
  readonly maxAge: number;
  /**
   * Encrypts a value: any that JSON can carry, or a `Uint8Array`, which comes back as one.
   *
   * @throws KeyturnError `argument_invalid`, `payload_not_json`, `payload_too_large`, `bind_invalid`,
   * `purpose_lifetime`, `duration_invalid`
   */
  seal(value: T, options?: SealOptions): string;
  /**
   * Opens a token. Whatever it is given, it does not throw: a refusal is a result with a reason. A wrong or missing
   * `bind` is refused as `bad_signature`: without the right one nothing tells it from a forgery.
   */
  open(token: unknown, options?: OpenOptions): Result<T>;
}

/** What an app may do with a sealer. */
export function publicSealer<T>(sealer: TokenSealer<T>): Sealer<T> {
  return Object.freeze({
    purpose: sealer.purpose,
    maxAge: sealer.maxAge,
    seal: (value: T, options?: SealOptions) => {
      requireOptions(options, 'seal(value, options) of a sealer', SEAL_OPTIONS);
      return sealer.seal(value, options);
    },
    open: (token: unknown, options?: OpenOptions) => {
      requireOptions(options, 'open(token, options) of a sealer', OPEN_OPTIONS);
      if (typeof options?.bind === 'function') throw bindOfOpen();
      return sealer.open(token, options);
    },
  });
}

/** With a signer it may be a function. Here it would be refused as a wrong state, for ever, and nobody would see why. */
function bindOfOpen(): KeyturnError {
  return new KeyturnError(
    'bind_invalid',
    'bind of open() is a function',
    'pass the text itself: it takes part in the encryption, so there is no payload before it is known',
  );
}

/** The class behind {@link Sealer}, for all that Keyturn seals itself. */
export class TokenSealer<T = unknown> implements Sealer<T>, TokenCodec {
  readonly purpose: string;
  readonly maxAge: number;
  readonly #aead: Aead;
  readonly #live: PurposeKeyring<Uint8Array>;
  /** Only those of {@link checkReceived}. */
  readonly #recent = new RecentTokens();

  constructor(parts: PurposeKeyringParts, aead: Aead) {
    this.purpose = parts.purpose;
    this.maxAge = parts.maxAge;
    this.#aead = aead;
    this.#live = new PurposeKeyring(parts, keyOf);
  }

  seal(value: T, options: SealOptions = {}): string {
    const { issuedAt, expiresAt, bind } = this.#live.terms(options);
    return this.#seal(contentOf(value), issuedAt, expiresAt, bind);
  }

  open(token: unknown, options: OpenOptions = {}): Result<T> {
    const opened =
      typeof token === 'string'
        ? this.#open(parseSealed(token), 'bind' in options, options.bind)
        : this.#live.refuse('malformed');
    if (!opened.ok) return opened;
    const bytes = bytesInside(opened.content);
    if (bytes !== undefined) return toVerified(opened, bytes as T);
    const json = jsonInside(opened.content);
    const parsed = json === undefined ? undefined : fromJson(json);
    return parsed === undefined
      ? this.#live.refuse('malformed', opened.key.id)
      : toVerified(opened, parsed.value as T);
  }

  /** Opens an unbound token that holds JSON: a cookie. */
  checkReceived({ sealed }: ReceivedToken): Checked | Refusal {
    if (sealed === undefined) return this.#live.refuse('malformed');
    const { ring } = this.#live.keys;
    const genuine = this.#recent.find(ring, sealed.lead, sealed.tail);
    if (genuine !== undefined) return this.#openedBefore(sealed, genuine);
    const opened = this.#open(sealed, false, undefined);
    if (!opened.ok) return opened;
    const { key, issuedAt, expiresAt } = opened;
    const json = jsonInside(opened.content);
    if (json === undefined) return this.#live.refuse('malformed', key.id);
    this.#recent.add(ring, { signed: sealed.lead, mac: sealed.tail, json });
    return { ok: true, json, recent: undefined, key, issuedAt, expiresAt };
  }

  /** A token that was opened a moment ago, under the ring in force: all but its time is as it was. */
  #openedBefore({ kid, issuedAt, expiresAt }: SealedParts, recent: RecentToken): Checked | Refusal {
    const { keys, parts } = this.#live;
    const found = keys.byId.get(kid) as PurposeKey<Uint8Array>;
    const now = parts.clock();
    const reason = timeRefusal(issuedAt, expiresAt, now);
    if (reason !== undefined) return this.#live.refuse(reason, kid);
    found.use.verified++;
    found.use.verifiedAt = now;
    return { ok: true, json: recent.json, recent, key: found.key, issuedAt, expiresAt };
  }

  /** Seals with given dates, in seconds since 1970: a cookie sealed again keeps its own. */
  issueAt(json: string, issuedAt: number, expiresAt: number): string {
    return this.#seal(jsonContent(json), issuedAt, expiresAt, undefined);
  }

  reads(token: ReceivedToken): boolean {
    return token.sealed !== undefined;
  }

  #seal(content: Uint8Array, issuedAt: number, expiresAt: number, bind: string | undefined): string {
    if (content.length > LARGEST_CONTENT + 1) {
      throw new KeyturnError(
        'payload_too_large',
        `a value of ${content.length - 1} bytes is too large for a sealed token`,
        `seal ${LARGEST_CONTENT} bytes at most; keep more than that on the server, and its name in the token`,
      );
    }
    const { parts, signing: keys } = this.#live;
    const { key, use } = keys.active;
    const header = formatHeader(SEALED, key.id, issuedAt, expiresAt);
    const secret = keys.active.at(parts.epoch, issuedAt);
    use.signed++;
    use.signedAt = parts.clock();
    return header + sealBody(this.#aead, secret, header, bind, freshNonce(), content);
  }

  #open(parts: SealedParts | undefined, bound: boolean, bind: string | undefined): Opened | Refusal {
    const live = this.#live;
    if (parts === undefined) return live.refuse('malformed');
    const { kid, header, issuedAt, expiresAt } = parts;
    const found = live.keys.byId.get(kid);
    if (found === undefined) return live.refuseKid(kid);
    const body = decodeBody(parts.body);
    if (body === undefined) return live.refuse('malformed', kid);
    // A state that turned out not to exist is no state: it must not open what is bound to nothing.
    if (bound && !isState(bind)) return live.refuse('bad_signature', kid);
    const { clock, epoch } = live.parts;
    const now = clock();
    let content: Uint8Array | undefined;
    for (let turn = 0; turn < found.turns && content === undefined; turn++) {
      const secret = found.candidate(turn, epoch, issuedAt, now / 1000, this.maxAge);
      if (secret !== undefined) content = openBody(this.#aead, secret, header, bind, body);
    }
    if (content === undefined) return live.refuse('bad_signature', kid);
    const reason = timeRefusal(issuedAt, expiresAt, now);
    if (reason !== undefined) return live.refuse(reason, kid);
    found.use.verified++;
    found.use.verifiedAt = now;
    return { ok: true, content, key: found.key, issuedAt, expiresAt };
  }
}

function contentOf(value: unknown): Uint8Array {
  if (types.isUint8Array(value)) return bytesContent(value);
  if (types.isAnyArrayBuffer(value) || types.isArrayBufferView(value)) {
    throw new KeyturnError(
      'payload_not_json',
      'the value is binary data of another type than Uint8Array',
      'pass new Uint8Array(buffer), or a view of its bytes',
    );
  }
  return jsonContent(toJson(value));
}

/** What makes sealers. */
export interface Sealing {
  /** A sealer for the package itself. */
  readonly own: <T>(parts: PurposeKeyringParts) => TokenSealer<T>;
  /** One that users get. */
  readonly given: <T>(parts: PurposeKeyringParts) => Sealer<T>;
}

/**
 * Loads the cipher and what seals with it.
 *
 * @returns undefined when the cipher is not installed
 * @throws KeyturnError `sealer_unavailable` when it is there and cannot be used
 */
export async function loadSealing(): Promise<Sealing | undefined> {
  const aead = await loadAead();
  if (aead === undefined) return undefined;
  const own = <T>(parts: PurposeKeyringParts) => new TokenSealer<T>(parts, aead);
  return { own, given: (parts) => publicSealer(own(parts)) };
}
