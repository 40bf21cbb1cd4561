// What the life of a key does not show: attributes, the session kept in a cookie for a while, hooks of the app.
import { afterEach, describe, expect, test } from 'vitest';
import { betterAuthKeys } from '../../src/bridges/better-auth/index.js';
import { setCookieParts } from '../../src/bridges/cookie-header.js';
import type { Keyturn } from '../../src/keyturn.js';
import { manualClock } from '../../src/testing/clock.js';
import { liveRing, testKeyturn, useRing } from '../support/keyturn.js';
import { keyturnOf } from './life.js';
import { neighbour } from './neighbours.js';
import { LifeRings } from './rings.js';
import { Visitor } from './visitor.js';

const ORIGIN = 'https://app.example';
const WEEK = 7 * 86_400;

const open: Keyturn[] = [];
afterEach(async () => {
  for (const keyturn of open.splice(0)) await keyturn.close();
});

/** better-auth without a server: requests are handed to it. */
async function begin(options: Readonly<Record<string, unknown>> = {}) {
  const { betterAuth } = await neighbour('better-auth');
  const { memoryAdapter } = await neighbour('better-auth/adapters/memory');
  const rings = new LifeRings();
  const keyturn = await keyturnOf(rings, manualClock(Date.now()));
  open.push(keyturn);
  const db = { user: [], session: [] as unknown[], account: [], verification: [] };
  const auth = betterAuth({
    secret: 'what encrypts the database, and signs nothing',
    baseURL: ORIGIN,
    database: memoryAdapter(db),
    logger: { disabled: true },
    telemetry: { enabled: false },
    emailAndPassword: { enabled: true },
    ...options,
    plugins: [betterAuthKeys(keyturn)],
  });
  const visitor = new Visitor();
  const ask = async (path: string, body?: object): Promise<{ response: Response; sent: string[] }> => {
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const request = new Request(`${ORIGIN}/api/auth${path}`, {
      headers: { cookie, origin: ORIGIN, 'content-type': 'application/json' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    const response: Response = await auth.handler(request);
    const sent = response.headers.getSetCookie();
    for (const line of sent) visitor.take(line);
    return { response, sent };
  };
  const signIn = async (rememberMe?: boolean) => {
    const account = { email: 'ada@app.example', password: 'correct horse', name: 'Ada' };
    await ask('/sign-up/email', account);
    return await ask('/sign-in/email', { ...account, rememberMe });
  };
  const use = (name: Parameters<LifeRings['of']>[0]) => useRing(keyturn, rings.of(name));
  const loseTouch = () => liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });
  return { auth, db, visitor, ask, loseTouch, signIn, use };
}

/** The attributes of the cookie of the session. */
function attributesIn(lines: readonly string[]): readonly string[] | undefined {
  const line = lines.findLast((one) => setCookieParts(one).name === '__Secure-better-auth.session_token');
  const parts = line?.split(';').slice(1);
  return parts?.map((part) => part.trim().toLowerCase()).toSorted();
}

describe('the cookie of a session', () => {
  test('is sent again as it was, once, for as long as the session lasts', async () => {
    const { ask, signIn, use } = await begin({
      advanced: { defaultCookieAttributes: { sameSite: 'none', partitioned: true } },
    });
    const before = attributesIn((await signIn()).sent) ?? [];
    expect(attributesIn((await ask('/get-session')).sent)).toBeUndefined();
    use('promoted');
    const after = attributesIn((await ask('/get-session')).sent) ?? [];
    const isAge = (attribute: string) => attribute.startsWith('max-age=');
    expect(before).toContain('partitioned');
    expect(after.filter((one) => !isAge(one))).toEqual(before.filter((one) => !isAge(one)));
    const seconds = Number(after.find(isAge)?.replace('max-age=', ''));
    expect(Math.abs(seconds - WEEK)).toBeLessThan(300);
    expect(attributesIn((await ask('/get-session')).sent)).toBeUndefined();
  });

  test('ends with the browser where nobody is to be remembered', async () => {
    const { ask, signIn, use } = await begin();
    const before = attributesIn((await signIn(false)).sent);
    use('promoted');
    expect(attributesIn((await ask('/get-session')).sent)).toEqual(before);
    expect(before?.some((attribute) => attribute.startsWith('max-age'))).toBe(false);
  });

  test('is not sent to somebody who has signed out', async () => {
    const { ask, signIn, use, visitor } = await begin();
    await signIn();
    const kept = new Map(visitor.cookies);
    await ask('/sign-out', {});
    for (const [name, value] of kept) visitor.cookies.set(name, value);
    use('promoted');
    const { response, sent } = await ask('/get-session');
    expect(await response.json()).toBeNull();
    expect(attributesIn(sent)?.some((attribute) => attribute === 'max-age=0')).not.toBe(false);
  });
});

test.each([
  'compact',
  'jwt',
  'jwe',
])('a session kept in a cookie for a while is found in it: %s', async (strategy) => {
  const { ask, db, signIn, use, visitor } = await begin({
    session: { cookieCache: { enabled: true, strategy } },
  });
  await signIn();
  use('promoted');
  // No database is asked.
  db.session.splice(0);
  const { response } = await ask('/get-session');
  expect(await response.json()).toMatchObject({ user: { email: 'ada@app.example' } });
  use('revoked');
  expect(await (await ask('/get-session')).response.json()).toBeNull();
  expect(visitor.cookies.size).toBeGreaterThan(0);
});

test('a large one is found in all its pieces', async () => {
  const { ask, db, signIn, use, visitor } = await begin({
    session: { cookieCache: { enabled: true } },
    user: { additionalFields: { note: { type: 'string', defaultValue: 'long '.repeat(1500) } } },
  });
  await signIn();
  expect([...visitor.cookies.keys()].filter((name) => name.includes('session_data.'))).not.toHaveLength(0);
  use('promoted');
  db.session.splice(0);
  expect(await (await ask('/get-session')).response.json()).toMatchObject({
    user: { email: 'ada@app.example' },
  });
});

test('a replica that must not sign says who is signed in, and signs nothing', async () => {
  const { ask, auth, loseTouch, signIn, use, visitor } = await begin({
    session: { updateAge: 0, cookieCache: { enabled: true } },
  });
  await signIn();
  const before = new Map(visitor.cookies);
  use('promoted');
  loseTouch();
  expect(await (await ask('/get-session?disableCookieCache=true')).response.json()).toMatchObject({
    user: { email: 'ada@app.example' },
  });
  expect(visitor.cookies).toEqual(before);
  await expect(auth.api.signOut({ headers: new Headers() })).rejects.toMatchObject({
    code: 'keyring_unavailable',
  });
});

test('hooks of the app find the session, too', async () => {
  const { createAuthMiddleware, getSessionFromCtx } = await neighbour('better-auth/api');
  const found: unknown[] = [];
  const before = createAuthMiddleware(async (context: { path: string; headers?: Headers }) => {
    if (context.path === '/list-sessions') found.push((await getSessionFromCtx(context))?.user.email);
  });
  const { ask, auth, signIn, use, visitor } = await begin({ hooks: { before } });
  await signIn();
  use('promoted');
  expect((await ask('/list-sessions')).response.status).toBe(200);
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  await auth.api.listSessions({ headers: new Headers({ cookie }) });
  expect(found).toEqual(['ada@app.example', 'ada@app.example']);
});

test('a cookie that no live key has signed is left to the library', async () => {
  const { ask, signIn, visitor } = await begin();
  await signIn();
  const [name] = [...visitor.cookies.keys()];
  for (const forged of ['', 'x', 'token.', `token.${'A'.repeat(43)}%3D`, `%E0%A4%A.${'A'.repeat(43)}=`]) {
    visitor.cookies.set(name as string, forged);
    expect(await (await ask('/get-session')).response.json()).toBeNull();
  }
});

test('production wants the lifetime declared, and says how', async () => {
  const { betterAuth } = await neighbour('better-auth');
  const keyturn = await testKeyturn({ profile: 'prod' });
  open.push(keyturn);
  const auth = betterAuth({ secret: 'x'.repeat(40), baseURL: ORIGIN, plugins: [betterAuthKeys(keyturn)] });
  await expect(auth.$context).rejects.toMatchObject({
    code: 'purpose_undeclared',
    hint: expect.stringContaining('[purposes.better-auth]'),
  });
});
