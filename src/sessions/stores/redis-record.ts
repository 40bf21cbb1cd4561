// A session as one string in Redis: a head of fixed width, whose it is as JSON, a line end, and the text.
import type { SessionRecord, StoredSession } from './contract.js';

/** Digits of a time and of a version; times in milliseconds fit until the year 318857. */
export const DIGITS = 16;
/** Head of a session: expiry, version, creation and the name of the write, each followed by a space. */
export const HEAD: number = 4 * (DIGITS + 1);
/**
 * An ended one: the letter x, until when its id is refused, when it was ended and the name of that write, each followed
 * by a space, and the id under which it goes on, if any.
 */
export const ENDED = 'x';

export function digits(value: number): string {
  return Math.floor(value).toString().padStart(DIGITS, '0');
}

export function format(
  { text, createdAt, expiresAt, user }: SessionRecord,
  version: number,
  write: string,
): string {
  const owner = user === undefined ? '' : JSON.stringify(user);
  return `${digits(expiresAt)} ${digits(version)} ${digits(createdAt)} ${write} ${owner}\n${text}`;
}

/** Undefined for a session that has ended. */
export function parse(value: string): StoredSession | undefined {
  const end = value.indexOf('\n');
  if (value.startsWith(ENDED) || end < 0) return undefined;
  const user = userIn(value.slice(0, end));
  return {
    text: value.slice(end + 1),
    createdAt: field(value, 2),
    expiresAt: field(value, 0),
    version: field(value, 1),
    ...(user === undefined ? {} : { user }),
  };
}

export function field(head: string, index: number): number {
  return Number(head.slice(index * (DIGITS + 1), index * (DIGITS + 1) + DIGITS));
}

export function userIn(head: string): string | undefined {
  const owner = head.slice(HEAD);
  return owner === '' ? undefined : (JSON.parse(owner) as string);
}
