import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Dependence, guardFromCaches, isPubliclyCacheable } from '../../src/http/cache-control.js';

/** The fields that go out, and whether something personal goes out publicly. */
function guarded(fields: Record<string, string>, dependence: Partial<Dependence> = {}) {
  const headers = new Headers(fields);
  const told = guardFromCaches(headers, {
    varies: ['Cookie'],
    personal: true,
    setsCookie: false,
    ...dependence,
  });
  return { ...Object.fromEntries(headers), told };
}

describe('Vary', () => {
  test.each([
    [undefined, 'Cookie'],
    ['', 'Cookie'],
    ['Accept', 'Accept, Cookie'],
    ['accept,accept-encoding', 'accept, accept-encoding, Cookie'],
    ['Accept, COOKIE', 'Accept, COOKIE'],
    ['cookie', 'cookie'],
    ['X-Cookie', 'X-Cookie, Cookie'],
    ['*', '*'],
    ['Accept, *', 'Accept, *'],
  ])('%s becomes %s', (said, sent) => {
    const { vary } = guarded(said === undefined ? {} : { vary: said }, { personal: false }) as any;
    expect(vary).toBe(sent);
  });

  test('says nothing of cookies where nobody looked at them', () => {
    expect(guarded({ vary: 'Accept' }, { varies: [], personal: false })).toEqual({
      vary: 'Accept',
      told: false,
    });
  });
});

describe('a personal response', () => {
  const control = (fields: Record<string, string>) => {
    const { vary, ...rest } = guarded(fields) as any;
    expect(vary).toBe('Cookie');
    return rest;
  };

  test.each([
    ['max-age=60', 'private, max-age=60'],
    ['s-maxage=60, max-age=5, must-revalidate', 'private, max-age=5, must-revalidate'],
    ['no-cache', 'private, no-cache'],
    ['', 'private'],
    ['private', 'private'],
    ['no-store', 'no-store'],
    ['Private, max-age=1', 'Private, max-age=1'],
    // About one field, and not about the response.
    ['private="set-cookie, x-user", max-age=1', 'private, private="set-cookie, x-user", max-age=1'],
    ['no-cache="x, public"', 'private, no-cache="x, public"'],
    ['x-private, not-public', 'private, x-private, not-public'],
  ])('Cache-Control: %s becomes %s', (said, sent) => {
    expect(control({ 'cache-control': said })).toEqual({ 'cache-control': sent, told: false });
  });

  test('without a word of the app is private; Expires alone makes no difference', () => {
    expect(control({})).toEqual({ 'cache-control': 'private', told: false });
    const expires = 'Thu, 01 Dec 2094 16:00:00 GMT';
    expect(control({ expires })).toEqual({ 'cache-control': 'private', expires, told: false });
  });

  test.each([
    'cdn-cache-control',
    'cloudflare-cdn-cache-control',
    'vercel-cdn-cache-control',
    'netlify-cdn-cache-control',
    'akamai-cache-control',
    'fastly-cache-control',
    'x-litespeed-cache-control',
    'surrogate-control',
    'edge-control',
  ])('is kept from whoever goes by %s', (name) => {
    expect(control({ [name]: 'max-age=600, stale-while-revalidate=60' })).toEqual({
      'cache-control': 'private',
      [name]: 'private, no-store',
      told: false,
    });
    expect(control({ [name]: 'no-store' })[name]).toBe('no-store');
    expect(control({ [name]: 'private' })[name]).toBe('private');
  });

  test('what those fields say of other things stays', () => {
    expect(control({ 'surrogate-control': 'max-age=60, content="ESI/1.0"' })['surrogate-control']).toBe(
      'private, no-store, content="ESI/1.0"',
    );
    expect(control({ 'edge-control': '!no-store, cache-maxage=1d' })['edge-control']).toBe(
      'private, no-store',
    );
  });

  test.each(['600', '@1999999999'])('nginx is told not to keep it: X-Accel-Expires: %s', (said) => {
    expect(control({ 'x-accel-expires': said })).toMatchObject({ 'x-accel-expires': '0' });
  });

  test.each([
    { 'cache-control': 'public, max-age=60' },
    { 'cache-control': 'PUBLIC' },
    { 'cache-control': 'max-age=0', 'cdn-cache-control': 'public, max-age=60' },
  ])('that the app calls public stays so, which is told: %j', (fields) => {
    expect(control(fields)).toEqual({ ...fields, told: true });
  });

  test('is never public with a cookie on it', () => {
    const fields = {
      'cache-control': 'public, s-maxage=9, max-age=60',
      'cdn-cache-control': 'public, max-age=60',
    };
    expect(guarded(fields, { setsCookie: true })).toMatchObject({
      'cache-control': 'private, max-age=60',
      'cdn-cache-control': 'private, no-store',
      told: false,
    });
  });

  test('whatever the app has said, ends private or is told of, and guarding twice changes nothing more', () => {
    const directive = fc.constantFrom(
      'public',
      'private',
      'no-store',
      'max-age=60',
      's-maxage=0',
      'private="x"',
      'no-cache="a, b"',
      '"',
      '',
      ' ',
    );
    const name = fc.constantFrom('cache-control', 'cdn-cache-control', 'surrogate-control', 'vary', 'etag');
    const fields = fc.dictionary(
      name,
      fc.array(directive).map((list) => list.join(',')),
    );
    fc.assert(
      fc.property(fields, fc.boolean(), (said, setsCookie) => {
        const { told, ...once } = guarded(said, { setsCookie });
        const { told: again, ...twice } = guarded(once as any, { setsCookie });
        expect(again).toBe(told);
        expect(twice).toEqual(once);
        if (!told) expect((once as any)['cache-control']).toMatch(/(^|, ?)(private|no-store)(,|$)/);
        if (setsCookie) expect(told).toBe(false);
      }),
    );
  });
});

test.each([
  [{}, false],
  [{ 'cache-control': 'max-age=60' }, false],
  [{ 'cache-control': 'public' }, true],
  [{ 'cache-control': 'max-age=1, S-MaxAge=60' }, true],
  [{ 'cache-control': 's-maxage=0' }, false],
  [{ 'cache-control': 'private, s-maxage=60' }, false],
  [{ 'cache-control': 'no-cache="public, x"' }, false],
  [{ 'cdn-cache-control': 'max-age=600' }, true],
  [{ 'cdn-cache-control': 'max-age=0' }, false],
  [{ 'cdn-cache-control': 'no-store' }, false],
  [{ 'surrogate-control': 'content="ESI/1.0"' }, false],
  [{ 'edge-control': 'cache-maxage=1d' }, true],
  [{ 'x-accel-expires': '60' }, true],
  [{ 'x-accel-expires': '0' }, false],
  [{ 'x-accel-expires': 'off' }, false],
] as ReadonlyArray<
  readonly [Record<string, string>, boolean]
>)('%j: meant for everybody is %s', (fields, shared) => {
  expect(isPubliclyCacheable(new Headers(fields))).toBe(shared);
});
