// Texts of other libraries that carry a MAC somewhere within: taken apart, and put together again under another key. Pure.
import { createHmac } from 'node:crypto';
import { type LibraryKey, sameSignature } from './cookies.js';

export interface SignedText {
  readonly isSignedBy: (key: LibraryKey) => boolean;
  /** The same under another key. */
  readonly signedBy: (key: LibraryKey) => string;
}

const mac = (key: LibraryKey, message: string): string =>
  createHmac('sha256', key).update(message, 'utf8').digest('base64url');

function signedText(
  message: string,
  signature: string,
  withSignature: (signature: string) => string,
): SignedText {
  return {
    isSignedBy: (key) => sameSignature(mac(key, message), signature),
    signedBy: (key) => withSignature(mac(key, message)),
  };
}

/** A JWT of HS256 (RFC 7515, section 3.1). Undefined where it is none. What it says is not looked at. */
export function hs256Token(token: string): SignedText | undefined {
  const [header = '', payload = '', signature, ...more] = token.split('.');
  if (signature === undefined || more.length > 0) return undefined;
  if (parsed(header)?.['alg'] !== 'HS256') return undefined;
  const message = `${header}.${payload}`;
  return signedText(message, signature, (again) => `${message}.${again}`);
}

/** The session that better-auth keeps in a cookie for a while, in its compact form: JSON that holds its own MAC. */
export function betterAuthCache(cookie: string): SignedText | undefined {
  const { session, expiresAt, signature } = parsed(cookie) ?? {};
  if (typeof session !== 'object' || session === null || typeof signature !== 'string') return undefined;
  const message = JSON.stringify({ ...session, expiresAt });
  return signedText(message, signature, (again) =>
    Buffer.from(JSON.stringify({ session, expiresAt, signature: again })).toString('base64url'),
  );
}

/** What better-auth puts into the cookie of a trusted device: a MAC over the user and the device, and the device. */
export function betterAuthDevice(payload: string, user: string): SignedText | undefined {
  const [signature, device, ...more] = payload.split('!');
  if (!signature || !device || more.length > 0) return undefined;
  return signedText(`${user}!${device}`, signature, (again) => `${again}!${device}`);
}

/** Base64url of JSON of an object; undefined where it is none. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
