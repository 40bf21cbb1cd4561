// What the life of a key does not show: what a late replica does, what is refused, secrets of the old days.
import { afterEach, describe, expect, test } from 'vitest';
import { authjsKeys } from '../../src/bridges/authjs/index.js';
import { betterAuthKeys } from '../../src/bridges/better-auth/index.js';
import { setCookieParts } from '../../src/bridges/cookie-header.js';
import { nextAuthKeys } from '../../src/bridges/next-auth/index.js';
import type { Keyturn } from '../../src/keyturn.js';
import { manualClock } from '../../src/testing/clock.js';
import { liveRing, OTHER_SECRET, SECRET, testKeyturn, useRing } from '../support/keyturn.js';
import { emailProvider, memoryAdapter } from './apps/auth-flows.mjs';
import { listen } from './apps/listen.mjs';
import { keyturnOf } from './life.js';
import { neighbour } from './neighbours.js';
import { LifeRings } from './rings.js';
import { Visitor } from './visitor.js';

const ORIGIN = 'https://app.example';
/** What `/csrf` answers. */
type Forms = { readonly csrfToken: string };

const open: Keyturn[] = [];
afterEach(async () => {
  for (const keyturn of open.splice(0)) await keyturn.close();
});

/** Auth.js without a server, where requests are handed to it: one replica. */
async function replica(
  rings: LifeRings,
  shared: Map<string, unknown>,
  config: Readonly<Record<string, unknown>> = {},
  options: Readonly<Record<string, unknown>> = {},
) {
  const { Auth } = await neighbour('@auth/core');
  const keyturn = await keyturnOf(rings, manualClock(Date.now()), config);
  open.push(keyturn);
  const withKeys = authjsKeys(keyturn, {
    basePath: '/auth',
    trustHost: true,
    session: { strategy: 'jwt' },
    adapter: memoryAdapter(shared),
    providers: [emailProvider(shared)],
    logger: { error: () => undefined },
    ...options,
  });
  const ask = async (visitor: Visitor, path: string, fields?: Record<string, string>) => {
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const request = new Request(`${ORIGIN}/auth${path}`, {
      headers: { cookie, origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' },
      ...(fields && { method: 'POST', body: new URLSearchParams(fields).toString() }),
    });
    const response = await withKeys.renew(request, await Auth(request, await withKeys(request)));
    const sent = response.headers.getSetCookie();
    for (const line of sent) visitor.take(line);
    return { response, sent };
  };
  const signIn = async () => {
    const visitor = new Visitor();
    const email = `${shared.size}@app.example`;
    const { csrfToken } = (await (await ask(visitor, '/csrf')).response.json()) as Forms;
    await ask(visitor, '/signin/email', { email, csrfToken });
    const link = new URL((shared.get('mailed') as Map<string, string>).get(email) ?? '');
    await ask(visitor, `${link.pathname.slice(5)}${link.search}`);
    return visitor;
  };
  const use = (name: Parameters<LifeRings['of']>[0]) => useRing(keyturn, rings.of(name));
  const loseTouch = () => liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });
  return { ask, loseTouch, signIn, use, withKeys };
}

const SESSION = '__Secure-authjs.session-token';
const FORMS = '__Host-authjs.csrf-token';

describe('a late replica', () => {
  test('leaves a session as it is that a replica has sealed which is a step ahead', async () => {
    const rings = new LifeRings();
    const shared = new Map<string, unknown>();
    const ahead = await replica(rings, shared);
    const late = await replica(rings, shared);
    ahead.use('promoted');
    late.use('staged');
    const visitor = await ahead.signIn();
    const before = visitor.cookies.get(SESSION);
    const { response } = await late.ask(visitor, '/session');
    expect(await response.json()).toMatchObject({ user: { email: expect.any(String) } });
    expect(before).toBeDefined();
    expect(visitor.cookies.get(SESSION)).toBe(before);
    // One that has followed seals it anew, as the library does.
    late.use('promoted');
    await late.ask(visitor, '/session');
    expect(visitor.cookies.get(SESSION)).not.toBe(before);
  });

  test('leaves the cookie of forms as it is, and takes the form', async () => {
    const rings = new LifeRings();
    const shared = new Map<string, unknown>();
    const ahead = await replica(rings, shared);
    const late = await replica(rings, shared);
    ahead.use('promoted');
    late.use('staged');
    const visitor = await ahead.signIn();
    const before = visitor.cookies.get(FORMS);
    await late.ask(visitor, '/session');
    expect(visitor.cookies.get(FORMS)).toBe(before);
  });
});

describe('a session in a database', () => {
  const inDatabase = async (session: Readonly<Record<string, unknown>> = {}) => {
    let now = Date.now();
    const shared = new Map<string, unknown>();
    const rings = new LifeRings(() => now);
    const app = await replica(rings, shared, {}, { session: { strategy: 'database', ...session } });
    const isSignedIn = async (visitor: Visitor) =>
      (await (await app.ask(visitor, '/session')).response.json()) !== null;
    const tokens = () => [...(shared.get('db') as { sessions: Map<string, unknown> }).sessions.keys()];
    return { ...app, isSignedIn, tokens, pass: (milliseconds: number) => (now += milliseconds) };
  };

  test('ends with a key that has signed since it began, and is deleted then', async () => {
    const { signIn, isSignedIn, use, tokens, pass } = await inDatabase();
    const visitor = await signIn();
    expect(tokens()).toEqual([expect.stringMatching(/^[\w-]{22}\.\d{13}$/)]);
    pass(60_000);
    for (const ring of ['staged', 'promoted', 'retired'] as const) {
      use(ring);
      expect(await isSignedIn(visitor)).toBe(true);
    }
    use('revoked');
    expect(await isSignedIn(visitor)).toBe(false);
    expect(tokens()).toEqual([]);
    expect(visitor.cookies.get(SESSION) ?? '').toBe('');
  });

  test('that began after the revocation lives', async () => {
    const { signIn, isSignedIn, use, pass } = await inDatabase();
    pass(-60_000);
    use('revoked');
    expect(await isSignedIn(await signIn())).toBe(true);
  });

  test('with a token that the app makes itself is left to the app', async () => {
    const { signIn, isSignedIn, use, tokens, pass } = await inDatabase({ generateSessionToken: () => 'own' });
    const visitor = await signIn();
    pass(60_000);
    use('revoked');
    expect(tokens()).toEqual(['own']);
    expect(await isSignedIn(visitor)).toBe(true);
  });
});

test('a replica that must not sign says who is signed in, and seals nothing', async () => {
  const { ask, loseTouch, signIn, use } = await replica(new LifeRings(), new Map());
  const visitor = await signIn();
  const before = new Map(visitor.cookies);
  use('promoted');
  loseTouch();
  const { response } = await ask(visitor, '/session');
  expect(await response.json()).toMatchObject({ user: { email: expect.any(String) } });
  expect(visitor.cookies).toEqual(before);
  await expect(ask(visitor, '/signout', { csrfToken: 'any' })).rejects.toMatchObject({
    code: 'keyring_unavailable',
  });
});

test('the cookie of forms is signed again with its token and its attributes, once', async () => {
  const { ask, signIn, use } = await replica(new LifeRings(), new Map());
  const visitor = new Visitor();
  const { sent: first } = await ask(visitor, '/csrf');
  const line = (lines: readonly string[]) => lines.find((one) => setCookieParts(one).name === FORMS);
  const [before] = [line(first)];
  use('promoted');
  const { response, sent } = await ask(visitor, '/csrf');
  const after = line(sent) ?? '';
  const tokenIn = (one = '') => decodeURIComponent(setCookieParts(one).value).split('|')[0];
  const attributesOf = (one = '') => setCookieParts(one).attributes.toLowerCase().split('; ').toSorted();
  expect(tokenIn(after)).toBe(tokenIn(before));
  expect(await response.json()).toEqual({ csrfToken: tokenIn(before) });
  expect(attributesOf(after)).toEqual(attributesOf(before));
  expect(line((await ask(visitor, '/csrf')).sent)).toBeUndefined();
  use('retired');
  expect(await (await ask(visitor, '/csrf')).response.json()).toEqual({ csrfToken: tokenIn(before) });
  await signIn();
});

test('a form of another visitor, or of nobody, is not taken', async () => {
  const { ask, signIn } = await replica(new LifeRings(), new Map());
  const visitor = await signIn();
  const { csrfToken } = (await (await ask(new Visitor(), '/csrf')).response.json()) as Forms;
  for (const token of [csrfToken, '', 'x'.repeat(64)]) {
    expect((await ask(visitor, '/session', { csrfToken: token })).response.status).toBe(400);
  }
  visitor.cookies.set(FORMS, encodeURIComponent(`${csrfToken}|${'0'.repeat(64)}`));
  expect((await ask(visitor, '/session', { csrfToken })).response.status).toBe(400);
});

test('a link works once, and an old one is not found by another token', async () => {
  const shared = new Map<string, unknown>();
  const { ask, signIn, use } = await replica(new LifeRings(), shared);
  await signIn();
  const [link] = [...(shared.get('mailed') as Map<string, string>).values()];
  use('promoted');
  const again = new Visitor();
  const { pathname, search } = new URL(link ?? '');
  await ask(again, `${pathname.slice(5)}${search}`);
  expect(again.cookies.has(SESSION)).toBe(false);
});

test('a link is made with the key that signs, even for a form of one that goes', async () => {
  const shared = new Map<string, unknown>();
  const { ask, use } = await replica(new LifeRings(), shared);
  const visitor = new Visitor();
  const { csrfToken } = (await (await ask(visitor, '/csrf')).response.json()) as Forms;
  use('promoted');
  await ask(visitor, '/signin/email', { email: 'ada@app.example', csrfToken });
  use('retired');
  const [mailed] = [...(shared.get('mailed') as Map<string, string>).values()];
  const link = new URL(mailed ?? '');
  await ask(visitor, `${link.pathname.slice(5)}${link.search}`);
  expect(visitor.cookies.has(SESSION)).toBe(true);
});

test('several secrets of the old days are mixed in as the library has done it', async () => {
  const { Auth } = await neighbour('@auth/core');
  const shared = new Map<string, unknown>();
  const config = {
    basePath: '/auth',
    trustHost: true,
    secret: [SECRET, OTHER_SECRET],
    providers: [],
    adapter: memoryAdapter(shared),
  };
  const visitor = new Visitor();
  const response: Response = await Auth(new Request(`${ORIGIN}/auth/csrf`), config);
  for (const line of response.headers.getSetCookie()) visitor.take(line);
  const { csrfToken } = (await response.json()) as Forms;
  for (const phase of ['beside', 'over']) {
    const move_in = { authjs: { secrets: [SECRET, OTHER_SECRET], phase } };
    const { ask } = await replica(new LifeRings(), shared, { move_in });
    expect(await (await ask(visitor, '/csrf')).response.json()).toEqual({ csrfToken });
  }
});

test('a provider with a secret of its own keeps it', async () => {
  const shared = new Map<string, unknown>();
  const { signIn, use } = await replica(
    new LifeRings(),
    shared,
    {},
    {
      providers: [{ ...emailProvider(shared), secret: 'of its own' }],
    },
  );
  expect((await signIn()).cookies.has(SESSION)).toBe(true);
  use('promoted');
  expect((await signIn()).cookies.has(SESSION)).toBe(true);
});

test.each([
  '//',
  'http://[',
  '?token=%',
  '/?token=a#?token=b',
])('next-auth: a request may ask for anything (%s)', async (url) => {
  const keyturn = await keyturnOf(new LifeRings(), manualClock(Date.now()));
  open.push(keyturn);
  const optionsFor = nextAuthKeys(keyturn, { providers: [] });
  expect(await optionsFor({ method: 'GET', url, headers: {} })).toHaveProperty('secret');
});

test('getToken() of either library finds who is signed in', async () => {
  const rings = new LifeRings();
  const { signIn, use, withKeys } = await replica(rings, new Map());
  const headers = (visitor: Visitor) =>
    new Headers({ cookie: [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ') });
  const visitor = await signIn();
  use('promoted');
  const { getToken } = await neighbour('@auth/core/jwt');
  const req = { headers: headers(visitor) };
  const { secret } = await withKeys(new Request(ORIGIN, req));
  expect(await getToken({ req, secret, secureCookie: true })).toMatchObject({ email: expect.any(String) });

  const keyturn = await keyturnOf(rings, manualClock(Date.now()));
  open.push(keyturn);
  const optionsFor = nextAuthKeys(keyturn, { providers: [] });
  const token = await (await optionsFor()).jwt.encode({ token: { sub: 'ada' }, maxAge: 60 });
  useRing(keyturn, rings.of('promoted'));
  const { default: older } = await neighbour('next-auth/jwt');
  const asked = { cookies: { 'next-auth.session-token': token }, headers: {} };
  const found = await older.getToken({ req: asked, decode: (await optionsFor()).jwt.decode });
  expect(found).toMatchObject({ sub: 'ada' });
});

test('no token outlives what the ring knows of', async () => {
  const rings = new LifeRings();
  const keyturn = await keyturnOf(rings, manualClock(Date.now()));
  open.push(keyturn);
  const { jwt } = await nextAuthKeys(keyturn, { providers: [] }, { maxAge: '1d' })();
  const claims = await jwt.decode({ token: await jwt.encode({ token: {}, maxAge: 30 * 86_400 }) });
  expect(claims.exp - claims.iat).toBe(86_400);
});

test('route handlers of next-auth get the cookie of forms again, too', async () => {
  const rings = new LifeRings();
  const keyturn = await keyturnOf(rings, manualClock(Date.now()));
  open.push(keyturn);
  const optionsFor = nextAuthKeys(keyturn, { providers: [] });
  const { hashedWith } = await import('../../src/codecs/jwe.js');
  const { secret } = await optionsFor();
  const value = encodeURIComponent(`token|${hashedWith('token', secret)}`);
  const request = new Request(ORIGIN, { headers: { cookie: `next-auth.csrf-token=${value}` } });
  const redirect = Response.redirect(ORIGIN, 302);
  expect((await optionsFor.renew(request, redirect)).headers.getSetCookie()).toEqual([]);
  useRing(keyturn, rings.of('promoted'));
  const [line = ''] = (await optionsFor.renew(request, redirect)).headers.getSetCookie();
  const again = hashedWith('token', (await optionsFor()).secret);
  expect(decodeURIComponent(setCookieParts(line).value)).toBe(`token|${again}`);
  const saying = (caches: string) => new Response('', { headers: { 'cache-control': caches } });
  const renewed = async (caches: string) => {
    const { headers } = await optionsFor.renew(request, saying(caches));
    return [headers.getSetCookie(), headers.get('cache-control')];
  };
  expect((await optionsFor.renew(request, redirect)).headers.get('cache-control')).toBe('private');
  expect(await renewed('max-age=60')).toEqual([[line], 'private, max-age=60']);
  expect(await renewed('public, max-age=60')).toEqual([[], 'public, max-age=60']);
  expect(await renewed('s-maxage=60')).toEqual([[], 's-maxage=60']);
  const posted = new Request(request, { method: 'POST' });
  expect((await optionsFor.renew(posted, redirect)).headers.getSetCookie()).toEqual([]);

  // A response of Node: the app says what caches may do when the options are there already.
  const { url, close } = await listen(async (incoming: any, response: any) => {
    await optionsFor(incoming, response);
    const caches = incoming.headers['x-caches'];
    if (caches !== undefined) response.setHeader('cache-control', caches);
    if (incoming.url === '/own') response.setHeader('set-cookie', ['a=b', 'next-auth.csrf-token=own']);
    response.end();
  });
  const ask = async (caches?: string, path = '/', method = 'GET') => {
    const cookie = `next-auth.csrf-token=${value}`;
    const { headers } = await fetch(`${url}${path}`, {
      method,
      headers: { cookie, ...(caches && { 'x-caches': caches }) },
    });
    return [headers.getSetCookie(), headers.get('cache-control')];
  };
  expect(await ask()).toEqual([[line], 'private']);
  expect(await ask('max-age=60')).toEqual([[line], 'private, max-age=60']);
  expect(await ask('public, max-age=60')).toEqual([[], 'public, max-age=60']);
  expect(await ask(undefined, '/', 'POST')).toEqual([[], null]);
  expect(await ask(undefined, '/own')).toEqual([['a=b', 'next-auth.csrf-token=own'], null]);
  await close();
});

describe('what is given', () => {
  test('a secret is refused, and the error says where it belongs', async () => {
    const keyturn = await testKeyturn();
    open.push(keyturn);
    const refused = (name: string) =>
      expect.objectContaining({
        code: 'argument_invalid',
        hint: expect.stringContaining(`[move_in.${name}]`),
      });
    expect(() => authjsKeys(keyturn, { providers: [], secret: 'x' } as never)).toThrow(refused('authjs'));
    expect(() => authjsKeys(keyturn, { providers: [], jwt: { secret: 'x' } })).toThrow(refused('authjs'));
    expect(() => nextAuthKeys(keyturn, { providers: [], secret: 'x' } as never)).toThrow(
      refused('next-auth'),
    );
    expect(() => nextAuthKeys(keyturn, { providers: [], jwt: { encode: () => 'x' } })).toThrow(/jwt\.encode/);
  });

  test('settings that nobody knows are refused', async () => {
    const keyturn = await testKeyturn();
    open.push(keyturn);
    const settings = { ttl: '1d' } as never;
    for (const call of [
      () => authjsKeys(keyturn, { providers: [] }, settings),
      () => nextAuthKeys(keyturn, { providers: [] }, settings),
      () => betterAuthKeys(keyturn, settings),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'argument_invalid' }));
  });

  test('production wants the lifetime declared, and says how', async () => {
    const keyturn = await testKeyturn({ profile: 'prod' });
    open.push(keyturn);
    const refused = (name: string) =>
      expect.objectContaining({
        code: 'purpose_undeclared',
        hint: expect.stringContaining(`[purposes.${name}]`),
      });
    expect(() => authjsKeys(keyturn, { providers: [] })).toThrow(refused('authjs'));
    expect(() => nextAuthKeys(keyturn, { providers: [] })).toThrow(refused('next-auth'));
  });

  test('a Keyturn that cannot start is told to whoever asks', async () => {
    const withKeys = nextAuthKeys(Promise.reject(new Error('no secret')), { providers: [] });
    await expect(withKeys()).rejects.toThrow('no secret');
  });

  test('nothing that looks at the configuration shows a key, but the list that the library takes', async () => {
    const { withKeys } = await replica(new LifeRings(), new Map());
    const { secret, ...others } = await withKeys(new Request(`${ORIGIN}/auth/csrf`));
    const { inspect } = await import('node:util');
    const shown = `${inspect(others, { depth: 9 })} ${JSON.stringify(others)}`;
    for (const text of secret) expect(shown).not.toContain(text);
  });
});
