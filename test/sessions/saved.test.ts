// How a session is saved, from one request to the next: what a sign-out meanwhile takes, and how long it lives then.
import { describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import type { HttpOptions } from '../../src/http/core.js';
import { openHttpCore } from '../../src/http/open-http-core.js';
import { Visit } from '../../src/http/visit.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { wrapStore } from '../../src/sessions/stores/wrap.js';
import { memoryLogger, testClock, testKeyturn } from '../support/keyturn.js';
import { cookiesOf, type RequestFacts, requestOf } from '../support/visits.js';

const DAY = 86_400;

async function setUp(options: HttpOptions | 'in the cookie' = {}) {
  const clock = testClock();
  const session = { idle: '5d', max_age: '10d', remember: '30d' };
  const keyturn = await testKeyturn({ clock, config: { session } });
  const store = memoryStore({ clock: clock.read });
  const core = await openHttpCore(keyturn, options === 'in the cookie' ? {} : { store, ...options });
  const open = async (cookie?: string) => {
    const visit = new Visit(core, requestOf({ cookie }));
    await visit.before();
    return visit;
  };
  /** The cookie that the browser has after the response. */
  const save = async (visit: Visit) => (await cookiesOf(visit))[0]?.split(';')[0];
  const signIn = async (act: (visit: Visit) => void = () => {}) => {
    const visit = await open();
    Object.assign(visit.session, { user: 'ada', cart: ['book'] });
    act(visit);
    return (await save(visit)) as string;
  };
  const days = (visit: Visit) => (visit.session.expiresAt.getTime() - clock.read()) / 1000 / DAY;
  return { clock, store, open, save, signIn, days };
}

describe('a new id while somebody signs out', () => {
  test('begins a session of what the request itself has put there', async () => {
    const { open, save, signIn } = await setUp();
    const before = await signIn();
    const [slower, other] = [await open(before), await open(before)];
    slower.session.regenerate({ keep: ['user'] });
    slower.session.step = 2;
    other.session.destroy();
    await save(other);
    const cookie = await save(slower);
    expect(cookie).toBeDefined();
    const next = await open(cookie);
    expect({ ...next.session }).toEqual({ step: 2 });
    expect((await open(before)).session.user).toBeUndefined();
  });

  test.each([
    false,
    true,
  ])('of a remembered session: what is left is none, unless it asks: %s', async (asks) => {
    const { clock, open, save, signIn, days } = await setUp();
    const before = await signIn(({ session }) => session.remember());
    const [slower, other] = [await open(before), await open(before)];
    slower.session.regenerate({ keep: true });
    if (asks) slower.session.remember('20d');
    slower.session.step = 2;
    other.session.destroy();
    await save(other);
    const [sent] = await cookiesOf(slower);
    expect(sent).toContain(`Max-Age=${(asks ? 20 : 5) * DAY};`);
    const cookie = sent?.split(';')[0];
    expect(days(await open(cookie))).toBe(asks ? 20 : 5);
    clock.advance((asks ? 20 : 5) * DAY);
    expect((await open(cookie)).session.isNew).toBe(true);
  });

  test.each([false, true])('by a new epoch is remembered no longer, unless it asks: %s', async (asks) => {
    let epoch = 1;
    const { open, save, signIn, days } = await setUp({ epoch: () => epoch });
    const before = await signIn(({ session }) => session.remember());
    const slower = await open(before);
    expect(days(slower)).toBe(30);
    slower.session.regenerate({ keep: true });
    if (asks) slower.session.remember('20d');
    slower.session.step = 2;
    epoch = 2;
    const next = await open(await save(slower));
    expect({ ...next.session }).toEqual({ step: 2 });
    expect(days(next)).toBe(asks ? 20 : 5);
  });
});

test('who is not signed in may sign out', async () => {
  const { open, save, store } = await setUp();
  const visit = await open();
  visit.session.destroy();
  expect(await save(visit)).toBeUndefined();
  expect(store.size).toEqual({ sessions: 0, tombstones: 0 });
});

test('a session that changes late in its life gets a new cookie, and one that changes early none', async () => {
  const { clock, open, save, signIn, days } = await setUp();
  const before = await signIn();
  const write = async () => {
    const visit = await open(before);
    visit.session.step = clock.read();
    return await save(visit);
  };
  expect(await write()).toBeUndefined();
  clock.advance(2 * DAY);
  const after = await write();
  expect(after).toBeDefined();
  expect(days(await open(after))).toBe(5);
});

test('that a remembered session is used is noted as seldom as another is extended', async () => {
  let touched = 0;
  const clock = testClock();
  const inner = memoryStore({ clock: clock.read });
  const store = wrapStore(inner, {
    touch: async (...given) => {
      touched += 1;
      return inner.touch(...given);
    },
  });
  const { clock: time, open, save, signIn, days } = await setUp({ store });
  const cookie = await signIn(({ session }) => session.remember());
  const read = async () => {
    const visit = await open(cookie);
    expect(visit.session.user).toBe('ada');
    await save(visit);
    return touched;
  };
  expect([await read(), await read()]).toEqual([0, 0]);
  time.advance(DAY);
  clock.advance(DAY);
  expect([await read(), await read()]).toEqual([1, 1]);
  // It is noted, and no more: a remembered session ends when it was to end.
  expect(days(await open(cookie))).toBe(29);
});

test('of a store that takes no writes whoever only reads gets the page, and an error of our own is told', async () => {
  let failure: Error | undefined;
  const inner = memoryStore({ clock: testClock().read });
  const store = wrapStore(inner, {
    touch: async (...given) => {
      if (failure !== undefined) throw failure;
      return inner.touch(...given);
    },
  });
  const { clock, open, save, signIn } = await setUp({ store });
  const cookie = await signIn();
  clock.advance(2 * DAY);
  failure = new Error('READONLY');
  const visit = await open(cookie);
  expect(visit.session.user).toBe('ada');
  expect(await save(visit)).toBeUndefined();
  failure = new KeyturnError('session_invalid', 'a time is not valid', 'give another');
  await expect(save(await open(cookie))).rejects.toBe(failure);
});

test.each([
  {},
  'in the cookie',
] as const)('an epoch that the app says it has begun counts for what is kept: %s', async (kind) => {
  const options = { epoch: () => 3 };
  const { open, save } = await setUp(kind === 'in the cookie' ? kind : options);
  const visit = await open();
  visit.session.regenerate({ epoch: 2 });
  visit.session.user = 'ada';
  expect((await open(await save(visit))).session.user).toBe('ada');
});

test('of two moments that are set at once the later stays, whichever is saved last', async () => {
  for (const [first, second] of [
    [1, 5],
    [5, 1],
  ] as const) {
    const { clock, open, save, signIn } = await setUp();
    const cookie = await signIn(({ session }) => {
      session.lastSeen = clock.read() - 10;
    });
    const [one, other] = [await open(cookie), await open(cookie)];
    const now = clock.read();
    one.session.lastSeen = now - first;
    other.session.lastSeen = now - second;
    await save(one);
    await save(other);
    expect((await open(cookie)).session.lastSeen).toBe(now - 1);
  }
});

describe('in the cookie', () => {
  test('a sign-out clears it, and what is put there afterwards is told', async () => {
    const { open, signIn } = await setUp('in the cookie');
    const cookie = await signIn();
    const visit = await open(cookie);
    visit.session.destroy();
    expect(await cookiesOf(visit)).toEqual([expect.stringMatching(/^keyturn\.sid=;.*Max-Age=0/)]);
    const late = await open(cookie);
    late.session.destroy();
    late.session.step = 2;
    await expect(cookiesOf(late)).rejects.toMatchObject({
      code: 'session_invalid',
      message: 'data was put into a session after destroy()',
    });
  });

  test('what does not fit is refused with its length', async () => {
    const { open } = await setUp('in the cookie');
    const visit = await open();
    visit.session.large = 'x'.repeat(5000);
    await expect(cookiesOf(visit)).rejects.toMatchObject({
      code: 'session_too_large',
      message: expect.stringMatching(
        /longer than the \d+ bytes that browsers keep \(its data has 5012 characters\)/,
      ),
    });
  });

  test('is remembered for as long as is asked, for the longest otherwise, and not where a box is not ticked', async () => {
    const { open, signIn, days } = await setUp('in the cookie');
    const lives = async (...given: [] | [boolean | string]) =>
      days(await open(await signIn(({ session }) => session.remember(...(given as [])))));
    expect([await lives(), await lives(true), await lives('7d'), await lives(false)]).toEqual([30, 30, 7, 5]);
    await expect(lives('31d')).rejects.toMatchObject({ code: 'purpose_lifetime' });
  });
});

test('what a slower request wanted to keep is told with the request that it was', async () => {
  const clock = testClock();
  const logger = memoryLogger();
  const keyturn = await testKeyturn({ clock, logger });
  const core = await openHttpCore(keyturn, { store: memoryStore({ clock: clock.read }) });
  const open = async (facts: RequestFacts) => {
    const visit = new Visit(core, requestOf(facts));
    await visit.before();
    return visit;
  };
  const first = await open({});
  first.session.user = 'ada';
  const cookie = (await cookiesOf(first))[0]?.split(';')[0];
  const slower = await open({ cookie, method: 'POST', route: '/notes/:id', path: '/notes/7' });
  const unrouted = await open({ cookie, method: 'PUT', path: '/notes/7?token=secret' });
  const other = await open({ cookie });
  other.session.destroy();
  await cookiesOf(other);
  for (const visit of [slower, unrouted]) {
    visit.session.note = 'late';
    expect(await cookiesOf(visit)).toEqual([]);
  }
  expect(logger.records.map(({ facts }) => facts).filter(({ event }) => event === 'session.dropped')).toEqual(
    [
      { event: 'session.dropped', method: 'POST', route: '/notes/:id' },
      { event: 'session.dropped', method: 'PUT', path: '/notes/7' },
    ],
  );
});
