import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import type { Links, LinksOptions } from '../../src/links/links.js';
import { OTHER_SECRET, ringOf, SECRET, testClock, testKeyturn, useRing } from '../support/keyturn.js';

const DAY = 86_400;
const links = async (options: LinksOptions = {}): Promise<Links> => (await testKeyturn()).links(options);
const GET = (url: string) => ({ method: 'GET', url });
const refused = (reason: string) => ({ ok: false, reason });

/** What a query parser of most servers makes of a URL. */
function meaning(url: string) {
  const { pathname, searchParams } = new URL(url, 'http://x');
  const pairs = [...searchParams].map((pair) => JSON.stringify(pair)).sort();
  return JSON.stringify([pathname.split('/').map(decode), pairs]);
}

/** A bare `;` is a delimiter to some. */
function decode(segment: string): string | string[] {
  try {
    return segment.split(';').map(decodeURIComponent);
  } catch {
    return segment;
  }
}

describe('a signed link', () => {
  test('is the URL with one more parameter, short enough to paste', async () => {
    const signer = await links();
    const token = /sig=(kt1\.[\w.-]+)$/.exec(signer.sign('/files/a'))?.[1] as string;
    expect(token).toHaveLength(95);
    expect(signer.sign('/files/a?x=1')).toMatch(/^\/files\/a\?x=1&sig=kt1\.[\w.-]+$/);
    expect(signer.sign('https://example.com')).toMatch(/^https:\/\/example\.com\/\?sig=kt1\./);
    expect(signer.sign('https://example.com:8443/a/?x=1#part')).toMatch(
      /^https:\/\/example\.com:8443\/a\/\?x=1&sig=[\w.-]+#part$/,
    );
    // Spelled as it was where that is a URL, encoded where it is none.
    expect(signer.sign("/Köln (1)/[a]?q='a b'|ü&r=a+b")).toMatch(
      /^\/K%C3%B6ln%20\(1\)\/\[a\]\?q=%27a%20b%27%7C%C3%BC&r=a\+b&sig=/,
    );
    expect(signer.sign('/a?')).toMatch(/^\/a\?sig=/);
    expect(signer.sign('/a?x=1&')).toMatch(/^\/a\?x=1&sig=/);
  });

  test('verifies, and says until when and by which key', async () => {
    const clock = testClock();
    const keyturn = await testKeyturn({ clock });
    const signer = keyturn.links({ maxAge: '2h' });
    const url = signer.sign('/files/a', { maxAge: '1h' });
    const result = { ok: true, stale: false, kid: keyturn.keyring.keys[0]?.id };
    expect(signer.verify(GET(url))).toEqual({ ...result, expiresAt: new Date(clock.now + 3_600_000) });
    expect(signer.verify({ method: 'HEAD', url })).toMatchObject(result);
    expect(signer.verify({ method: 'POST', url })).toEqual(refused('bind_mismatch'));
    clock.advance(3599);
    expect(signer.verify(GET(url)).ok).toBe(true);
    clock.advance(1);
    expect(signer.verify(GET(url))).toEqual(refused('expired'));
    const longer = signer.sign('/files/a');
    clock.advance(7199);
    expect(signer.verify(GET(longer)).ok).toBe(true);
    clock.advance(1);
    expect(signer.verify(GET(longer))).toEqual(refused('expired'));
  });

  test('lives a week at most, and code may only shorten that', async () => {
    const keyturn = await testKeyturn();
    expect(internalsOf(keyturn).registry.own('url')).toMatchObject({ maxAge: 7 * DAY, reserved: true });
    const tooLong = expect.objectContaining({ code: 'purpose_lifetime' });
    expect(() => keyturn.links({ maxAge: '8d' })).toThrow(tooLong);
    expect(() => keyturn.links().sign('/a', { maxAge: '8d' })).toThrow(tooLong);
    expect(() => keyturn.links({ maxAge: 'soon' })).toThrow(
      expect.objectContaining({ code: 'duration_invalid' }),
    );
    expect(() => keyturn.signer('url')).toThrow(expect.objectContaining({ code: 'purpose_reserved' }));
    const longer = await testKeyturn({ config: { purposes: { url: { max_age: '30d' } } } });
    expect(longer.links({ maxAge: '30d' }).verify(GET(longer.links().sign('/a'))).ok).toBe(true);
  });

  test('is for one method', async () => {
    const signer = await links();
    const url = signer.sign('/files/a', { method: 'put' });
    expect(signer.verify({ method: 'PUT', url }).ok).toBe(true);
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE', '', 'PUT\n', 'P UT'])
      expect(signer.verify({ method, url }).ok).toBe(false);
    for (const method of ['HEAD', 'a b', '', 'GET\n'])
      expect(() => signer.sign('/a', { method })).toThrow(expect.objectContaining({ code: 'link_invalid' }));
  });

  test('can be bound to a session or a user', async () => {
    const signer = await links();
    const url = signer.sign('/files/a', { bind: 'user:1' });
    expect(signer.verify(GET(url), { bind: 'user:1' }).ok).toBe(true);
    for (const bind of ['user:2', '', undefined, null, '\ud800'])
      expect(signer.verify(GET(url), { bind })).toEqual(refused('bind_mismatch'));
    expect(signer.verify(GET(url))).toEqual(refused('bind_mismatch'));
    expect(signer.verify(GET(signer.sign('/files/a')), { bind: 'user:1' })).toEqual(refused('bind_mismatch'));
    for (const bind of ['', undefined as unknown as string, '\ud800'])
      expect(() => signer.sign('/a', { bind })).toThrow(expect.objectContaining({ code: 'bind_invalid' }));
    // What it is bound to cannot pass for a part of the URL.
    const lines = signer.sign('/a', { bind: 'x\ny' });
    expect(signer.verify(GET(lines), { bind: 'x\ny' }).ok).toBe(true);
    expect(signer.verify(GET(lines), { bind: 'y' }).ok).toBe(false);
  });

  test('follows a rotation: staged, active, retiring, retired, revoked', async () => {
    const keyturn = await testKeyturn();
    const signer = keyturn.links();
    const old = signer.sign('/a');
    useRing(keyturn, ringOf([SECRET, 'active'], [OTHER_SECRET, 'staged']));
    expect(signer.verify(GET(old))).toMatchObject({ ok: true, stale: false });
    const early = signedBy(await testKeyturn(), ringOf([OTHER_SECRET, 'active']));
    expect(signer.verify(GET(early))).toMatchObject({ ok: true, stale: false });
    useRing(keyturn, ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
    expect(signer.verify(GET(old))).toMatchObject({ ok: true, stale: true });
    expect(signer.verify(GET(signer.sign('/a')))).toMatchObject({ ok: true, stale: false });
    useRing(keyturn, ringOf([OTHER_SECRET, 'active'], [SECRET, 'retired']));
    expect(signer.verify(GET(old))).toEqual(refused('retired_key'));
    useRing(keyturn, ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']));
    expect(signer.verify(GET(old))).toEqual(refused('revoked_key'));
    useRing(keyturn, ringOf([OTHER_SECRET, 'active']));
    expect(signer.verify(GET(old))).toEqual(refused('unknown_key'));
    expect(internalsOf(keyturn).ownLinks({}).knows(old)).toBe(false);
  });
});

function signedBy(keyturn: Keyturn, ring: ReturnType<typeof ringOf>): string {
  useRing(keyturn, ring);
  return keyturn.links().sign('/a');
}

describe('spellings of one URL', () => {
  // [signed, arrives as (the signature is added), accepted]
  const CASES: ReadonlyArray<readonly [string, string, boolean]> = [
    ['/a?x=1&y=2', '/a?y=2&x=1', true],
    ['/a?x=1&y=2', '/a?x=1', false],
    ['/a?x=1', '/a?x=1&y=2', false],
    ['/a?x=1', '/a?x=1&x=1', false],
    ['/a?x=1&x=1', '/a?x=1', false],
    ['/a?x=1', '/a?x=2', false],
    ['/a?x=1', '/a?X=1', false],
    // Which is the first, and which the last.
    ['/a?x=1&x=2', '/a?x=2&x=1', false],
    ['/a?x=1&y=3&x=2', '/a?y=3&x=1&x=2', true],
    ['/a?x[b]=1&x[c]=2', '/a?x[c]=2&x[b]=1', false],
    ['/a?x[]=1&x=2', '/a?x=2&x[]=1', false],
    ['/a?x.b=1&x=2', '/a?x=2&x.b=1', false],
    ['/a?x[b]=1', '/a?x%5Bb%5d=1', true],
    ['/a?x=1&y=2', '/a?x=2&y=1', false],
    ['/a', '/a?', true],
    ['/a', '/a?&', true],
    ['/a', '/a?=', false],
    ['/a?x=', '/a?x', true],
    ['/a?x=', '/a', false],
    ['/a?x=a=b', '/a?x=a=b', true],
    // A bare delimiter is none once it is encoded.
    ['/a?x=a=b', '/a?x=a%3Db', false],
    ['/a?x=b]=c', '/a?x=b]%3Dc', false],
    ['/a?x=1,2', '/a?x=1%2C2', false],
    ['/a?x=1?y', '/a?x=1%3Fy', false],
    ['/a?next=/b', '/a?next=%2Fb', false],
    ['/a?x=(1)', '/a?x=%281%29', true],
    ['/a?x=a%26y=b', '/a?x=a&y=b', false],
    ['/a?x=a b', '/a?x=a+b', true],
    ['/a?x=a%20b', '/a?x=a+b', true],
    ['/a?x=a+b', '/a?x=a%2Bb', false],
    ['/a b', '/a%20b', true],
    ['/a+b', '/a%20b', false],
    ['/a+b', '/a+b', true],
    ['/a+b', '/a%2Bb', false],
    ['/a@b:1', '/a%40b:1', false],
    ['/a%40b', '/a%40b', true],
    ['/a%2fb', '/a%2Fb', true],
    ['/a/b', '/a%2Fb', false],
    ['/a%252Fb', '/a%2Fb', false],
    ['/%7euser', '/~user', true],
    ["/it's (1)!*", '/it%27s%20%281%29%21%2A', true],
    ['/ü', '/%C3%BC', true],
    ['/ü', '/%c3%bc', true],
    // Composed and decomposed are other bytes, and so is Latin-1.
    ['/ü', '/u%CC%88', false],
    ['/ü', '/%FC', false],
    ['/\ufffd', '/%FF', false],
    ['/𝒜?😀=1', '/%F0%9D%92%9C?%F0%9F%98%80=1', true],
    // Letters that a careless regular expression takes for "s" and "k".
    ['/\u017f\u212a', '/%C5%BF%E2%84%AA', true],
    ['/\u017f\u212a', '/sK', false],
    ['/a#part', '/a', true],
    // A request has no fragment.
    ['/a', '/a#part', false],
    ['/a', '/a#', false],
    ['/a', '/a/', false],
    ['/a//b', '/a/b', false],
    ['/a//b', '/a//b', true],
    ['/A', '/a', false],
    ['/a/./b', '/a/b', true],
    ['/x/../a/b', '/a/b', true],
    ['/x/%2E%2e/a', '/a', true],
    ['/a/..', '/', true],
    ['/../a', '/a', true],
    ['/a/b/.', '/a/b/', true],
    // In a request a dot segment is an attempt to confuse.
    ['/a/b', '/a/./b', false],
    ['/a', '/b/../a', false],
    ['/a', '/b/%2e%2e/a', false],
    ['/a.b', '/a%2Eb', true],
    ['/a;b', '/a;b', true],
    ['/a;b', '/a%3Bb', false],
    ['/a?x=1;y=2', '/a?x=1%3By=2', false],
    ['/a', '/%61', true],
    ['/a?%73ize=1', '/a?size=1', true],
    ['https://example.com/a', '/a', true],
    ['/a', 'http://anything.example/a', true],
    ['https://example.com', '/', true],
    ['https://example.com?x=1', '/?x=1', true],
    ['https://example.com/a', 'example.com/a', false],
    ['/a', '//a', false],
    ['/a', '//evil.example/a', false],
    ['/?x=%2Fb', 'http://x?x=/b', false],
    ['/', 'http://x', false],
    ['/', 'http://x/', true],
    ['/a', 'HTTPS://x/a', true],
    // Beyond ASCII, as no client sends it.
    ['/ü', '/ü', false],
    ['/a?x=1', '/a?x=1\u00a0', false],
    ['/a?x=1', '/a?x=1 ', false],
    ['/a?x=1', '/a?\tx=1', false],
    ['/a/%00', '/a/%00', true],
    ['/a', '/a%00', false],
  ];

  test.each(CASES)('%s and %s: %s', async (signed, arrives, accepted) => {
    const signer = await links();
    const url = new URL(signer.sign(signed), 'http://x');
    const sig = url.searchParams.get('sig') as string;
    const [before, fragment] = arrives.split('#') as [string, string | undefined];
    const joint = before.includes('?') ? '&' : '?';
    const behind = fragment === undefined ? '' : `#${fragment}`;
    const arriving = `${before}${joint}sig=${sig}${behind}`;
    expect(signer.verify(GET(arriving)).ok).toBe(accepted);
    // The signature may stand anywhere, and be spelled in any way.
    const [place] = before.split('?', 1) as [string];
    const first = `${place}?s%69g=${sig.replaceAll('.', '%2e')}&${before.slice(place.length + 1)}${behind}`;
    expect(signer.verify(GET(first)).ok).toBe(accepted);
  });

  test('no signature, two of them, or an empty one', async () => {
    const signer = await links();
    const url = signer.sign('/a');
    const sig = url.slice(url.indexOf('sig='));
    for (const broken of ['/a', `${url}&${sig}`, `${url}&sig`, `${url}&s%69g=`, '/a?sig=', '/a?sig'])
      expect(signer.verify(GET(broken))).toEqual(refused('malformed'));
    expect(signer.verify(GET(`${url}&SIG=x`)).ok).toBe(false);
  });

  test('what cannot be signed is said', async () => {
    const signer = await links({ base: 'https://example.com' });
    for (const url of [
      '',
      'a',
      '?x=1',
      '//evil.example/a',
      '/a/..//b',
      'ftp://example.com/a',
      'javascript:alert(1)',
      'https://',
      'https:///a',
      'https://user@example.com/a',
      'https://evil.example/a',
      'https://exa mple/a',
      'https://example.com//a',
      '/%FF',
      '/a?x=%C0%AF',
      '/a?x=%ED%A0%80',
      `/a?${'x&'.repeat(1000)}`,
      '/a\\b',
      '/a\nb',
      '/100%',
      '/a?x=%zz',
      '/a?sig=x',
      '/a?s%69g=x',
      '/\ud800',
      `/${'x'.repeat(20_000)}`,
      undefined as unknown as string,
    ])
      expect(() => signer.sign(url), String(url).slice(0, 40)).toThrow(
        expect.objectContaining({ code: 'link_invalid' }),
      );
  });
});

describe('a base', () => {
  test('binds the origin, whatever host a request names', async () => {
    const keyturn = await testKeyturn();
    const here = keyturn.links({ base: 'https://example.com/' });
    const there = keyturn.links({ base: 'https://other.example' });
    const url = here.sign('https://EXAMPLE.com:443/a');
    expect(here.verify(GET(url)).ok).toBe(true);
    expect(here.verify(GET(url.replace(/^https:\/\/[^/]+/, ''))).ok).toBe(true);
    expect(here.verify(GET(url.replace(/^https:\/\/[^/]+/, 'http://localhost:3000'))).ok).toBe(true);
    expect(there.verify(GET(url)).ok).toBe(false);
    expect(keyturn.links().verify(GET(url)).ok).toBe(false);
    expect(here.verify(GET(here.sign('/a'))).ok).toBe(true);
    expect(() => there.sign(url.replace(/sig=.*/, ''))).toThrow(
      expect.objectContaining({ code: 'link_invalid' }),
    );
  });

  test('with a path, only what lies under it', async () => {
    const signer = await links({ base: '/my%20app/' });
    expect(signer.verify(GET(signer.sign('/my app/a'))).ok).toBe(true);
    expect(signer.verify(GET(signer.sign('/my app'))).ok).toBe(true);
    for (const url of ['/', '/a', '/my app2/a', '/my app/../a'])
      expect(() => signer.sign(url)).toThrow(expect.objectContaining({ code: 'link_invalid' }));
    const elsewhere = (await links()).sign('/a');
    expect(signer.verify(GET(elsewhere))).toEqual(refused('bind_mismatch'));
  });

  test('that a proxy strips is put back, and never guessed', async () => {
    const keyturn = await testKeyturn();
    const signer = keyturn.links({ base: 'https://example.com/app', stripped: true });
    const url = signer.sign('https://example.com/app/a?x=1');
    const query = url.slice(url.indexOf('?'));
    expect(signer.verify(GET(`/a${query}`)).ok).toBe(true);
    expect(signer.verify(GET(`/app/a${query}`)).ok).toBe(false);
    const kept = keyturn.links({ base: 'https://example.com/app' });
    expect(kept.verify(GET(`/app/a${query}`)).ok).toBe(true);
    expect(kept.verify(GET(`/a${query}`)).ok).toBe(false);
  });

  test('that is none is said', async () => {
    for (const base of ['', 'example.com', '/a?x', '/a#x', 'https://u@example.com', '/a/../b', 'ftp://a'])
      await expect(links({ base })).rejects.toMatchObject({ code: 'link_invalid' });
  });
});

describe('properties', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => text.isWellFormed()),
    fc.constantFrom('', ' ', '+', '&', '=', ';', '%', '/', '#', '?', "'", 'ü', 'u\u0308', 'sig2', '.', 'a.b'),
  );
  const segment = word.filter((text) => text !== '.' && text !== '..');
  const pairs = fc.array(
    fc.tuple(
      word.filter((name) => name !== 'sig'),
      word,
    ),
    { maxLength: 5 },
  );
  const path = fc
    .array(segment, { minLength: 1, maxLength: 4 })
    .map((segments) => `/x/${segments.map(encodeURIComponent).join('/')}`);
  const encodeAll = (text: string) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const spellings: ReadonlyArray<(text: string) => string> = [
    encodeURIComponent,
    encodeAll,
    (text) => new URLSearchParams([['', text]]).toString().slice(1),
  ];
  const join = (route: string, list: ReadonlyArray<readonly [string, string]>, spell = encodeURIComponent) =>
    `${route}?${list.map(([name, value]) => `${spell(name)}=${spell(value)}`).join('&')}`;

  test('in any order and any spelling it verifies', async () => {
    const signer = await links();
    fc.assert(
      fc.property(path, pairs, fc.infiniteStream(fc.nat(1000)), fc.nat(2), (route, list, numbers, how) => {
        const url = new URL(signer.sign(join(route, list)), 'http://x');
        const sig = url.searchParams.get('sig') as string;
        const all = [...list, ['sig', sig] as [string, string]];
        // What has one name stays in its order, and all does where names are nested.
        const places = new Map<string, number>();
        const place = ([name]: readonly [string, string]) => {
          const known = places.get(name) ?? (numbers.next().value as number);
          places.set(name, known);
          return known;
        };
        const nested = list.some(([name]) => /[.[\]]/.test(name));
        const shuffled = nested ? all : all.sort((one, other) => place(one) - place(other));
        expect(
          signer.verify(GET(join(route, shuffled, spellings[how] as typeof encodeURIComponent))).ok,
        ).toBe(true);
      }),
    );
  });

  test('a parameter added, removed, changed or doubled is refused', async () => {
    const signer = await links();
    fc.assert(
      fc.property(
        path,
        pairs,
        word.filter((name) => name !== 'sig'),
        word,
        fc.nat(),
        (route, list, name, value, at) => {
          const sig = new URL(signer.sign(join(route, list)), 'http://x').searchParams.get('sig') as string;
          const attempts: Array<ReadonlyArray<readonly [string, string]>> = [[...list, [name, value]]];
          if (list.length > 0) {
            const index = at % list.length;
            const [oldName, oldValue] = list[index] as [string, string];
            const others = list.toSpliced(index, 1);
            attempts.push(others, [...list, [oldName, oldValue]]);
            if (value !== oldValue) attempts.push([...others, [oldName, value]]);
            if (name !== oldName) attempts.push([...others, [name, oldValue]]);
          }
          for (const attempt of attempts)
            expect(signer.verify(GET(join(route, [...attempt, ['sig', sig]]))).ok).toBe(false);
        },
      ),
    );
  });

  test('any change of any character is refused, unless it is another spelling of the same URL', async () => {
    const signer = await links();
    const characters = fc.constantFrom(...'aAzZ019-._~/?&=%+;#:@!$\'()*, üé[]|"<>{}^`\\\u0000\n');
    const kinds = fc.constantFrom('replace', 'insert', 'remove');
    let refusals = 0;
    fc.assert(
      fc.property(path, pairs, fc.nat(), characters, kinds, (route, list, at, character, kind) => {
        const url = signer.sign(join(route, list));
        const index = at % url.length;
        const inserted = kind === 'remove' ? '' : character;
        const changed = url.slice(0, index) + inserted + url.slice(kind === 'insert' ? index : index + 1);
        const result = signer.verify(GET(changed));
        if (!result.ok) refusals++;
        else expect(meaning(changed)).toBe(meaning(url));
      }),
      { numRuns: 3000 },
    );
    expect(refusals).toBeGreaterThan(2000);
  });

  test('every single-character change of the signature is refused', async () => {
    const signer = await links();
    const url = signer.sign('/files/report.pdf?v=2');
    const start = url.indexOf('sig=') + 4;
    for (let at = start; at < url.length; at++) {
      for (const character of ['A', 'B', '_', '.', '']) {
        const changed = url.slice(0, at) + character + url.slice(at + 1);
        if (changed !== url) expect(signer.verify(GET(changed)).ok).toBe(false);
      }
    }
  });

  test('hostile URLs, methods and states never throw', async () => {
    const signers = [
      await links(),
      await links({ base: 'https://example.com/app', stripped: true }),
      await links({ base: '/app' }),
    ];
    const inner = internalsOf(await testKeyturn()).ownLinks({});
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom(
        'sig=',
        '&',
        '?',
        '%',
        '%ff',
        '%00',
        '..',
        '/',
        '//',
        '\\',
        'https://',
        '@',
        '[',
        'kt1.',
        '\ud800',
      ),
      fc.constant(signers[0]?.sign('/a') as string),
    );
    const hostile = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(hostile, fc.string(), fc.anything(), (url, method, bind) => {
        for (const signer of signers) {
          expect(signer.verify({ method, url }, { bind: bind as string }).ok).toBe(false);
          inner.knows(url);
          for (const start of ['', '/']) expect(typeof signer.verify(GET(start + url)).ok).toBe('boolean');
        }
      }),
      { numRuns: 1000 },
    );
    for (const url of [undefined, null, 1, {}, [], 'x'.repeat(10 ** 6), `/?${'&a=b'.repeat(10 ** 5)}`])
      expect(signers[0]?.verify(GET(url as string))).toEqual(refused('malformed'));
  });
});
