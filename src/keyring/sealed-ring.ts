// The shared keyring as an engine keeps it: encrypted, so that a dump, a backup or an SQL injection yields no key.
// docs/shared-keyring.md describes the format.
//
// A fresh data key encrypts the document (AES-256-GCM), and is itself encrypted under every root secret that the
// writer holds: current, next and previous ones. So the root can be rotated like any other secret, and a replica that
// has only one of them opens the ring. Nothing here is done often, so node:crypto's own AEAD does.
//
// A writer may hold fewer roots than the ring is sealed under: then it keeps the data key, and what the others open it
// with. What encrypts the data key is therefore not bound to a generation; the content is.
//
// What is not secret (the ring's id, its generation, the ids of the roots) stands in the clear, and all of it is
// authenticated, together with the place that the ring is kept in: nobody can pass one ring, one generation of it, or
// that of another app, for another.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KeyturnError } from '../errors.js';
import { isKid } from '../formats.js';
import { newerKeyturn, parseDocument, writeDocument } from './document.js';
import type { Material } from './key.js';
import type { Keyring } from './keyring.js';

const VERSION = 1;
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
/** 96 random bits: each data key seals once, and a root some thousand times in its life (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** As long as the limit of a document and what encoding adds; a longer text is none of ours. */
const LIMIT_CHARACTERS = 2 * 1024 * 1024;
/** So many ids are named in an error; whoever writes there can put any number. */
const NAMED_IDS = 8;

interface Sealed {
  readonly keyturn: number;
  readonly id: string;
  readonly generation: number;
  /** The data key, by the id of the root that it is encrypted under. */
  readonly roots: Readonly<Record<string, string>>;
  readonly ring: string;
}

/** Where a ring is kept. One that was copied to another place opens for nobody there. */
export interface RingPlace {
  /** Keeps two apps on one secret apart. */
  readonly app?: string | undefined;
  /** What stands before its name in an engine that has no schemas. */
  readonly prefix: string;
  readonly name: string;
}

/** What a process seals and opens a ring with. */
export interface Seal {
  readonly place: RingPlace;
  /** Every one of them alone opens what is sealed; at least one. */
  readonly roots: readonly Material[];
}

/** A shared keyring that could be opened. */
interface OpenedRing {
  readonly ring: Keyring;
  /** The ids of the roots that it is sealed under. */
  readonly roots: readonly string[];
}

/**
 * @param former what was kept there until now, and can be opened: who opens that goes on opening what comes of it
 * @throws KeyturnError `keyring_unwritable` when nobody would read it any more
 */
export function sealRing(ring: Keyring, seal: Seal, former?: string): string {
  const { id = '', generation } = ring;
  const kept = keysToKeep(id, seal, former);
  const dataKey = kept?.dataKey ?? randomBytes(KEY_BYTES);
  const missing = seal.roots.filter(({ kid }) => !Object.hasOwn(kept?.roots ?? {}, kid));
  return written({
    keyturn: VERSION,
    id,
    generation,
    roots: { ...kept?.roots, ...wrap(dataKey, missing, seal.place, id) },
    ring: encrypt(dataKey, Buffer.from(writeDocument(ring)), beside('content', seal.place, id, generation)),
  });
}

/** Undefined where the writer can seal for everybody by itself: a fresh data key is better. */
function keysToKeep(
  id: string,
  seal: Seal,
  former: string | undefined,
): { readonly dataKey: Uint8Array; readonly roots: Sealed['roots'] } | undefined {
  if (former === undefined) return undefined;
  const where = 'what is to be replaced';
  const sealed = parse(former, where);
  const held = new Set(seal.roots.map(({ kid }) => kid));
  if (sealed.id !== id || Object.keys(sealed.roots).every((kid) => held.has(kid))) return undefined;
  return { dataKey: unwrap(sealed, where, seal), roots: sealed.roots };
}

/**
 * The same ring, which these roots open too. It stays sealed under those that it was sealed under: others may hold
 * nothing else.
 *
 * @throws KeyturnError what {@link openRing} and {@link sealRing} throw
 */
export function sealUnder(text: string, where: string, seal: Seal): string {
  openRing(text, where, seal);
  const sealed = parse(text, where);
  const missing = seal.roots.filter(({ kid }) => !Object.hasOwn(sealed.roots, kid));
  const wraps = wrap(unwrap(sealed, where, seal), missing, seal.place, sealed.id);
  return written({ ...sealed, roots: { ...sealed.roots, ...wraps } });
}

/**
 * @param where what an operator calls the place
 * @throws KeyturnError `keyring_sealed` when none of the roots fits, `document_invalid` and `document_version` when
 * it is no sealed ring of this place or was altered, and what {@link parseDocument} throws
 */
export function openRing(text: string, where: string, seal: Seal): OpenedRing {
  const sealed = parse(text, where);
  const { id, generation } = sealed;
  const dataKey = unwrap(sealed, where, seal);
  const document = decrypt(dataKey, sealed.ring, beside('content', seal.place, id, generation));
  if (document === undefined) throw altered(where);
  const ring = parseDocument(document.toString('utf8'), where);
  if (ring.id !== id || ring.generation !== generation) throw altered(where);
  return { ring, roots: Object.keys(sealed.roots) };
}

function written(sealed: Sealed): string {
  const text = JSON.stringify(sealed);
  if (text.length <= LIMIT_CHARACTERS) return text;
  throw new KeyturnError(
    'keyring_unwritable',
    'the shared keyring would be larger than 2 MiB, and nobody would read it any more',
    'start a new one with keyturn init, at a time when everybody may be signed out',
  );
}

/** The data key under each of the roots, by their ids. */
function wrap(
  dataKey: Uint8Array,
  roots: readonly Material[],
  place: RingPlace,
  id: string,
): Sealed['roots'] {
  const under = (root: Material) =>
    encrypt(root.derive('ring', 'wrap', place.app), dataKey, beside('key', place, id, root.kid));
  return Object.fromEntries(roots.map((root) => [root.kid, under(root)]));
}

/** The data key, by the first of the roots that it is encrypted under. */
function unwrap(sealed: Sealed, where: string, { place, roots }: Seal): Uint8Array {
  const root = roots.find(({ kid }) => Object.hasOwn(sealed.roots, kid));
  if (root === undefined) throw sealedForOthers(where, roots, Object.keys(sealed.roots));
  const associated = beside('key', place, sealed.id, root.kid);
  const key = root.derive('ring', 'wrap', place.app);
  const dataKey = decrypt(key, sealed.roots[root.kid] as string, associated);
  if (dataKey?.length !== KEY_BYTES) throw altered(where);
  return dataKey;
}

/**
 * What is authenticated beside what is encrypted, as JSON, so that no two of them read the same.
 *
 * @param of a data key: the id of the root that it is encrypted under; of the content: its generation
 */
function beside(what: 'key' | 'content', place: RingPlace, id: string, of: string | number): Buffer {
  const { app = '', prefix, name } = place;
  return Buffer.from(JSON.stringify([`keyturn/v1/ring/${what}`, app, prefix, name, id, of]));
}

/** nonce || ciphertext || tag, base64url */
function encrypt(key: Uint8Array, plain: Uint8Array, associated: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
}

/** Undefined for what is not genuine. */
function decrypt(key: Uint8Array, text: string, associated: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  // Written in another way it would be the same to a lenient decoder, and not what was sealed.
  if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== text) return undefined;
  const cipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  cipher.setAAD(associated);
  cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const plain = cipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([plain, cipher.final()]);
  } catch {
    return undefined;
  }
}

function parse(text: string, where: string): Sealed {
  let value: unknown;
  try {
    value = text.length > LIMIT_CHARACTERS ? undefined : JSON.parse(text);
  } catch {
    // Said below.
  }
  const { keyturn, moved } = (value ?? {}) as { readonly keyturn?: unknown; readonly moved?: unknown };
  // Whatever else is in it, that is for others to know.
  if (Number.isSafeInteger(keyturn) && (keyturn as number) > VERSION) throw newerKeyturn(where);
  if (moved === true) {
    throw new KeyturnError(
      'document_invalid',
      `the keyring in ${where} has moved: its app has a name, and this process has none`,
      'set app, as the other processes have it',
    );
  }
  if (!isSealed(value)) throw altered(where);
  return value;
}

function isSealed(value: unknown): value is Sealed {
  if (typeof value !== 'object' || value === null) return false;
  const { keyturn, id, generation, roots, ring } = value as Partial<Record<keyof Sealed, unknown>>;
  return (
    keyturn === VERSION &&
    typeof id === 'string' &&
    Number.isSafeInteger(generation) &&
    areRoots(roots) &&
    typeof ring === 'string'
  );
}

function areRoots(roots: unknown): roots is Sealed['roots'] {
  if (typeof roots !== 'object' || roots === null || Array.isArray(roots)) return false;
  const entries = Object.entries(roots);
  return entries.length > 0 && entries.every(([kid, key]) => isKid(kid) && typeof key === 'string');
}

function altered(where: string): KeyturnError {
  return new KeyturnError(
    'document_invalid',
    `what ${where} holds is not a valid sealed keyring of this place: it was altered, or copied from another one`,
    'find out who else writes there; a process that holds the keyring puts it back once the entry is deleted',
  );
}

function sealedForOthers(where: string, mine: readonly Material[], theirs: readonly string[]): KeyturnError {
  const own = mine.map(({ kid }) => kid);
  return new KeyturnError(
    'keyring_sealed',
    `the keyring in ${where} is sealed under ${list(theirs)}, and the signing secret here is ${list(own)}`,
    'give every replica the same signing secret; while it changes, the other one as a previous or next secret',
  );
}

function list(kids: readonly string[]): string {
  const more = kids.length > NAMED_IDS ? [`${kids.length - NAMED_IDS} more`] : [];
  return [...kids.slice(0, NAMED_IDS), ...more].join(', ');
}
