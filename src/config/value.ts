// The kinds of value a setting can have: how each is read from a variable's text or from TOML.

import { type ErrorCode, KeyturnError } from '../errors.js';
import { isKid, isName, parseJson } from '../formats.js';

/** One kind of value. `read` answers undefined when the raw value does not fit. */
export interface Kind<T> {
  readonly expects: string;
  /** What a text is refused with that does not fit; default: `config_invalid`, as anything but a text is. */
  readonly code?: ErrorCode;
  readonly read: (raw: unknown) => T | undefined;
}

/** A hundred years: what a token can carry as its expiry, and any date computed from it, stays in range. */
const LONGEST_SECONDS = 36_525 * 86_400;

/**
 * The longest that any token lives, in seconds: 400 days, as browsers keep a cookie (RFC 6265bis, 5.5). A bound on what
 * anybody may say of a lifetime is a bound on how long a key has to stay.
 */
export const LONGEST_LIFETIME: number = 400 * 86_400;

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86400, w: 604800 };

/**
 * Reads a duration: a number of seconds, or a number with a unit (`45s`, `15min`, `3h`, `90d`, `2w`).
 *
 * @returns whole seconds, from 1 to a hundred years; undefined when it is not a valid duration
 */
export function readDuration(raw: unknown): number | undefined {
  if (typeof raw === 'number') return inRange(raw) ? raw : undefined;
  if (typeof raw !== 'string') return undefined;
  const match = /^(\d{1,10})\s*(s|m|min|h|d|w)?$/.exec(raw.trim());
  if (match === null) return undefined;
  const seconds = Number(match[1]) * (UNIT_SECONDS[match[2] ?? 's'] ?? 1);
  return inRange(seconds) ? seconds : undefined;
}

function inRange(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds > 0 && seconds <= LONGEST_SECONDS;
}

/**
 * Like {@link readDuration}, for values that stand in the program's own code.
 *
 * @throws KeyturnError `duration_invalid`
 */
export function requireDuration(raw: unknown, what: string): number {
  const seconds = readDuration(raw);
  if (seconds === undefined) {
    throw new KeyturnError(
      'duration_invalid',
      `${what} is not a duration`,
      'write a number of seconds, or a number with a unit: "45s", "15min", "3h", "90d", "2w"',
    );
  }
  return seconds;
}

/**
 * What to add to a hint where a program seems to have meant milliseconds, as in other libraries; else nothing.
 *
 * @param asked as it stands in the program
 */
export function meantMilliseconds(asked: unknown): string {
  if (typeof asked !== 'number' || asked < 60_000 || asked % 1000 !== 0) return '';
  return `; a number is seconds: did you mean ${asked / 1000}?`;
}

/** The shortest form that reads back as the same number of seconds. */
export function formatDuration(seconds: number): string {
  for (const [unit, size] of [
    ['d', 86400],
    ['h', 3600],
    ['min', 60],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** Splits a list as operators write it in one variable: JSON when it starts with `[`, else comma-separated. */
export function readList(raw: unknown): string[] | undefined {
  const items = typeof raw === 'string' ? splitList(raw.trim()) : raw;
  if (!Array.isArray(items)) return undefined;
  return items.every((item) => typeof item === 'string' && item.trim() !== '') ? items : undefined;
}

function splitList(text: string): unknown {
  return text.startsWith('[') ? parseJson(text) : text.split(',').map((part) => part.trim());
}

/** A text of a form. */
export function textKind(expects: string, fits: (text: string) => boolean): Kind<string> {
  return { expects, read: (raw) => (typeof raw === 'string' && fits(raw) ? raw : undefined) };
}

export const text: Kind<string> = textKind('a text', (raw) => raw.trim() !== '');

/** Whether quotation marks that some readers of `.env` files leave where they are stand around a text. */
export function isQuoted(text: string): boolean {
  return /^(["'])[\s\S]*\1$/.test(text) && text.length > 1;
}

const LONGEST_NAME = 200;

/** The name of something in an engine: in quotes, or with spaces around it, it is another one than was meant. */
export const plainName: Kind<string> = textKind(
  'a name without spaces, control characters or quotation marks around it',
  isPlainName,
);

function isPlainName(name: string): boolean {
  return /^[^\s\p{C}]+$/u.test(name) && name.length <= LONGEST_NAME && !isQuoted(name);
}

/** The name of a shared keyring. No slash: one stands between it and the name of its app, where apps share a table. */
export const ringName: Kind<string> = textKind(
  'a name without slashes, spaces, control characters or quotation marks around it',
  (raw) => isPlainName(raw) && !raw.includes('/'),
);

/** Stands for an app without a name, so that none may be called that. */
export const NO_APP = 'none';
/** Keys in Redis of an app without a name begin so. No app may have such a name: `keyturn:session:…` could be either's. */
const TAKEN: readonly unknown[] = ['session', 'user'];

export const appName: Kind<string> = {
  expects: `a name of a-z, 0-9 and "-" that begins with a letter, 32 characters at most, and not "${NO_APP}", "session" or "user"`,
  read: (raw) => (isName(raw) && !TAKEN.includes(raw) && raw !== NO_APP ? raw : undefined),
};

export const otherAppName: Kind<string> = {
  expects: `the name of an app, or "${NO_APP}" for the time before it had one`,
  read: (raw) => (isName(raw) && !TAKEN.includes(raw) ? raw : undefined),
};

/** The path of a file. With quotation marks around it or a control character in it, no such file exists. */
export const path: Kind<string> = textKind(
  'a path, without quotation marks around it',
  (raw) => raw.trim() !== '' && !/\p{Cc}/u.test(raw) && !isQuoted(raw),
);

/** A table, with a schema before it if need be. Index names are made of it, hence the length. */
export const TABLE_NAME: RegExp = /^(?:([A-Za-z_]\w{0,62})\.)?([A-Za-z_]\w{0,47})$/;

export const table: Kind<string> = textKind(
  'a table: letters, digits and "_", 48 characters at most, with a schema and a dot before it if need be',
  (raw) => TABLE_NAME.test(raw),
);

export const duration: Kind<number> = {
  expects: 'a duration such as "45s", "15min", "3h" or "90d"',
  read: readDuration,
};

/** How long a token may live. */
export const lifetime: Kind<number> = {
  expects: 'a duration such as "15min", "3h" or "90d", of 400 days at most',
  read: (raw) => {
    const seconds = readDuration(raw);
    return seconds !== undefined && seconds <= LONGEST_LIFETIME ? seconds : undefined;
  },
};

export const flag: Kind<boolean> = {
  expects: 'true or false',
  read: (raw) =>
    typeof raw === 'boolean'
      ? raw
      : raw === 'true' || raw === '1'
        ? true
        : raw === 'false' || raw === '0'
          ? false
          : undefined,
};

export const list: Kind<readonly string[]> = {
  expects: 'a list: a JSON array of texts, or texts separated by commas',
  read: readList,
};

/** A list that templates set to nothing where there is nothing to set (`${OLD:-}`): empty means none. */
export function optional<T>(kind: Kind<readonly T[]>): Kind<readonly T[]> {
  return { ...kind, read: (raw) => (isBlank(raw) ? [] : kind.read(raw)) };
}

export function isBlank(raw: unknown): boolean {
  return typeof raw === 'string' && raw.trim() === '';
}

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  return {
    expects: `one of ${words.map((word) => `"${word}"`).join(', ')}`,
    read: (raw) => words.find((word) => word === raw),
  };
}

/** Some of a few words. */
export function someOf<const T extends string>(...words: readonly T[]): Kind<readonly T[]> {
  return {
    expects: `a list of some of ${words.map((word) => `"${word}"`).join(', ')}`,
    read: (raw) => {
      const found = readList(raw)?.map((name) => words.find((word) => word === name));
      return found?.every((word) => word !== undefined) === true ? (found as T[]) : undefined;
    },
  };
}

/** A retiring key that may stay weak until a date, so that one can rotate away from it. */
export interface WeakException {
  readonly kid: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

export const weakExceptions: Kind<readonly WeakException[]> = {
  expects: 'a list of { kid = "…", until = 2026-01-31 }',
  read: (raw) => {
    const value = typeof raw === 'string' ? parseJson(raw) : raw;
    if (!Array.isArray(value)) return undefined;
    const found: WeakException[] = [];
    for (const item of value) {
      const { kid, until } = (item ?? {}) as { kid?: unknown; until?: unknown };
      const moment =
        until instanceof Date ? until.getTime() : typeof until === 'string' ? Date.parse(until) : Number.NaN;
      if (!isKid(kid) || Number.isNaN(moment)) return undefined;
      found.push({ kid, until: moment });
    }
    return found;
  },
};

/** Origins, as browsers write them in the `Origin` header: what is written otherwise would never match. */
export const origins: Kind<readonly string[]> = {
  expects:
    'a list of origins: "https://admin.example.com", by https with one * in a label: "https://pr-*.example.com"',
  read: (raw) => {
    const found = readList(raw)?.map(originOf);
    return found?.every((origin) => origin !== undefined) === true ? found : undefined;
  },
};

/** Stands in for the `*`, so that a pattern is written in the same form as any origin. */
const WILDCARD = 'wildcard-0';

function originOf(text: string): string | undefined {
  if (text.includes('*')) return patternOf(text);
  if (/^https?:\/\/[^/?#@\s]+\/?$/i.test(text) && URL.canParse(text)) return new URL(text).origin;
  // Of browser extensions and apps: `URL` knows no origin of theirs.
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+\/?$/i.test(text) && !/^https?:/i.test(text)
    ? text.replace(/\/$/, '').toLowerCase()
    : undefined;
}

/** One `*`, for characters of one label: a pattern that could never match, or match too much, is not a valid one. */
function patternOf(text: string): string | undefined {
  const [before, after, ...more] = text.toLowerCase().split('*') as [string, string, ...string[]];
  if (more.length > 0 || !/^https:\/\/([a-z0-9-]+\.)*[a-z0-9-]*$/.test(before)) return undefined;
  if (!/^[a-z0-9-]*(\.[a-z0-9-]+)+(:\d{1,5})?\/?$/.test(after)) return undefined;
  const sample = before + WILDCARD + after;
  return URL.canParse(sample) ? new URL(sample).origin.replace(WILDCARD, '*') : undefined;
}
