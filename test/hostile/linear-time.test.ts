// Whatever a stranger sends costs time in proportion to its length: each parser of untrusted text is fed what is worst
// for it at n and at 4n, and the ratio of CPU time has to be near 4. At 16 it would be quadratic.
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { judgeDownload, judgeUpload, type RequestHeaders } from '../../src/blobs/conditions.js';
import { parseEntityTags } from '../../src/blobs/entity-tags.js';
import { parseHttpDate } from '../../src/blobs/http-date.js';
import { disposition, readType } from '../../src/blobs/media-type.js';
import { decodeName, isBlobName } from '../../src/blobs/names.js';
import { ListedOrigins } from '../../src/config/csrf-origins.js';
import { Csrf } from '../../src/http/csrf.js';
import { createJwt } from '../../src/jwt/index.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import { AppCookie } from '../../src/sessions/cookie.js';
import { testKeyturn } from '../support/keyturn.js';
import { costRatio } from './cost.js';

interface Row {
  readonly name: string;
  /** The worst input of a length near n. */
  readonly make: (n: number) => string;
  readonly run: (input: string) => unknown;
  readonly n: number;
}

/** Node reads 16 KiB of request line and headers: the larger input is as much. */
const N = 4000;
/** Tokens can come in a body, too; and short ones take a shorter road. */
const TOKEN = 5000;
/** Linear is 4, and a busy machine adds to it; quadratic is 16. */
const MOST = 9;

const repeat = (text: string) => (n: number) => text.repeat(Math.ceil(n / text.length));
const between = (start: string, text: string, end: string) => (n: number) => start + repeat(text)(n) + end;

/** That of the other tests remembers all that it is told. */
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
function nothing(): void {}

let keyturn: Keyturn;
let app: FastifyInstance;
beforeAll(async () => {
  keyturn = await testKeyturn({ profile: 'dev', logger });
  app = Fastify({ maxParamLength: 20_000 });
  await app.register(keyturnFastify, { keyturn });
  app.get('/', (request, reply) => {
    const { caching } = request.headers;
    if (caching !== undefined) reply.header('cache-control', caching);
    request.session.set('seen', true);
    return reply.csrfToken();
  });
  app.post('/', () => '');
  await app.ready();
});
afterAll(() => app.close());

const BLOB = { name: 'a', size: 100, type: 'text/plain', etag: '"abcdefgh"', modifiedAt: new Date(0) };
const conditions = (name: string) => (text: string) => {
  const headers: RequestHeaders = { [name]: text };
  judgeUpload(headers, BLOB, 0);
  return judgeDownload('GET', { range: 'bytes=0-1', ...headers }, BLOB, 0);
};
const header = (name: string, method: 'GET' | 'POST' = 'GET') => {
  return (text: string) => app.inject({ method, url: '/', headers: { [name]: text } });
};
const rows = (
  name: string,
  run: Row['run'],
  inputs: Readonly<Record<string, Row['make']>>,
  n = N,
): readonly Row[] =>
  Object.entries(inputs).map(([what, make]) => ({ name: `${name}: ${what}`, make, run, n }));

const BLANKS = { blanks: between('', ' ', 'x'), tabs: between('0-', '\t', 'x') };

const ROWS: readonly Row[] = [
  ...rows('a link', (url) => keyturn.links().verify({ method: 'GET', url }), {
    'question marks': between('/a?', '?', ''),
    ampersands: between('/a?', '&', ''),
    parameters: between('/a?', '&a=b', '&sig=x'),
    'parameters of one name, nested': between('/a?', '&a[b]=', '&sig=x'),
    'equals signs': between('/a?', '=', ''),
    escapes: between('/a?', '%41', '&sig=x'),
    'broken escapes': between('/a?', '%', ''),
    'what is to be encoded': between('/a?', '"', '&sig=x'),
    slashes: between('/', '/a', ''),
    'dot segments': between('/', '/..', ''),
    'a long host': between('http://', 'a', '/'),
    'a host of dots': between('http://', '.', ''),
    'number signs': between('/a', '#', ''),
    backslashes: between('/a', '\\', ''),
    'beyond ASCII': between('/a', 'ü', ''),
  }),
  ...rows('a link to sign', (url) => attempt(() => keyturn.links().sign(url)), {
    'dot segments': between('/', 'a/../', 'b'),
    'what is to be encoded': between('/', 'ü ', ''),
  }),
  ...rows('a method', (method) => keyturn.links().verify({ method, url: '/' }), {
    letters: between('', 'a', '\n'),
    hyphens: between('', '-', ' '),
  }),
  ...rows(
    'a token',
    (token) => internalsOf(keyturn).ownSigner('session').verify(token),
    {
      dots: between('kt1.', '.', ''),
      'a long payload': between('kt1.AAAAAAAA.AAAAAAAAAAAA.', 'A', `.${'A'.repeat(43)}`),
      'beyond ASCII': between('kt1.AAAAAAAA.AAAAAAAAAAAA.', 'ü', `.${'A'.repeat(43)}`),
    },
    TOKEN,
  ),
  ...rows(
    'a token of a known key',
    (payload) => internalsOf(keyturn).ownSigner('session').check(forged('kt1', payload)),
    {
      'a long payload': repeat('A'),
      'beyond ASCII': repeat('ü'),
    },
    TOKEN,
  ),
  ...rows(
    'a sealed token',
    (body) => keyturn.sealer('draft', { maxAge: 60 }).open(forged('ks1', body)),
    {
      'a long body': between('', 'A', 'A'.repeat(60)),
      'no base64url': repeat('='),
    },
    TOKEN,
  ),
  ...rows(
    'a bound token',
    (bind) =>
      keyturn.signer('invitation').verify(keyturn.signer('invitation').sign(1, { bind: 'a' }), { bind }),
    {
      'a long state': repeat('ü'),
    },
    TOKEN,
  ),
  ...rows(
    'a JWT',
    (token) => createJwt(keyturn, { issuer: 'a', audience: 'b' }).verify(token),
    {
      dots: repeat('.'),
      'a long header': between('', 'A', `.e30.${'A'.repeat(43)}`),
      'a nested header': (n) => encoded('['.repeat(n * 0.7)),
      'a header of quotes': (n) => encoded(`{"alg":"HS256","kid":"${'\\"'.repeat(n / 4)}"}`),
      'a header of members': (n) => encoded(`{${'"a":1,'.repeat(n / 9)}"b":1}`),
      'a long payload': (n) =>
        `${createJwt(keyturn, { issuer: 'a', audience: 'b' }).sign({}).split('.')[0]}.${'A'.repeat(n)}.${'A'.repeat(43)}`,
    },
    TOKEN,
  ),
  ...rows('the Range header', conditions('range'), {
    'blanks before a byte': between('bytes=', ' ', 'x'),
    'tabs behind a byte': between('bytes=0-', '\t', 'x'),
    'blanks before the unit': between('', ' ', 'x'),
    'blanks around the equals sign': between('bytes', ' ', '= x'),
    digits: between('bytes=', '1', 'x'),
    hyphens: between('bytes=', '-', ''),
    'equals signs': between('bytes', '=', ''),
    'many ranges': between('bytes=', '0-1,', ''),
  }),
  ...['if-match', 'if-none-match'].flatMap((name) =>
    rows(name, conditions(name), {
      quotes: repeat('"'),
      'weak marks': repeat('W/'),
      'open tags': repeat('W/"'),
      tags: repeat('"a",'),
      'tags without commas': repeat('"a" '),
      commas: between('', ',', 'x'),
      'a star behind blanks': between('', ' ', '*'),
      ...BLANKS,
    }),
  ),
  ...rows('entity tags', parseEntityTags, { 'one long tag': between('"', 'x', '') }),
  ...['if-range', 'if-modified-since', 'if-unmodified-since'].flatMap((name) =>
    rows(name, conditions(name), { quotes: repeat('"'), ...BLANKS }),
  ),
  ...rows('a date', (text) => parseHttpDate(text, 0), {
    blanks: between('Sun Nov', ' ', '6 08:49:37 1994'),
    digits: between('Sunday, ', '1', ''),
  }),
  ...rows('a media type', readType, {
    'blanks before parameters': between('a/b', ' ', 'x'),
    semicolons: between('a/b', ' ;', '"'),
    'a long name': between('a/', 'b', '"'),
    slashes: repeat('/'),
  }),
  ...rows('a file name', (name) => disposition('attachment', name), {
    'dots in the middle': between('a', '.', 'a'),
    'blanks in the middle': between('a', ' ', 'a'),
    'dots in front': between('', ' .', 'a'),
    'control characters': repeat('\u202e'),
    'beyond ASCII': repeat('ü'),
  }),
  ...rows('a name of a blob', (name) => [isBlobName(name), decodeName(name)], {
    dots: between('a', '.', 'a'),
    blanks: between('a', ' ', 'a'),
    slashes: repeat('a/'),
    'percent signs': repeat('%'),
    'percent signs, encoded': repeat('%25'),
    'percent signs, encoded again and again': between('%', '25', '2e'),
    'what grows when it is folded': repeat('\ufdfa'),
  }),
  ...rows('a Cookie header', (text) => sessionCookie().find(text), {
    'names that end alike': repeat('keyturn.sid'),
    'the name without a beginning': repeat('akeyturn.sid='),
    'the name behind blanks': repeat('keyturn.sid= ; '),
    blanks: between('', ' ', 'keyturn.sid='),
    semicolons: repeat(';'),
    cookies: repeat('a=b; '),
  }),
  ...rows('Origin and Host', provenance, {
    dots: between('https://', '.', ''),
    letters: between('https://', 'a', '.example'),
    hyphens: between('https://a', '-', ''),
    digits: between('https://', '1', ''),
    'beyond ASCII': between('https://', 'ü', ''),
    colons: between('https://a', ':', ''),
  }),
  ...rows('a request with cookies', header('cookie'), {
    'the session, many times': repeat('keyturn.sid=kt1.x; '),
    'a CSRF id, many times': repeat('keyturn.csrf=kt1.x; '),
    'a long session': between('keyturn.sid=kt1.AAAAAAAA.AAAAAAAAAAAA.', 'A', ''),
  }),
  ...rows('an unsafe request', header('origin', 'POST'), { 'a long origin': between('https://', 'a.', '') }),
  ...rows('an unsafe request', header('x-csrf-token', 'POST'), { 'a long token': between('kt1.', 'A', '') }),
  ...rows("the app's Cache-Control", header('caching'), {
    'private, and no end of blanks': between('private', ' ', 'x'),
    directives: repeat('public, '),
    commas: repeat(','),
    'a quoted text': between('private="', '\\"', ''),
  }),
];

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** Of the right form up to the MAC, which is wrong. */
function forged(version: string, payload: string): string {
  const kid = keyturn.keyring.keys[0]?.id as string;
  return `${version}.${kid}.AAAAAAAAAAAA.${payload}.${'A'.repeat(43)}`;
}

function encoded(header: string): string {
  return `${Buffer.from(header).toString('base64url')}.e30.${'A'.repeat(43)}`;
}

function sessionCookie(): AppCookie {
  return new AppCookie('keyturn.sid', internalsOf(keyturn).settings, 'dev');
}

function provenance(origin: string): unknown {
  const origins = new ListedOrigins(['https://*.example.com'], 'token');
  const csrf = new Csrf(internalsOf(keyturn).ownSigner('csrf'), 'token', origins);
  const host = origin.replace('https://', '');
  return csrf.refuses({ origin, fetchSite: undefined, host, https: true }, undefined, undefined);
}

describe('the time that untrusted text costs grows with its length and no faster', () => {
  test.each(ROWS)('$name', async ({ make, run, n }) => {
    expect(await costRatio({ small: make(n), large: make(4 * n), run, most: MOST })).toBeLessThan(MOST);
  });
});
