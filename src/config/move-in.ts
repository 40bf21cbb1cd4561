// What an app says of a library that it moves in from, or that stays beside Keyturn: `[move_in.<name>]`.
import { parseJson } from '../formats.js';
import type { Origin } from './origin.js';
import { isBlank, type Kind, oneOf, readList, textKind } from './value.js';

/** Libraries whose cookies and tokens are known. */
export const FORMATS = [
  'express-session',
  'cookie-parser',
  'cookie-session',
  'koa',
  'koa-session',
  'fastify-cookie',
  'fastify-session',
  'fastify-secure-session',
  'iron-session',
  'h3',
  'react-router',
  'authjs',
  'next-auth',
  'better-auth',
  'csrf-csrf',
  'hono-cookie',
  'jwt',
] as const;

export type MoveInFormat = (typeof FORMATS)[number];

/**
 * - `beside`: the old secret signs, and what the old library reads is written; what Keyturn's keys have signed is accepted
 * - `over`: Keyturn's keys sign; what the old secret has signed is accepted until the end
 */
export type MoveInPhase = 'beside' | 'over';

/** Where an old secret is. How it is read is up to the library that had it: nothing is taken off it. */
export interface OldSecret {
  /** The secret itself. */
  readonly text?: string;
  /** The variable that holds it. */
  readonly env?: string;
  /** The file that holds it; a line end at its end is none of it. */
  readonly file?: string;
  /** What the library decodes before it takes it as a key. Default: none, the text is the key. */
  readonly encoding?: 'hex' | 'base64';
}

/** What configuration says of one. */
export interface MoveInSettings {
  readonly format?: MoveInFormat;
  readonly secrets?: readonly OldSecret[];
  /** Who named them. */
  readonly secretsFrom?: Origin;
  readonly phase?: MoveInPhase;
  /** Milliseconds since 1970. */
  readonly until?: number;
  readonly cookie?: string;
  readonly origin: Origin;
}

const ENCODINGS: readonly unknown[] = [undefined, 'hex', 'base64'];

const oldSecrets: Kind<readonly OldSecret[]> = {
  expects:
    'a list of { env = "SESSION_SECRET" }, { file = "/run/secrets/session" } or of the secrets themselves',
  read: (raw) => {
    const value = typeof raw === 'string' && raw.trim().startsWith('[') ? parseJson(raw) : raw;
    const items = typeof value === 'string' ? readList(value) : value;
    if (!Array.isArray(items)) return undefined;
    const found = items.map(readSecret);
    return found.every((secret) => secret !== undefined) ? found : undefined;
  },
};

function readSecret(raw: unknown): OldSecret | undefined {
  if (typeof raw === 'string') return isBlank(raw) ? undefined : { text: raw };
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { encoding, ...place } = raw as Record<string, unknown>;
  const [[name, where] = [], ...more] = Object.entries(place);
  if (more.length > 0 || !['text', 'env', 'file'].includes(name as string)) return undefined;
  if (typeof where !== 'string' || isBlank(where) || !ENCODINGS.includes(encoding)) return undefined;
  return raw as OldSecret;
}

/** RFC 9110, section 5.6.2. Old cookies may have any prefix. */
const oldCookieName = textKind('the name of a cookie', (raw) => /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(raw));

const moment: Kind<number> = {
  expects: 'a date such as 2027-01-31',
  read: (raw) => {
    const at = raw instanceof Date ? raw.getTime() : typeof raw === 'string' ? Date.parse(raw) : Number.NaN;
    return Number.isNaN(at) ? undefined : at;
  },
};

/** What can be said of each. */
export const MOVE_IN_FIELDS: Readonly<
  Record<string, { readonly kind: Kind<unknown>; readonly about: string }>
> = {
  format: {
    kind: oneOf(...FORMATS),
    about: 'the library whose cookies or tokens they are; default: the name of the section',
  },
  secrets: {
    kind: oldSecrets,
    about:
      'the secrets that the library has used so far, the one that it signs with first; [] where a bridge has been over for longer than they count',
  },
  phase: {
    kind: oneOf('beside', 'over'),
    about:
      'beside (default): the old secret goes on signing; over: Keyturn signs, once every replica runs it',
  },
  until: { kind: moment, about: 'when the old secrets are accepted no longer; it counts in the phase over' },
  cookie: { kind: oldCookieName, about: 'the name of the cookie; default: that which the library gives it' },
};
