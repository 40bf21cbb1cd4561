// A session as one string in Redis: a head of fixed width, whose it is as JSON, after a space its label as JSON where it
// has one, a line end, and the text.
import type { SessionNotes, SessionRecord, StoredSession } from './contract.js';
import { LONGEST_LABEL, notesOf } from './validate.js';

/** Digits of a time and of a version; times in milliseconds fit until the year 318857. */
export const DIGITS = 16;
/** Head of a session: expiry, version, creation, the name of the write and last use, each followed by a space. */
export const HEAD: number = 5 * (DIGITS + 1);
/** Where the last use stands, 0 where it is not known. */
export const SEEN: number = 4 * (DIGITS + 1);
/** Bytes that a label takes as JSON at most, with what stands around it. */
export const LABEL_BYTES: number = 6 * LONGEST_LABEL + 3;
/**
 * An ended one: the letter x, until when its id is refused, when it was ended and the name of that write, each followed
 * by a space, and the id under which it goes on, if any.
 */
export const ENDED = 'x';

/** Whose it is, and its label: two texts as JSON. */
const OWNER = /^("(?:[^"\\]|\\.)*")?(?: ("(?:[^"\\]|\\.)*"))?$/;

export function digits(value: number): string {
  return Math.floor(value).toString().padStart(DIGITS, '0');
}

export function format(
  { text, createdAt, expiresAt, user, seenAt = 0, label }: SessionRecord,
  version: number,
  write: string,
): string {
  const owner = user === undefined ? '' : JSON.stringify(user);
  const name = label === undefined ? '' : ` ${JSON.stringify(label)}`;
  const head = `${digits(expiresAt)} ${digits(version)} ${digits(createdAt)} ${write} ${digits(seenAt)} `;
  return `${head}${owner}${name}\n${text}`;
}

/** Undefined for a session that has ended. */
export function parse(value: string): StoredSession | undefined {
  const end = value.indexOf('\n');
  if (value.startsWith(ENDED) || end < 0) return undefined;
  const head = value.slice(0, end);
  const user = userIn(head);
  return {
    text: value.slice(end + 1),
    createdAt: field(value, 2),
    expiresAt: field(value, 0),
    version: field(value, 1),
    ...(user === undefined ? {} : { user }),
    ...notesIn(head),
  };
}

/** @param head up to the line end */
export function notesIn(head: string): SessionNotes {
  const label = OWNER.exec(head.slice(HEAD))?.[2];
  return notesOf(field(head, 4) || undefined, label === undefined ? undefined : JSON.parse(label));
}

export function field(head: string, index: number): number {
  return Number(head.slice(index * (DIGITS + 1), index * (DIGITS + 1) + DIGITS));
}

export function userIn(head: string): string | undefined {
  const owner = OWNER.exec(head.slice(HEAD))?.[1];
  return owner === undefined ? undefined : (JSON.parse(owner) as string);
}
