// Encrypted JWTs (RFC 7516, compact) as Auth.js and next-auth write them: a key that is agreed on, derived of a text by
// HKDF, and A256CBC-HS512 or A256GCM. Pure, and held to what the real libraries write (test/codecs).
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto';
import type { LibraryKey } from './cookies.js';

export type JweEncryption = 'A256CBC-HS512' | 'A256GCM';

/** Bytes of a key, of an initialization vector and of a tag; RFC 7518, sections 5.2.5 and 5.3. */
const SIZES = {
  'A256CBC-HS512': { key: 64, iv: 16, tag: 32 },
  A256GCM: { key: 32, iv: 12, tag: 16 },
} as const;

export interface JweHeader {
  readonly enc: JweEncryption;
  readonly kid?: string;
}

/** HKDF-SHA256 (RFC 5869). */
export function jweKey(enc: JweEncryption, secret: LibraryKey, salt: string, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, SIZES[enc].key));
}

/** The thumbprint of a key (RFC 7638), of SHA-512: what Auth.js writes as `kid`. */
export function jweThumbprint(key: Uint8Array): string {
  const jwk = JSON.stringify({ k: Buffer.from(key).toString('base64url'), kty: 'oct' });
  return createHash('sha512').update(jwk).digest('base64url');
}

/** What a token says of itself; undefined where it is none that can be opened. */
export function jweHeader(token: string): JweHeader | undefined {
  const { alg, enc, kid, zip, crit } = parsed(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url')) ?? {};
  if (alg !== 'dir' || (enc !== 'A256CBC-HS512' && enc !== 'A256GCM')) return undefined;
  if (zip !== undefined || crit !== undefined) return undefined;
  return typeof kid === 'string' ? { enc, kid } : { enc };
}

export function sealJwe({ enc, kid }: JweHeader, claims: object, key: Uint8Array): string {
  const header = Buffer.from(JSON.stringify({ alg: 'dir', enc, kid })).toString('base64url');
  const iv = randomBytes(SIZES[enc].iv);
  const { text, tag } = ENCRYPTIONS[enc].seal(key, iv, header, Buffer.from(JSON.stringify(claims)));
  const parts = [iv, text, tag].map((part) => part.toString('base64url'));
  return [header, '', ...parts].join('.');
}

/** The `jti` of a new token. */
export const jweId = (): string => randomUUID();

/** @returns the claims; undefined where this key has not sealed it */
export function openJwe(
  token: string,
  enc: JweEncryption,
  key: Uint8Array,
): Readonly<Record<string, unknown>> | undefined {
  const [header = '', encryptedKey, ...parts] = token.split('.');
  if (encryptedKey !== '' || parts.length !== 3) return undefined;
  const [iv, text, tag] = parts.map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer, Buffer];
  if (iv.length !== SIZES[enc].iv || tag.length !== SIZES[enc].tag) return undefined;
  try {
    return parsed(ENCRYPTIONS[enc].open(key, iv, header, text, tag));
  } catch {
    return undefined;
  }
}

interface Encryption {
  readonly seal: (key: Uint8Array, iv: Buffer, header: string, text: Buffer) => { text: Buffer; tag: Buffer };
  /** @throws where the tag is another one */
  readonly open: (key: Uint8Array, iv: Buffer, header: string, text: Buffer, tag: Buffer) => Buffer;
}

const ENCRYPTIONS: Readonly<Record<JweEncryption, Encryption>> = {
  // RFC 7518, section 5.2.2: the first half of the key authenticates, the second encrypts.
  'A256CBC-HS512': {
    seal: (key, iv, header, plain) => {
      const cipher = createCipheriv('aes-256-cbc', key.subarray(32), iv);
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return { text, tag: macOf(key.subarray(0, 32), iv, header, text) };
    },
    open: (key, iv, header, text, tag) => {
      // Before anything is decrypted: what a padding looks like is nobody's business.
      if (!timingSafeEqual(macOf(key.subarray(0, 32), iv, header, text), tag)) throw new Error('another tag');
      const decipher = createDecipheriv('aes-256-cbc', key.subarray(32), iv);
      return Buffer.concat([decipher.update(text), decipher.final()]);
    },
  },
  A256GCM: {
    seal: (key, iv, header, plain) => {
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(header, 'ascii'));
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return { text, tag: cipher.getAuthTag() };
    },
    open: (key, iv, header, text, tag) => {
      const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: SIZES.A256GCM.tag })
        .setAAD(Buffer.from(header, 'ascii'))
        .setAuthTag(tag);
      return Buffer.concat([decipher.update(text), decipher.final()]);
    },
  },
};

function macOf(key: Uint8Array, iv: Buffer, header: string, text: Buffer): Buffer {
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64BE(BigInt(Buffer.byteLength(header, 'ascii')) * 8n);
  const mac = createHmac('sha512', key).update(header, 'ascii').update(iv).update(text).update(bits).digest();
  return mac.subarray(0, SIZES['A256CBC-HS512'].tag);
}

/** JSON of an object; undefined where it is none. */
function parsed(text: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** How Auth.js and next-auth mix a secret into what is to be nobody else's: the SHA-256 of both texts, in hex. */
export function hashedWith(text: string, secret: string): string {
  return createHash('sha256').update(`${text}${secret}`, 'utf8').digest('hex');
}
