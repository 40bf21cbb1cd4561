// A store of the old library that answers when a test says so: what a sign-out has ended no slower request brings back, at
// whichever side it was.
import { describe, expect } from 'vitest';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { wrapStore } from '../../src/sessions/stores/wrap.js';
import { neighbour } from '../bridges/neighbours.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import { expressSessionReplica, KINDS, keyturnReplica, oneClock, Person } from './replicas.js';

const NOBODY = { user: null, cart: [] };

/** One call of the store, which waits. */
interface HeldCall {
  /** Lets it go on. */
  readonly go: () => void;
}

/** Holds the next call of a method back. @returns what resolves when it has come */
function hold(store: any, method: 'get' | 'set' | 'destroy'): Promise<HeldCall> {
  const original = store[method];
  return new Promise((come) => {
    store[method] = function (this: unknown, ...given: unknown[]) {
      store[method] = original;
      come({ go: () => original.apply(store, given) });
    };
  });
}

describe.each(Object.keys(KINDS))('sessions of Keyturn %s', (kind) => {
  async function town(afterwards: Afterwards) {
    const clock = oneClock(afterwards);
    const { default: session } = await neighbour('express-session');
    const oldStore = new session.MemoryStore();
    oldStore.setMaxListeners(0);
    const store = KINDS[kind]?.(clock);
    const replica = { clock, moveIn: { 'express-session': { store: oldStore } }, ...(store && { store }) };
    return {
      clock,
      oldStore,
      old: await expressSessionReplica({ store: oldStore }, afterwards),
      beside: await keyturnReplica({ ...replica, phase: 'beside' }, afterwards),
      another: await keyturnReplica({ ...replica, phase: 'beside' }, afterwards),
      over: await keyturnReplica({ ...replica, phase: 'over' }, afterwards),
    };
  }

  test('a write of Keyturn that is slower than a sign-out at the old library', async ({ afterwards }) => {
    const { old, beside, oldStore } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    await ada.sees(beside);
    const tab = ada.copy();
    // It has the session, and looks once more before it writes.
    const coming = hold(oldStore, 'get');
    const slow = tab.post(beside, '/cart/tea');
    (await coming).go();
    const looking = hold(oldStore, 'get');
    const look = await looking;
    await ada.post(old, '/sign-out');
    look.go();
    await slow;
    expect(Object.keys(oldStore.sessions)).toEqual([]);
    for (const url of [beside, old]) {
      expect(await tab.sees(url)).toEqual(NOBODY);
      expect(await ada.sees(url)).toEqual(NOBODY);
    }
  });

  test('a taking over that is slower than a sign-out at the old library', async ({ afterwards }) => {
    const { old, beside, over, oldStore } = await town(afterwards);
    for (const url of [beside, over]) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      const tab = ada.copy();
      const coming = hold(oldStore, 'get');
      const slow = tab.sees(url);
      const look = await coming;
      await ada.post(old, '/sign-out');
      look.go();
      expect(await slow).toEqual(NOBODY);
      expect(await tab.sees(url)).toEqual(NOBODY);
    }
  });

  test('a taking over that had looked before a sign-out at the old library', async ({ afterwards }) => {
    const { old, beside, over, oldStore } = await town(afterwards);
    for (const url of kind === 'in a store' ? [beside, over] : [beside]) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      const tab = ada.copy();
      const { get } = oldStore;
      // It has the answer, and is slow from then on.
      const came = new Promise<() => void>((come) => {
        oldStore.get = (sid: string, done: (...answer: unknown[]) => void) => {
          oldStore.get = get;
          get.call(oldStore, sid, (...answer: unknown[]) => come(() => done(...answer)));
        };
      });
      const slow = tab.sees(url);
      const answer = await came;
      await ada.post(old, '/sign-out');
      answer();
      await slow;
      expect(await tab.sees(url)).toEqual(NOBODY);
    }
  });

  test('requests that come at once with one old cookie get one session', async ({ afterwards }) => {
    const { old, beside, another, over } = await town(afterwards);
    for (const urls of [
      [beside, another],
      [over, over],
    ]) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      const tabs = Array.from({ length: 8 }, () => ada.copy());
      const seen = await Promise.all(tabs.map((tab, at) => tab.sees(urls[at % 2] as string)));
      expect(new Set(seen.map(({ user }) => user))).toEqual(new Set(['ada']));
      await (tabs[0] as Person).post(urls[0] as string, '/cart/tea');
      if (kind === 'in a store' || urls[0] === beside)
        expect(await (tabs[7] as Person).sees(urls[1] as string)).toEqual({ user: 'ada', cart: ['tea'] });
      await (tabs[1] as Person).post(urls[0] as string, '/sign-out');
      if (kind === 'in a store' || urls[0] === beside)
        for (const tab of tabs) expect(await tab.sees(urls[1] as string)).toEqual(NOBODY);
    }
  });

  test('a record that a slower request on the old library has brought back signs nobody in at Keyturn', async ({
    afterwards,
  }) => {
    if (kind !== 'in a store') return;
    const { old, beside, over, oldStore } = await town(afterwards);
    for (const url of [beside, over]) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      await ada.sees(url);
      const tab = ada.copy();
      const coming = hold(oldStore, 'set');
      const slow = tab.post(old, '/cart/tea');
      const write = await coming;
      await ada.post(url, '/sign-out');
      write.go();
      await slow;
      expect(Object.keys(oldStore.sessions)).toHaveLength(1);
      for (const person of [tab, ada]) {
        person.browser.cookies.delete('keyturn.sid');
        expect(await person.sees(url)).toEqual(NOBODY);
      }
      // And it is gone again, for the old library too.
      expect(await tab.sees(old)).toEqual(NOBODY);
    }
  });

  test('whoever has signed out at the old library goes on as a visitor, and keeps what he does then', async ({
    afterwards,
  }) => {
    const { old, beside, another, over } = await town(afterwards);
    for (const [url, elsewhere] of [
      [beside, another],
      [over, over],
    ] as const) {
      // The old library leaves the browser its cookie. What notices the sign-out may write, or only look.
      for (const looks of [false, true]) {
        const ada = new Person();
        await ada.post(old, '/sign-in/ada');
        await ada.sees(beside);
        await ada.post(old, '/sign-out');
        if (looks) for (const at of [url, elsewhere]) expect(await ada.sees(at)).toEqual(NOBODY);
        await ada.post(url, '/cart/tea');
        await ada.post(elsewhere, '/cart/milk');
        for (const at of url === beside ? [beside, another, old] : [over])
          expect(await ada.sees(at)).toEqual({ user: null, cart: ['tea', 'milk'] });
      }
    }
  });

  test('what was sent before a sign-out at the old library brings nobody back, also where it is noticed already', async ({
    afterwards,
  }) => {
    const { old, beside, another } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    await ada.post(beside, '/cart/tea');
    const tab = ada.copy();
    await ada.post(old, '/sign-out');
    expect(await ada.sees(beside)).toEqual(NOBODY);
    await tab.post(another, '/cart/milk');
    // Of what was there before nothing is back.
    expect(await tab.sees(beside)).toEqual({ user: null, cart: ['milk'] });
    expect(await ada.sees(beside)).toEqual(NOBODY);
  });

  test('what a sign-out at Keyturn has overtaken is dropped, also by a request that has the old cookie alone', async ({
    afterwards,
  }) => {
    if (kind !== 'in a store') return;
    const { old, beside, over } = await town(afterwards);
    for (const url of [beside, over]) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      const tab = ada.copy();
      await ada.sees(url);
      await ada.post(url, '/sign-out');
      await tab.post(url, '/cart/tea');
      expect(await tab.sees(url)).toEqual(NOBODY);
    }
  });

  test('a store that cannot be reached signs nobody out', async ({ afterwards }) => {
    const { old, beside, oldStore } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    await ada.sees(beside);
    const { get } = oldStore;
    oldStore.get = (_: string, done: (error: Error) => void) => done(new Error('connection refused'));
    expect((await ada.browser.fetch(beside)).status).toBe(503);
    oldStore.get = get;
    expect((await ada.sees(beside)).user).toBe('ada');
    expect((await ada.sees(old)).user).toBe('ada');
  });
});

test('what a replica on the library has written last is not undone by requests that only look', async ({
  afterwards,
}) => {
  const clock = oneClock(afterwards);
  const { default: session } = await neighbour('express-session');
  const oldStore = new session.MemoryStore();
  oldStore.setMaxListeners(0);
  const inner = memoryStore({ clock: clock.read });
  const waiting: (() => void)[] = [];
  let holds = false;
  let came = () => {};
  const store = wrapStore(inner, {
    put: async (id, record, expected) => {
      if (holds) {
        await new Promise<void>((go) => {
          waiting.push(go);
          came();
        });
      }
      return await inner.put(id, record, expected);
    },
  });
  const next = () => new Promise<void>((tell) => (came = tell));
  const old = await expressSessionReplica({ store: oldStore }, afterwards);
  const beside = await keyturnReplica(
    { clock, store, moveIn: { 'express-session': { store: oldStore } } },
    afterwards,
  );
  const ada = new Person();
  await ada.post(old, '/sign-in/ada');
  await ada.sees(beside);
  await ada.post(old, '/cart/a');
  holds = true;
  let reached = next();
  const first = ada.copy().sees(beside);
  await reached;
  await ada.post(old, '/cart/b');
  reached = next();
  const second = ada.copy().sees(beside);
  await reached;
  // The one that has seen less is saved first, and the other finds that it was.
  holds = false;
  const [one, other] = waiting as [() => void, () => void];
  one();
  await first;
  other();
  expect((await second).cart).toEqual(['a', 'b']);
  for (const url of [old, beside]) expect((await ada.sees(url)).cart).toEqual(['a', 'b']);
});
