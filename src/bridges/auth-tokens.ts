// Encrypted tokens of Auth.js and next-auth with the keys of a ring: any live key opens, the one that signs seals.
import { isDeepStrictEqual } from 'node:util';
import {
  type JweEncryption,
  type JweHeader,
  jweHeader,
  jweId,
  jweKey,
  jweThumbprint,
  openJwe,
  sealJwe,
} from '../codecs/jwe.js';
import type { BridgeKey, BridgeKeys } from './keys.js';

/** How a library seals. */
export interface TokenFormat {
  readonly enc: JweEncryption;
  /** What HKDF gets besides the salt. */
  readonly info: (salt: string) => string;
  /** Whether the header names the key. */
  readonly hasKid: boolean;
}

/** What a token holds. */
export type Claims = Readonly<Record<string, unknown>>;

/** What the libraries hand over to make a token. */
export interface EncodeParams {
  readonly token?: Claims | undefined;
  /** Seconds. */
  readonly maxAge?: number | undefined;
  readonly salt?: string | undefined;
}

/** What the libraries hand over to read one. */
export interface DecodeParams {
  readonly token?: string | undefined;
  readonly salt?: string | undefined;
}

interface Opened {
  readonly token: string;
  readonly claims: Claims;
  readonly key: BridgeKey;
}

const DAY = 86_400;
const DEFAULT_MAX_AGE = 30 * DAY;
/** Seconds by which clocks may differ: so many both libraries allow. */
const TOLERANCE = 15;

export class AuthTokens {
  readonly #keys: BridgeKeys;
  readonly #format: TokenFormat;
  /** What was derived of a key; keys are made anew with every change of the ring. */
  readonly #derived = new WeakMap<BridgeKey, Map<string, Buffer>>();

  constructor(keys: BridgeKeys, format: TokenFormat) {
    this.#keys = keys;
    this.#format = format;
  }

  /** What a library gets for one request. */
  ofRequest(): {
    encode: (params: EncodeParams) => Promise<string>;
    decode: (params: DecodeParams) => Promise<Claims | null>;
  } {
    const opened = new Map<string, Opened>();
    return {
      encode: async ({ token = {}, maxAge = DEFAULT_MAX_AGE, salt = '' }) =>
        this.#encode(token, maxAge, salt, opened.get(salt)),
      decode: async ({ token, salt = '' }) => {
        if (!token) return null;
        const found = this.#open(token, salt);
        if (found === undefined) return null;
        opened.set(salt, found);
        // Callbacks of the app change what they get.
        return structuredClone(found.claims);
      },
    };
  }

  /** @param before what has come in the same request */
  #encode(claims: Claims, maxAge: number, salt: string, before: Opened | undefined): string {
    // Both libraries seal a session again whenever it is asked for. What a replica has sealed that is a step ahead is not
    // taken back; and who must not sign leaves what is there.
    const mustStay = before?.key.state === 'staged' || !this.#keys.maySign;
    if (before !== undefined && mustStay && saysTheSame(before.claims, claims)) return before.token;
    const key = this.#keys.signing;
    this.#keys.signed(key);
    const now = this.#now();
    const derived = this.#derive(key, this.#format.enc, salt);
    const header: JweHeader = {
      enc: this.#format.enc,
      ...(this.#format.hasKid && { kid: jweThumbprint(derived) }),
    };
    return sealJwe(
      header,
      { ...claims, iat: now, exp: now + Math.min(maxAge, this.#keys.maxAge), jti: jweId() },
      derived,
    );
  }

  #open(token: string, salt: string): Opened | undefined {
    const header = jweHeader(token);
    if (header === undefined) return this.#refused('malformed');
    for (const key of this.#keys.current.all) {
      const derived = this.#derive(key, header.enc, salt);
      if (header.kid !== undefined && header.kid !== jweThumbprint(derived)) continue;
      const claims = openJwe(token, header.enc, derived);
      if (claims === undefined) continue;
      if (!this.#isInTime(claims)) return this.#refused('expired', key.kid);
      this.#keys.verified(key);
      return { token, claims, key };
    }
    return this.#refused('bad_signature');
  }

  #refused(reason: string, kid?: string): undefined {
    this.#keys.refused(reason, kid);
  }

  #isInTime({ exp, nbf }: Claims): boolean {
    const isNumber = (time: unknown) => time === undefined || typeof time === 'number';
    if (!isNumber(exp) || !isNumber(nbf)) return false;
    const now = this.#now();
    return Number(exp ?? Infinity) > now - TOLERANCE && Number(nbf ?? 0) <= now + TOLERANCE;
  }

  #now(): number {
    return Math.floor(this.#keys.now() / 1000);
  }

  #derive(key: BridgeKey, enc: JweEncryption, salt: string): Buffer {
    const all = this.#derived.get(key) ?? new Map<string, Buffer>();
    this.#derived.set(key, all);
    const name = `${enc} ${salt}`;
    const derived = all.get(name) ?? jweKey(enc, key.secret, salt, this.#format.info(salt));
    all.set(name, derived);
    return derived;
  }
}

/** Apart from what is anew in every token. */
function saysTheSame(one: Claims, other: Claims): boolean {
  const said = ({ iat, exp, jti, ...claims }: Claims) => JSON.parse(JSON.stringify(claims)) as unknown;
  return isDeepStrictEqual(said(one), said(other));
}
