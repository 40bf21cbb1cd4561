import { parseCookie, stringifySetCookie } from 'cookie';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RequestCookies } from '../../src/http/request-cookies.js';
import { internalsOf } from '../../src/keyturn.js';
import { AppCookie, COOKIE_LIMIT, findCookies } from '../../src/sessions/cookie.js';
import { testKeyturn } from '../support/keyturn.js';
import { computed } from '../support/waiting.js';

const NAME = 'keyturn.sid';
const findAll = (header: string) => findCookies(header, `${NAME}=`);
const find = (header: string) => findAll(header)[0];

async function cookieOf(
  settings: Record<string, unknown> = {},
  profile: 'dev' | 'prod' = 'dev',
  base = NAME,
) {
  const keyturn = await testKeyturn({ profile, config: { session: { cookie: settings } } });
  return new AppCookie(base, internalsOf(keyturn).settings, profile);
}

describe('finding a cookie', () => {
  const tokens = fc.stringMatching(/^[\w.-]{0,40}$/);
  // What surrounds a name, what is like a name, and what is none.
  const pieces = fc.oneof(
    fc.constantFrom(
      NAME,
      `x${NAME}`,
      `${NAME}x`,
      '__Host-keyturn.sid',
      'keyturn',
      'KEYTURN.SID',
      '=',
      ';',
      '; ',
    ),
    fc.constantFrom(
      ' ',
      '\t',
      '"',
      ',',
      '%',
      '%20',
      '%zz',
      '\u00a0',
      `${NAME}=`,
      `;${NAME}=`,
      '=;=',
      ';;',
      'a=b',
    ),
    tokens,
  );

  test('finds what the package cookie finds, in any header, for values such as tokens', () => {
    let found = 0;
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const header = parts.join('');
        const expected = parseCookie(header, { decode: (value) => value })[NAME]?.trim();
        // A name with a space before its "=" is none that a browser sends: then the two may differ.
        fc.pre(!/keyturn\.sid[ \t]+=/.test(header));
        if (expected === undefined) return find(header) === undefined;
        fc.pre(/^[\w.-]*$/.test(expected));
        found += 1;
        return find(header) === expected;
      }),
      { numRuns: 20_000 },
    );
    expect(found).toBeGreaterThan(1000);
  });

  test('all of one name are found, in their order, and no endless number of them', () => {
    expect(findAll(`${NAME}=one; a=${NAME}=x; ${NAME}=two;${NAME}=; x${NAME}=y`)).toEqual(['one', 'two', '']);
    const many = Array.from({ length: 500 }, (_, n) => `${NAME}=${n}`).join('; ');
    expect(findAll(many)).toEqual(Array.from({ length: 16 }, (_, n) => String(n)));
  });

  test('what a request carries is looked for once', async () => {
    const cookie = await cookieOf();
    const cookies = new RequestCookies(`${NAME}=one; ${NAME}=two`);
    expect(cookies.tokens(cookie)).toHaveLength(2);
    expect(cookies.tokens(cookie)).toBe(cookies.tokens(cookie));
    expect(new RequestCookies(undefined).tokens(cookie)).toEqual([]);
  });

  test('the first of several counts, wherever it stands', () => {
    expect(find(`a=1; ${NAME}=one; ${NAME}=two`)).toBe('one');
    expect(find(`${NAME}=; ${NAME}=two`)).toBe('');
    expect(find(`${NAME}=one;b=2`)).toBe('one');
    expect(find(` \t${NAME}=one \t;`)).toBe('one');
  });

  test('no part of another name or value passes for it', () => {
    for (const header of [
      `x${NAME}=evil`,
      `x-${NAME}=evil`,
      `__Host-${NAME}=evil`,
      `a=${NAME}=evil`,
      `a="; x${NAME}=evil`,
      `a ${NAME}=evil`,
      `${NAME}`,
      `${NAME};=evil`,
      `${NAME.toUpperCase()}=evil`,
      '',
    ]) {
      expect([header, find(header)]).toEqual([header, undefined]);
    }
  });

  test('16 KB of the worst that fits costs no more than milliseconds', () => {
    const worst = [
      `x${NAME}=`.repeat(1200),
      `a=1${' '.repeat(16_000)}${NAME}=`,
      `${' '.repeat(8)}x${NAME}=;`.repeat(700),
    ];
    for (const header of worst) {
      const cost = computed(() => {
        for (let round = 0; round < 10; round++) find(header);
      });
      // Quadratic behaviour would take seconds.
      expect(cost).toBeLessThan(1000);
    }
  });
});

describe('a cookie of the app', () => {
  test('one of 4096 bytes is set, one of more is not', async () => {
    const cookie = await cookieOf();
    const room = COOKIE_LIMIT - (cookie.set('', 60) as string).length;
    expect(cookie.set('x'.repeat(room), 60)).toHaveLength(COOKIE_LIMIT);
    expect(cookie.set('x'.repeat(room + 1), 60)).toBeUndefined();
  });

  test('what sets it and what removes it carry the same name and attributes', async () => {
    for (const [settings, profile] of [
      [{}, 'dev'],
      [{}, 'prod'],
      [{ domain: 'example.com', path: '/app', same_site: 'strict' }, 'prod'],
      [{ partitioned: true, same_site: 'none' }, 'dev'],
    ] as const) {
      const cookie = await cookieOf(settings, profile);
      const set = cookie.set('v', 60) as string;
      expect(cookie.clear()).toBe(set.replace('=v; Max-Age=60;', '=; Max-Age=0;'));
      expect(cookie.set('v', undefined)).toBe(set.replace(' Max-Age=60;', ''));
      expect(cookie.find(`a=1; ${cookie.name}=v`)).toEqual(['v']);
    }
  });

  test('is written as the package cookie writes it', async () => {
    const domains = fc.constantFrom(undefined, 'example.com', '.example.com', 'localhost');
    const paths = fc.constantFrom('/', '/app', '/a/b~c');
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          domain: domains,
          path: paths,
          same_site: fc.constantFrom('strict' as const, 'lax' as const, 'none' as const),
          partitioned: fc.boolean(),
        }),
        fc.constantFrom('dev' as const, 'prod' as const),
        async ({ domain, ...settings }, profile) => {
          const named = domain === undefined ? settings : { domain, ...settings };
          const cookie = await cookieOf(named, profile);
          const { path, same_site: sameSite, partitioned } = settings;
          const secure = profile === 'prod' || partitioned || sameSite === 'none';
          const attributes = { path, sameSite, partitioned, secure, httpOnly: true, maxAge: 60 };
          const given = domain === undefined ? attributes : { domain, ...attributes };
          expect(cookie.set('v', 60)).toBe(stringifySetCookie({ name: cookie.name, value: 'v', ...given }));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('what browsers take only with Secure is Secure in development too', async () => {
    for (const settings of [{ same_site: 'none' }, { partitioned: true }]) {
      expect((await cookieOf(settings)).set('v', undefined)).toContain('; Secure');
    }
    expect((await cookieOf({ same_site: 'strict' })).set('v', undefined)).not.toContain('Secure');
  });

  test('names, domains and paths that make no cookie are refused, and prefixes are for production to add', async () => {
    for (const [settings, base] of [
      [{}, 'bad name'],
      [{}, 'bad;name'],
      [{}, 'bad=name'],
      [{}, 'bäd'],
      [{}, '__Host-keyturn.sid'],
      [{}, '__secure-keyturn.sid'],
      [{ domain: 'exa mple' }, NAME],
      [{ domain: 'example.com; Secure' }, NAME],
      [{ path: '/a; HttpOnly' }, NAME],
      [{ path: '/\r\nset-cookie: a=b' }, NAME],
    ] as const) {
      await expect(cookieOf(settings, 'prod', base)).rejects.toMatchObject({ code: 'cookie_invalid' });
    }
  });
});
