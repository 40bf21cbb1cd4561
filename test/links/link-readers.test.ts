// No two URLs that one signature is good for mean different things to a server, whichever parser it uses.
import { createRequire } from 'node:module';
import { parse as parseQuery } from 'node:querystring';
import { parse as parseUrl } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Links } from '../../src/links/links.js';
import { testKeyturn } from '../support/keyturn.js';

const ofFastify = createRequire(createRequire(import.meta.url).resolve('fastify'));
const ofRouter = createRequire(ofFastify.resolve('find-my-way'));
const { sanitizeUrlPath } = ofFastify('find-my-way') as {
  sanitizeUrlPath(url: string, semicolon: boolean): { path: string; querystring: string };
};
const fastQuery = ofRouter('fast-querystring') as { parse(query: string): Record<string, unknown> };

/**
 * As qs does, the parser of Express: brackets encoded or not, `]=` before the first `=`, values in their order; and where
 * it is told so, values that bare commas take apart.
 */
function nestedPairs(query: string, comma: RegExp | '\n'): ReadonlyArray<readonly [string[], string[]]> {
  const text = query.replace(/%5B/gi, '[').replace(/%5D/gi, ']');
  return text
    .split('&', 1000)
    .filter((pair) => pair !== '')
    .map((pair) => {
      const bracket = pair.indexOf(']=');
      const equals = bracket < 0 ? pair.indexOf('=') : bracket + 1;
      const name = lenient(equals < 0 ? pair : pair.slice(0, equals));
      const values = equals < 0 ? [''] : pair.slice(equals + 1).split(comma);
      return [name.split(/[[\].]+/), values.map(lenient)] as const;
    });
}

/** What cannot be decoded stays as it is spelled. */
function lenient(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** Pairs by their first name, each in its order; with nested names the order of all may matter. */
function grouped(pairs: ReadonlyArray<readonly [string[], string[]]>): unknown {
  if (pairs.some(([path]) => path.length > 1)) return pairs.filter(([path]) => path[0] !== 'sig');
  const groups: Record<string, string[][]> = {};
  for (const [[name = ''], values] of pairs) groups[name] = [...(groups[name] ?? []), values];
  return sorted(groups);
}

function sorted(values: object): unknown {
  return Object.entries(values)
    .filter(([name]) => name !== 'sig')
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

const READERS: Readonly<Record<string, (url: string) => unknown>> = {
  'node:url, as URL': (url) => {
    const { pathname, searchParams, hash } = new URL(url, 'http://x');
    const names = [...new Set(searchParams.keys())].filter((name) => name !== 'sig').sort();
    return [pathname.split('/').map(lenient), names.map((name) => [name, searchParams.getAll(name)]), hash];
  },
  'node:url and node:querystring': (url) => {
    const { pathname, query, hash } = parseUrl(url);
    return [(pathname ?? '').split('/').map(decodeURIComponent), sorted(parseQuery(query ?? '')), hash];
  },
  'all behind the first question mark': (url) => sorted(parseQuery(url.slice(url.indexOf('?') + 1))),
  'the piece behind the first question mark': (url) => sorted(parseQuery(url.split('?')[1] ?? '')),
  qs: (url) => grouped(nestedPairs(parseUrl(url).query ?? '', '\n')),
  'qs, with commas': (url) => grouped(nestedPairs(parseUrl(url).query ?? '', /,/)),
  Fastify: (url) => fastify(url, false),
  'Fastify, with semicolons': (url) => (/^[^?]*;/.test(url) ? undefined : fastify(url, true)),
  'semicolons as separators': (url) => sorted(parseQuery((parseUrl(url).query ?? '').replaceAll(';', '&'))),
};

function fastify(url: string, semicolon: boolean): unknown {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const { path, querystring } = sanitizeUrlPath(target, semicolon);
  return [path, sorted(fastQuery.parse(querystring))];
}

/** What an attacker does to the text of a link. */
const EDITS: ReadonlyArray<(url: string, at: number, bit: string) => string> = [
  (url, at, bit) => url.slice(0, at) + bit + url.slice(at),
  (url, at, bit) => url.slice(0, at) + bit + url.slice(at + 1),
  (url, at) => url.slice(0, at) + url.slice(at + 1),
  (url, _at, bit) => url + bit,
  // Another spelling of one character.
  (url, at) =>
    `${url.slice(0, at)}%${(url.codePointAt(at) ?? 0).toString(16).padStart(2, '0')}${url.slice(at + 1)}`,
  (url, at) => url.slice(0, at) + url.slice(at).replace(/%[0-9a-f]{2}/i, decode),
  (url, at) => url.slice(0, at) + url.slice(at).replace(/%[0-9a-f]{2}/i, (code) => code.toLowerCase()),
  (url, at) => url.slice(0, at) + url.slice(at).replace(/%20|\+/, (space) => (space === '+' ? '%20' : '+')),
  // Two parameters change places.
  (url) => url.replace(/([^?&]*)&([^&]*)$/, '$2&$1'),
  (url) => url.replace(/\?([^&]*)&([^&]*)/, '?$2&$1'),
  (url, at) => url.slice(0, at) + url.slice(at).replace(/&([^&]*)&([^&]*)/, '&$2&$1'),
  (url, _at, bit) => `http://x${bit}${url}`,
];

function decode(code: string): string {
  try {
    return decodeURIComponent(code);
  } catch {
    return code;
  }
}

const BITS = [
  ...'#?&=;+/\\,.[]%@:!$\'()* "<>|^`{}~\t\n\u00a0\ufeffü',
  '#&role=admin',
  '&role=admin',
  ';role=admin',
  '?role=admin',
  '%23&role=admin',
  '&&',
  '&x',
  '&x=',
  '=',
  '[]',
  ']=',
  '%5D=',
  '%5d%3d',
  '%2F',
  '%2e%2e/',
  '/../',
  '/./',
  '//',
  '%00',
  '%ff',
  '%C0%AF',
  '%u0041',
  '%25',
  '%2B',
  '%2C',
];

describe('what a signature is good for', () => {
  let links: Links;
  beforeAll(async () => {
    links = (await testKeyturn()).links();
  });

  const URLS = [
    '/invoices/17',
    '/invoices/17?format=pdf',
    '/a?x=1&y=2&z=3',
    '/a?x=1&x=2&y=3',
    '/a?x[b]=1&x[c]=2&x=3',
    '/a?x[]=1&x[]=2&y=b]=c&z',
    '/a?x.b=1&x=2',
    '/a?x=1;y=2&y=3',
    '/a?x=1,2&y=a=b&z=a%3Db',
    '/a?q=a+b%20c%2Bd&r=100%25&next=/b?c',
    '/a b/ü;v=1/x%2Fy@z?=&=1&b',
    '/~user/(1)/it%27s?%E2%82%AC=%F0%9F%98%80',
  ];

  test('is one meaning, whoever reads it', () => {
    let accepted = 0;
    const edit = fc.tuple(
      fc.nat(EDITS.length - 1),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(...BITS),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...URLS),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (plain, edits) => {
          const url = links.sign(plain);
          let changed = url;
          for (const [kind, where, bit] of edits) {
            // Not within the signature: a change there is refused for another reason.
            const end = plain.length + 2;
            changed = EDITS[kind]?.(changed, Math.floor(where * end), bit) ?? changed;
          }
          if (changed === url || !links.verify({ method: 'GET', url: changed }).ok) return;
          accepted++;
          for (const [name, read] of Object.entries(READERS))
            expect(read(changed), `${name}: ${changed}`).toEqual(read(url));
        },
      ),
      { numRuns: 6000 },
    );
    expect(accepted).toBeGreaterThan(150);
  });

  test('is no more than was signed, with anything added anywhere', () => {
    for (const plain of URLS) {
      const url = links.sign(plain);
      for (const bit of BITS) {
        for (let at = 0; at <= url.length; at++) {
          const changed = url.slice(0, at) + bit + url.slice(at);
          if (!links.verify({ method: 'GET', url: changed }).ok) continue;
          for (const [name, read] of Object.entries(READERS))
            expect(read(changed), `${name}: ${changed}`).toEqual(read(url));
        }
      }
    }
  });
});
