// "Remember me": one session may be given a longer life, and every session says when it ends.
import assert from 'node:assert/strict';
import { isLike } from './assertions.js';
import { type Check, check, DAY, SID } from './check.js';
import { visitRoute } from './routes.js';
import type { Scene } from './scene.js';

const ROUTES = [
  visitRoute('/in', ({ session }) => {
    session.regenerate();
    session.user = 'ada';
  }),
  visitRoute('/in-remembered', ({ session }) => {
    session.regenerate();
    session.user = 'ada';
    session.remember();
  }),
  visitRoute('/for-two-weeks', ({ session }) => session.remember('14d')),
  visitRoute('/too-long', ({ session }) => session.remember('61d')),
  visitRoute('/forget', ({ session }) => session.remember(false)),
  visitRoute('/in-with-cart', ({ session }) => {
    session.cart = [1];
    session.regenerate({ keep: ['cart'] });
    session.user = 'bob';
  }),
  visitRoute('/not-ticked', ({ session }) => {
    const form: { readonly remember?: string } = {};
    session.remember(form.remember as string);
  }),
  visitRoute('/keep', ({ session }) => session.regenerate({ keep: true })),
  visitRoute('/change', ({ session }) => {
    session.changed = true;
  }),
  visitRoute('/update', async ({ session }) => {
    await session.update((data) => {
      data.updated = true;
    });
  }),
  visitRoute('/out', ({ session }) => {
    session.destroy();
    return { ends: session.expiresAt.getTime() };
  }),
  visitRoute('/read', ({ session }) => ({
    user: session.user,
    ends: session.expiresAt.getTime(),
    isNew: session.isNew,
  })),
];

/** Seconds; NaN where the session's cookie is not set, or ends with the browser. */
const maxAgeIn = (setCookies: readonly string[]) =>
  Number(/^keyturn\.sid=[^;]+; Max-Age=(\d+)/.exec(setCookies.join())?.[1]);

export const sessionRemember: readonly Check[] = [
  check(
    'a remembered session has no idle end, keeps its end, and always has a Max-Age',
    async ({ open, backend, clock }) => {
      const session = { backend, remember: '60d', cookie: { persistent: false } };
      const browser = await open({ config: { session }, routes: ROUTES });
      const ends = clock.read() + 60 * DAY * 1000;
      assert.equal(maxAgeIn((await browser.get('/in')).setCookies), Number.NaN);
      assert.equal(maxAgeIn((await browser.get('/in-remembered')).setCookies), 60 * DAY);
      clock.advance(40 * DAY);
      const read = await browser.get('/read');
      assert.deepEqual(read.json, { user: 'ada', ends, isNew: false });
      assert.deepEqual(read.setCookies, []);
      for (const path of ['/keep', '/change', '/update']) {
        const { setCookies } = await browser.get(path);
        if (setCookies.length > 0) assert.equal(maxAgeIn(setCookies), 20 * DAY);
      }
      clock.advance(20 * DAY - 1);
      isLike((await browser.get('/read')).json, { user: 'ada', ends });
      clock.advance(1);
      isLike((await browser.get('/read')).json, { isNew: true });
    },
  ),

  check(
    'a session that is there can be remembered, for less than the longest, and forgotten',
    async ({ open, backend, clock }) => {
      const config = { session: { backend, remember: '60d' } };
      const browser = await open({ config, routes: ROUTES });
      await browser.get('/in');
      assert.equal((await browser.get('/read')).json.ends, clock.read() + 7 * DAY * 1000);
      clock.advance(DAY / 2);
      assert.equal(maxAgeIn((await browser.get('/for-two-weeks')).setCookies), 14 * DAY);
      clock.advance(13 * DAY);
      assert.equal((await browser.get('/read')).json.user, 'ada');
      assert.equal(maxAgeIn((await browser.get('/forget')).setCookies), 7 * DAY);
      clock.advance(7 * DAY);
      assert.equal((await browser.get('/read')).json.user, undefined);
    },
  ),

  check('to take back what was not given changes nothing', async ({ open, backend }) => {
    const browser = await open({ config: { session: { backend, remember: '60d' } }, routes: ROUTES });
    await browser.get('/in');
    assert.deepEqual((await browser.get('/forget')).setCookies, []);
    assert.equal((await browser.get('/read')).json.user, 'ada');
  }),

  check('a new sign-in is not remembered, and a sign-out ends it', async ({ open, backend, clock }) => {
    const browser = await open({ config: { session: { backend, remember: '60d' } }, routes: ROUTES });
    await browser.get('/in-remembered');
    await browser.get('/in');
    assert.equal((await browser.get('/read')).json.ends, clock.read() + 7 * DAY * 1000);
    await browser.get('/in-remembered');
    // Whoever signs in may be somebody else, who has ticked nothing.
    await browser.get('/in-with-cart');
    isLike((await browser.get('/read')).json, { user: 'bob', ends: clock.read() + 7 * DAY * 1000 });
    await browser.get('/in-remembered');
    const former = (await browser.cookie(SID)) as string;
    assert.equal((await browser.get('/out')).json.ends, clock.read());
    assert.equal((await browser.get('/read')).json.isNew, true);
    if (backend === 'cookie') return;
    clock.advance(59 * DAY);
    await browser.plant(SID, former);
    assert.equal((await browser.get('/read')).json.isNew, true);
  }),

  check('a slower request does not take a remembered session its length', async (scene) => {
    const { open, backend, clock, visitor } = scene;
    const browser = await open({ config: { session: { backend, remember: '60d' } }, routes: ROUTES });
    await browser.get('/in');
    clock.advance(DAY);
    const other = visitor();
    await other.plant(SID, (await browser.cookie(SID)) as string);
    await browser.get('/for-two-weeks');
    // With the former cookie, which is due to be extended by the idle time.
    await other.get('/change');
    clock.advance(6 * DAY);
    await other.get('/read');
    clock.advance(backend === 'cookie' ? DAY / 2 : 7 * DAY);
    assert.equal((await other.get('/read')).json.user, 'ada');
  }),

  check('a longer life than the settings allow is an error that says so', async ({ open, backend }) => {
    const browser = await open({ config: { session: { backend, remember: '60d' } }, routes: ROUTES });
    const tooLong = await browser.get('/too-long');
    assert.equal(tooLong.status, 500);
    assert.match(tooLong.text, /a remembered session may live 5184000 s/);
    assert.match((await browser.get('/not-ticked')).text, /session\.remember\(\) was given nothing/);
    const unset = await open({ config: { session: { backend } }, routes: ROUTES });
    assert.match((await unset.get('/in-remembered')).text, /session\.remember is not set/);
  }),
];

/** Of a request that is under way while another one has the session remembered. @param due why it sends a cookie */
async function besideRemember({ open, config, clock, ...scene }: Scene, due: () => void): Promise<void> {
  const session = { ...(config.session as object), remember: '60d', cookie: { persistent: false } };
  const slower = visitRoute('/slow', async ({ session }) => {
    const { user } = session;
    await scene.slow.pass();
    return user;
  });
  const browser = await open({ config: { session }, routes: [...ROUTES, slower] });
  await browser.get('/in');
  due();
  const answer = browser.get('/slow');
  await scene.slow.reachedBy(answer);
  assert.equal(maxAgeIn((await browser.get('/for-two-weeks')).setCookies), 14 * DAY);
  scene.slow.open();
  assert.equal(maxAgeIn((await answer).setCookies), 14 * DAY);
  clock.advance(13 * DAY);
  assert.equal((await browser.get('/read')).json.user, 'ada');
}

/** For sessions in a store, which knows what another request has said meanwhile. */
export const storedRemember: readonly Check[] = [
  check('a slower request that extends a session sends no cookie that ends sooner than it does', (scene) =>
    besideRemember(scene, () => scene.clock.advance(2 * DAY)),
  ),

  check('a slower request that signs a cookie again sends none that ends sooner than its session', (scene) =>
    besideRemember(scene, () => scene.useRing(scene.rings.promoted)),
  ),
];

/** For sessions in the cookie, which another app of the same secret knows as well. */
export const cookieRemember: readonly Check[] = [
  check('a shorter setting holds for sessions that began under a longer one', async (scene) => {
    const { open, backend, clock } = scene;
    const browser = await open({ config: { session: { backend, remember: '60d' } }, routes: ROUTES });
    await browser.get('/in-remembered');
    const later = await open({ config: { session: { backend, remember: '10d' } }, routes: ROUTES });
    await later.plant(SID, (await browser.cookie(SID)) as string);
    clock.advance(10 * DAY - 1);
    assert.equal((await later.get('/read')).json.user, 'ada');
    clock.advance(1);
    assert.equal((await later.get('/read')).json.isNew, true);
  }),

  check('without the setting they are sessions like any other', async ({ open, backend, clock }) => {
    const browser = await open({ config: { session: { backend, remember: '60d' } }, routes: ROUTES });
    await browser.get('/in-remembered');
    const cookie = (await browser.cookie(SID)) as string;
    const used = await open({ config: { session: { backend } }, routes: ROUTES });
    await used.plant(SID, cookie);
    clock.advance(6 * DAY);
    assert.equal(maxAgeIn((await used.get('/read')).setCookies), 7 * DAY);
    clock.advance(2 * DAY);
    assert.equal((await used.get('/read')).json.user, 'ada');
    // Of no longer life than that a rotation knows.
    const unused = await open({ config: { session: { backend } }, routes: ROUTES });
    await unused.plant(SID, cookie);
    assert.equal((await unused.get('/read')).json.isNew, true);
  }),
];
