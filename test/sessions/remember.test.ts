// "Remember me": one session may be given a longer life, on every framework and in both kinds.
import { describe, expect, onTestFinished, test } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { Browser } from '../support/browser.js';
import { testClock, testKeyturn } from '../support/keyturn.js';
import { type AppRoutes, SESSION_APPS } from '../support/session-apps.js';

const DAY = 86_400;
const SID = 'keyturn.sid';

const ROUTES: AppRoutes = {
  '/in': ({ session }) => {
    session.regenerate();
    session.user = 'ada';
  },
  '/in-remembered': ({ session }) => {
    session.regenerate();
    session.user = 'ada';
    session.remember();
  },
  '/for-two-weeks': ({ session }) => session.remember('14d'),
  '/too-long': ({ session }) => session.remember('61d'),
  '/forget': ({ session }) => session.remember(false),
  '/keep': ({ session }) => session.regenerate({ keep: true }),
  '/again': ({ session }) => {
    session.regenerate();
    session.user = 'eve';
  },
  '/change': ({ session }) => {
    session.changed = Number(session.changed ?? 0) + 1;
  },
  '/update': async ({ session }) =>
    await session.update((data) => {
      data.updated = true;
    }),
  '/out': ({ session }) => {
    session.destroy();
    return { ends: session.expiresAt.getTime() };
  },
  '/read': ({ session }) => ({ ...session, ends: session.expiresAt.getTime(), isNew: session.isNew }),
};

async function open(
  start: (typeof SESSION_APPS)[string],
  inStore: boolean,
  session: object = { remember: '60d' },
) {
  const clock = testClock();
  const config = { csrf: { mode: 'headers' }, session };
  const keyturn = await testKeyturn({ clock, config });
  const store = memoryStore({ clock: clock.read });
  const app = await start(keyturn, inStore ? { store, user: (data) => data.user as string } : {}, ROUTES);
  onTestFinished(async () => {
    await app.close();
    await keyturn.close();
  });
  const browser = new Browser(app.url);
  const maxAge = (setCookies: readonly string[]) =>
    Number(/^keyturn\.sid=[^;]+; Max-Age=(\d+)/.exec(setCookies.join())?.[1]);
  return { browser, clock, store, maxAge, url: app.url };
}

for (const [name, start] of Object.entries(SESSION_APPS)) {
  describe.each([
    ['in the cookie', false],
    ['in a store', true],
  ])(`${name}: sessions %s`, (_kind, inStore) => {
    test('a remembered one has no idle end, and keeps its end', async () => {
      const { browser, clock, maxAge } = await open(start, inStore, {
        remember: '60d',
        cookie: { persistent: false },
      });
      const begins = clock.read();
      const signedIn = await browser.get('/in-remembered');
      expect(maxAge(signedIn.setCookies)).toBe(60 * DAY);
      clock.advance(40 * DAY);
      const read = await browser.get('/read');
      expect(read.json).toEqual({ user: 'ada', isNew: false, ends: begins + 60 * DAY * 1000 });
      expect(read.setCookies).toEqual([]);
      for (const path of ['/keep', '/change', '/update']) {
        const { setCookies } = await browser.get(path);
        if (setCookies.length > 0) expect(maxAge(setCookies)).toBe(20 * DAY);
      }
      clock.advance(20 * DAY - 1);
      expect((await browser.get('/read')).json).toMatchObject({ user: 'ada', changed: 1 });
      clock.advance(1);
      expect((await browser.get('/read')).json).toMatchObject({ isNew: true });
    });

    test('a session that is there can be remembered, for less than the longest, and forgotten', async () => {
      const { browser, clock, maxAge } = await open(start, inStore);
      await browser.get('/in');
      expect((await browser.get('/read')).json.ends).toBe(clock.read() + 7 * DAY * 1000);
      clock.advance(DAY / 2);
      expect(maxAge((await browser.get('/for-two-weeks')).setCookies)).toBe(14 * DAY);
      clock.advance(13 * DAY);
      expect((await browser.get('/read')).json.user).toBe('ada');
      expect(maxAge((await browser.get('/forget')).setCookies)).toBe(7 * DAY);
      clock.advance(7 * DAY);
      expect((await browser.get('/read')).json.user).toBeUndefined();
    });

    test('a new sign-in is not remembered, and a sign-out ends it', async () => {
      const { browser, clock, store } = await open(start, inStore);
      await browser.get('/in-remembered');
      await browser.get('/again');
      expect((await browser.get('/read')).json.ends).toBe(clock.read() + 7 * DAY * 1000);
      await browser.get('/in-remembered');
      const former = await browser.cookie(SID);
      expect((await browser.get('/out')).json.ends).toBe(clock.read());
      expect((await browser.get('/read')).json.isNew).toBe(true);
      if (!inStore) return;
      clock.advance(59 * DAY);
      await browser.plant(SID, former as string);
      expect((await browser.get('/read')).json.isNew).toBe(true);
      expect(store.size.sessions).toBe(0);
    });

    test('what the settings do not allow is an error that says so', async () => {
      const { browser } = await open(start, inStore);
      const tooLong = await browser.get('/too-long');
      expect([tooLong.status, tooLong.json.code]).toEqual([500, 'purpose_lifetime']);
      const unset = await open(start, inStore, {});
      const refused = await unset.browser.get('/in-remembered');
      expect(refused.json).toMatchObject({
        code: 'purpose_lifetime',
        hint: expect.stringMatching(/remember = "30d"/),
      });
    });
  });
}

test('a slower request does not take a remembered session its length', async () => {
  const { browser, clock, url } = await open(SESSION_APPS.Fastify as never, true);
  await browser.get('/in');
  clock.advance(DAY);
  const other = new Browser(url);
  await other.plant(SID, (await browser.cookie(SID)) as string);
  await browser.get('/for-two-weeks');
  // With the former cookie, which is due to be extended by the idle time.
  await other.get('/change');
  clock.advance(13 * DAY);
  expect((await other.get('/read')).json).toMatchObject({ user: 'ada', changed: 1 });
});

test('a shorter setting holds for sessions that began under a longer one', async () => {
  const { browser, clock } = await open(SESSION_APPS.Fastify as never, false);
  await browser.get('/in-remembered');
  const cookie = (await browser.cookie(SID)) as string;
  const { browser: later, clock: now } = await open(SESSION_APPS.Fastify as never, false, {
    remember: '10d',
  });
  await later.plant(SID, cookie);
  now.advance(10 * DAY - 1);
  expect((await later.get('/read')).json.user).toBe('ada');
  now.advance(1);
  expect((await later.get('/read')).json.isNew).toBe(true);
  expect(clock.read()).toBeLessThan(now.read());
});

test('commands know how long a remembered session lives', async () => {
  const keyturn = await testKeyturn({ config: { session: { remember: '60d' } } });
  const { internalsOf } = await import('../../src/keyturn.js');
  expect(internalsOf(keyturn).registry.lifetimes.session).toBe(60 * DAY);
  const lengthens = testKeyturn({ profile: 'prod', config: { session: { remember: '60d' } } });
  await expect(lengthens).rejects.toSatisfy(
    (error) => error instanceof KeyturnError && /session\.remember/.test(error.message),
  );
});
