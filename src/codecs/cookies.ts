// Signed cookies of other libraries: how each writes a value and its MAC. Pure, and held to what the real libraries write
// (test/codecs). Who may sign, and with what, is decided elsewhere.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a library takes as a key: a text is its UTF-8 bytes. */
export type LibraryKey = string | Uint8Array;

/** A value and what is said to be its MAC. */
export interface SignedValue {
  readonly payload: string;
  readonly signature: string;
}

/** How a library signs a cookie. */
export interface CookieFormat {
  /** Whether the MAC stands in a cookie of its own, whose name ends in `.sig`. */
  readonly beside: boolean;
  /** Whether the value is percent-encoded in the header. */
  readonly encoded: boolean;
  /** Takes a value apart, percent-decoded; undefined where it cannot be one that is signed. Not for formats `beside`. */
  readonly split: (text: string) => SignedValue | undefined;
  readonly join: (value: SignedValue) => string;
  /** The MAC of a value. @param name of the cookie */
  readonly sign: (name: string, payload: string, key: LibraryKey) => string;
}

const mac = (hash: 'sha1' | 'sha256', key: LibraryKey, message: string): string =>
  createHmac(hash, key).update(message, 'utf8').digest('base64');

const unpadded = (base64: string): string => base64.replace(/=+$/, '');

/** The value up to the last dot, and what follows it. */
function atLastDot(text: string): SignedValue | undefined {
  const dot = text.lastIndexOf('.');
  return dot < 0 ? undefined : { payload: text.slice(0, dot), signature: text.slice(dot + 1) };
}

const joined = ({ payload, signature }: SignedValue): string => `${payload}.${signature}`;

/** cookie-signature: `value.MAC`, HMAC-SHA256 in base64 without padding. @fastify/cookie and React Router write it so. */
export const COOKIE_SIGNATURE: CookieFormat = {
  beside: false,
  encoded: true,
  split: atLastDot,
  join: joined,
  sign: (_name, payload, key) => unpadded(mac('sha256', key, payload)),
};

/** The same behind some letters, as @fastify/session has it with its option `cookiePrefix`. */
export function prefixed(prefix: string): CookieFormat {
  return {
    ...COOKIE_SIGNATURE,
    split: (text) => (text.startsWith(prefix) ? atLastDot(text.slice(prefix.length)) : undefined),
    join: (value) => prefix + joined(value),
  };
}

/** The same behind `s:`, as Express, cookie-parser and express-session have it. */
export const EXPRESS: CookieFormat = prefixed('s:');

/** Hono's signed cookies, which better-auth uses: HMAC-SHA256 in base64 with its padding. */
export const HONO: CookieFormat = {
  ...COOKIE_SIGNATURE,
  // As Hono itself asks: 44 characters, the last of them padding.
  split: (text) => {
    const found = atLastDot(text);
    return found?.signature.length === 44 && found.signature.endsWith('=') ? found : undefined;
  },
  sign: (_name, payload, key) => mac('sha256', key, payload),
};

/** Keygrip, as the package cookies uses it for Koa and cookie-session: `name.sig` holds the MAC of `name=value`. */
export function keygrip(hash: 'sha1' | 'sha256'): CookieFormat {
  return {
    beside: true,
    encoded: false,
    split: () => undefined,
    join: ({ payload }) => payload,
    sign: (name, payload, key) => keygripMac(hash, `${name}=${payload}`, key),
  };
}

/** What Keygrip makes of any text. */
export const keygripMac = (hash: 'sha1' | 'sha256', data: string, key: LibraryKey): string =>
  safe(mac(hash, key, data));

/** Keygrip's own alphabet, which is that of base64url. */
const safe = (base64: string): string => unpadded(base64).replaceAll('/', '_').replaceAll('+', '-');

/** Compares in constant time; of another length it is another one. */
export function sameSignature(computed: string, candidate: string): boolean {
  const [one, other] = [Buffer.from(computed, 'utf8'), Buffer.from(candidate, 'utf8')];
  return one.length === other.length && timingSafeEqual(one, other);
}
