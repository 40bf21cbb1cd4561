// What CSRF tokens are bound to from one request to the next, and which cookies go with that.
import { expect, test } from 'vitest';
import { openHttpCore } from '../../src/http/open-http-core.js';
import { Visit } from '../../src/http/visit.js';
import type { SessionStore } from '../../src/sessions/stores/contract.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { wrapStore } from '../../src/sessions/stores/wrap.js';
import { testClock, testKeyturn } from '../support/keyturn.js';
import { cookiesOf, requestOf } from '../support/visits.js';

const DAY = 86_400;

async function setUp(store: boolean | SessionStore = false) {
  const clock = testClock();
  const keyturn = await testKeyturn({ clock, config: { session: { idle: '20d', max_age: '30d' } } });
  const core = await openHttpCore(
    keyturn,
    store === false ? {} : { store: store === true ? memoryStore({ clock: clock.read }) : store },
  );
  /** What a browser keeps; each visit sends it, and keeps what the response sets. */
  const browser = (jar: Map<string, string> = new Map()) => {
    const visit = async (act: (visit: Visit) => void, method = 'GET') => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const made = new Visit(core, requestOf({ cookie: cookie === '' ? undefined : cookie, method }));
      await made.before();
      act(made);
      const set = await cookiesOf(made);
      for (const text of set) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
        if (value === '' || /Max-Age=0/i.test(text)) jar.delete(name);
        else jar.set(name, value);
      }
      return set.map((text) => text.split('=')[0]);
    };
    const page = async () => {
      let token = '';
      await visit((made) => {
        token = made.csrfToken();
      });
      return token;
    };
    /** Whether a form with this token is taken. */
    const takes = async (token: string) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { 'x-csrf-token': token };
      const made = new Visit(core, requestOf({ cookie, method: 'POST', headers }));
      await made.before();
      try {
        made.protect(undefined);
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'csrf_refused' });
        return false;
      }
    };
    return { jar, visit, page, takes };
  };
  return { clock, browser };
}

const write = ({ session }: Visit) => {
  session.seen = true;
};
const signIn = ({ session }: Visit) => {
  session.regenerate();
  session.user = 'ada';
};

test.each([
  false,
  true,
])('a form that was open before a session began without a sign-in is taken: %s', async (store) => {
  const { jar, visit, page, takes } = (await setUp(store)).browser();
  const token = await page();
  expect([...jar.keys()]).toEqual(['keyturn.csrf']);
  expect(await takes(token)).toBe(true);
  await visit(write);
  // The session stands in for the id from now on.
  expect([...jar.keys()]).toEqual(['keyturn.sid']);
  expect(await takes(token)).toBe(true);
  expect(await takes(await page())).toBe(true);
  await visit(signIn);
  expect(await takes(token)).toBe(false);
  expect(await takes(await page())).toBe(true);
});

test.each([false, true])('a form from before a sign-out is not taken after it: %s', async (store) => {
  const { jar, visit, page, takes } = (await setUp(store)).browser();
  await visit(signIn);
  const token = await page();
  expect(await takes(token)).toBe(true);
  await visit(({ session }) => session.destroy());
  expect([...jar.keys()]).toEqual([]);
  expect(await takes(token)).toBe(false);
  expect(await takes(await page())).toBe(true);
});

test.each([
  false,
  true,
])('a session from the future leaves the id of forms in its place: %s', async (store) => {
  const { clock, browser } = await setUp(store);
  const early = browser();
  clock.advance(5 * DAY);
  await early.visit(signIn);
  clock.advance(-5 * DAY);
  const token = await early.page();
  expect([...early.jar.keys()].sort()).toEqual(['keyturn.csrf', 'keyturn.sid']);
  expect(await early.visit(write)).toEqual([]);
  expect(await early.takes(token)).toBe(true);
});

test('who only reads gets no id, and one that is there stays', async () => {
  const { visit, page, jar } = (await setUp()).browser();
  expect(await visit(() => {})).toEqual([]);
  await page();
  const [id] = jar.values();
  expect(await visit(() => {})).toEqual([]);
  await page();
  expect([...jar.values()]).toEqual([id]);
});

test.each([
  signIn,
  ({ session }: Visit) => session.destroy(),
])('a form on the page that tells of a failed save is taken with the session that the browser still has', async (act) => {
  let fails = false;
  const inner = memoryStore({ clock: testClock().read });
  const failing = () => {
    if (fails) throw new Error('away');
  };
  const store = wrapStore(inner, {
    put: async (...given) => {
      failing();
      return inner.put(...given);
    },
    destroy: async (...given) => {
      failing();
      return inner.destroy(...given);
    },
  });
  const { visit, takes } = (await setUp(store)).browser();
  await visit(signIn);
  let token = '';
  fails = true;
  await expect(
    visit((made) => {
      act(made);
      const { finish } = made;
      made.finish = async (headers) => {
        try {
          await finish.call(made, headers);
        } catch (error) {
          token = made.csrfToken();
          throw error;
        }
      };
    }),
  ).rejects.toMatchObject({ code: 'engine_unavailable' });
  fails = false;
  expect(await takes(token)).toBe(true);
});
