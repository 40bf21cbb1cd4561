// Whose a token is that is none of Keyturn's, as far as its shape tells: who moves in from another library pastes those.
import { parseJson } from '../../formats.js';

/** What something looks like, and where the pages on it are in the package. */
export interface Foreign {
  readonly what: string;
  readonly pages: readonly string[];
}

/** @param pasted a token, or a cookie as it stands in a header */
export function foreignToken(pasted: string): Foreign | undefined {
  for (const { name, value } of valuesIn(pasted)) {
    const found = SHAPES.find(({ matches }) => matches(value, name));
    if (found !== undefined)
      return { what: found.what, pages: found.pages.map((page) => `docs/bridges/${page}.md`) };
  }
  return undefined;
}

/** Of what is pasted so much is looked at. */
const LONGEST = 16 * 1024;

/** In a header the values of cookies are encoded for URLs. */
function valuesIn(pasted: string): ReadonlyArray<{ readonly name: string; readonly value: string }> {
  return pasted
    .slice(0, LONGEST)
    .split(/; |\n/)
    .map((part) => {
      const [, name = '', value = ''] =
        /^(?:(?:set-)?cookie: *)?(?:([\w.-]+)=(?=.))?(.*)$/is.exec(part.trim()) ?? [];
      return { name, value: decoded(value) };
    });
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

interface Shape {
  readonly what: string;
  readonly pages: readonly string[];
  readonly matches: (value: string, name: string) => boolean;
}

const BEHIND_A_DOT = /^.+\.[A-Za-z0-9+/]{43}=?$/s;

/** The first that fits. */
const SHAPES: readonly Shape[] = [
  {
    what: 'a cookie that express-session has signed: an id, and a signature of its own secret',
    pages: ['express-session'],
    matches: (value, name) => name === 'connect.sid' && SIGNED_BY_EXPRESS.test(value),
  },
  {
    what: 'a cookie that express-session, or cookie-parser, has signed with a secret of its own',
    pages: ['express-session', 'cookie-parser'],
    matches: (value) => SIGNED_BY_EXPRESS.test(value),
  },
  {
    what: 'a cookie that iron-session, or h3 (Nuxt), has sealed with a password of its own',
    pages: ['iron-session', 'h3'],
    matches: (value) => value.startsWith('Fe26.2*'),
  },
  {
    what: 'an encrypted JWT (JWE), as Auth.js and next-auth keep a session in',
    pages: ['authjs', 'next-auth'],
    matches: (value) => value.split('.').length === 5 && isHeader(value),
  },
  {
    what: 'a JWT, which keyturn/jwt or another library has signed',
    pages: ['jose', 'jsonwebtoken', 'fast-jwt', 'fastify', 'hono'],
    matches: (value) => value.split('.').length === 3 && isHeader(value),
  },
  {
    what: 'a cookie that @fastify/secure-session has sealed with a key of its own',
    pages: ['fastify'],
    matches: (value) => /^[A-Za-z0-9+/]{20,}={0,2};[A-Za-z0-9+/]{32}$/.test(value),
  },
  {
    what: 'a cookie with its signature behind a dot, as @fastify/cookie, Hono, React Router and better-auth write it',
    pages: ['fastify', 'hono', 'react-router', 'better-auth'],
    matches: (value) => BEHIND_A_DOT.test(value),
  },
  {
    what: 'a session in a cookie whose signature stands in another one (.sig), as cookie-session and Koa write it',
    pages: ['keygrip'],
    matches: (value) => isJson(value),
  },
];

const SIGNED_BY_EXPRESS = /^s:.+\.[A-Za-z0-9+/]{43}=?$/s;

function isHeader(value: string): boolean {
  const [header = ''] = value.split('.');
  const parsed = objectIn(header);
  return parsed !== undefined && 'alg' in parsed;
}

function isJson(value: string): boolean {
  return Object.keys(objectIn(value) ?? {}).length > 0;
}

function objectIn(base64: string): object | undefined {
  if (!/^[\w+/-]+={0,2}$/.test(base64)) return undefined;
  const value = parseJson(Buffer.from(base64, 'base64').toString());
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
