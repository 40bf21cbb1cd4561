// What stores may be given, held to in one place, so that it is the same in all of them: PostgreSQL refuses a NUL,
// most engines turn a lone surrogate into something else, and an index has a limit. Such a text is a mistake of the
// caller, and no engine is to raise the alarm over it.
import { KeyturnError } from '../../errors.js';
import type { SessionNotes, SessionRecord } from './contract.js';

/** Bytes. Indexes of PostgreSQL take up to 2,704. */
const LONGEST_NAME = 1024;

/** Characters: enough for a browser and a place, and no place to keep data. */
export const LONGEST_LABEL = 256;

/**
 * Stands between the name of an app and its user, where apps share a table. Nobody's id may hold it: a user of one app
 * who chose such an id would be taken for a user of another.
 */
export const APP_MARK = '\u001f';

/** Whether a text can be the id of a user. */
export function isUser(text: unknown): text is string {
  return isName(text) && !text.includes(APP_MARK);
}

/** Whether a text can be the id of a session, or of a user as stores keep it: with an app's name before it. */
export function isName(text: unknown): text is string {
  return isKeepable(text) && text !== '' && Buffer.byteLength(text) <= LONGEST_NAME;
}

/**
 * Whose a session is, as the app says it: a whole number is the same user as its digits, `null` is nobody.
 *
 * @throws KeyturnError `session_invalid`
 */
export function userOf(user: unknown): string | undefined {
  return readUser(user, isUser);
}

/** As {@link userOf}, within stores: an app's name may stand before it. @throws KeyturnError `session_invalid` */
export function keptUserOf(user: unknown): string | undefined {
  return readUser(user, isName);
}

function readUser(user: unknown, isValid: (text: unknown) => text is string): string | undefined {
  if (user === undefined || user === null) return undefined;
  const text = Number.isSafeInteger(user) ? String(user) : user;
  if (isValid(text)) return text;
  throw new KeyturnError(
    'session_invalid',
    'the user of a session is not a valid id',
    `give a text of ${LONGEST_NAME} bytes at most, well-formed, without NUL and U+001F, or a whole number: String(user.id) does; null stands for nobody`,
  );
}

/** The same where somebody must be named. @throws KeyturnError `session_invalid` */
export function requireUser(user: unknown, read: typeof userOf = userOf): string {
  const named = read(user);
  if (named !== undefined) return named;
  throw new KeyturnError('session_invalid', 'no user is named', 'name one: listUser(String(user.id))');
}

/** A record as an app gives it; within stores {@link keptUserOf} reads whose it is. @throws KeyturnError `session_invalid` */
export function requireRecord(record: SessionRecord, ownerOf: typeof userOf = userOf): SessionRecord {
  const { text, createdAt, expiresAt, user, ...others } = record;
  requireMoment(createdAt);
  requireMoment(expiresAt);
  requireNotes(others);
  if (!isKeepable(text)) {
    throw new KeyturnError(
      'session_invalid',
      'the text of a session cannot be kept by every engine',
      'give a well-formed text without NUL, as JSON.stringify makes it',
    );
  }
  const owner = ownerOf(user);
  if (owner === user) return record;
  return { ...others, text, createdAt, expiresAt, ...(owner === undefined ? {} : { user: owner }) };
}

/** @throws KeyturnError `session_invalid` */
function requireNotes({ seenAt, label }: SessionNotes): void {
  if (seenAt !== undefined) requireMoment(seenAt);
  if (label === undefined || (isKeepable(label) && label.length <= LONGEST_LABEL)) return;
  throw new KeyturnError(
    'session_invalid',
    'the label of a session is not valid',
    `give a well-formed text of ${LONGEST_LABEL} characters at most, without NUL`,
  );
}

/** What an app calls a session, cut to what every store keeps. */
export function labelOf(label: string | null | undefined): string | undefined {
  if (typeof label !== 'string' || label === '') return undefined;
  // What is cut may end in half a character.
  return label
    .replaceAll('\0', '')
    .slice(0, LONGEST_LABEL)
    .replace(/[\uD800-\uDFFF]/gu, '\uFFFD');
}

/** As a store that has columns has kept them. */
export function notesOf(
  seenAt: number | string | null | undefined,
  label: string | null | undefined,
): SessionNotes {
  return {
    ...(seenAt === null || seenAt === undefined ? {} : { seenAt: Number(seenAt) }),
    ...(label === null || label === undefined ? {} : { label }),
  };
}

/** Milliseconds since 1970, whole. @throws KeyturnError `session_invalid` */
export function requireMoment(time: number): number {
  if (typeof time === 'number' && time >= 0 && time <= Number.MAX_SAFE_INTEGER) return Math.floor(time);
  throw new KeyturnError(
    'session_invalid',
    'a time of a session is not a valid moment',
    'give whole milliseconds since 1970',
  );
}

/** @throws KeyturnError `session_invalid` */
export function requireId(id: string): string {
  if (isName(id)) return id;
  throw new KeyturnError(
    'session_invalid',
    'the id of a session is not valid',
    `give a text of ${LONGEST_NAME} bytes at most, well-formed and without NUL`,
  );
}

function isKeepable(text: unknown): text is string {
  return typeof text === 'string' && !text.includes('\0') && text.isWellFormed();
}
