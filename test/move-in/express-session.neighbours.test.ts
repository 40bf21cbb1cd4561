// Moving in from the real express-session: two replicas of one app serve one visitor in turns.
import { describe, expect } from 'vitest';
import { neighbour } from '../bridges/neighbours.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import type { ManualClock } from '../support/keyturn.js';
import {
  expressSessionReplica,
  type KeyturnReplica,
  KINDS,
  keyturnReplica,
  OLD_SECRET,
  OLDER_SECRET,
  oneClock,
  Person,
} from './replicas.js';

/** Seconds. */
const MINUTE = 60;
const DAY = 86_400;

const ADA = { user: 'ada', cart: [] };
const NOBODY = { user: null, cart: [] };

async function memory(): Promise<any> {
  const { default: session } = await neighbour('express-session');
  const store = new session.MemoryStore();
  store.setMaxListeners(0);
  return store;
}

/** What is kept of each session of the old library, by id. */
function records(store: any): Readonly<Record<string, any>> {
  return Object.fromEntries(
    Object.entries(store.sessions as Record<string, string>).map(([sid, text]) => [sid, JSON.parse(text)]),
  );
}

interface Town {
  readonly clock: ManualClock;
  readonly old: string;
  readonly beside: string;
  readonly over: string;
  readonly oldStore: any;
}

describe.each(Object.keys(KINDS))('sessions of Keyturn %s', (kind) => {
  async function town(
    afterwards: Afterwards,
    options: { readonly cookie?: any; readonly replica?: Partial<KeyturnReplica> } = {},
  ): Promise<Town> {
    const clock = oneClock(afterwards);
    const oldStore = await memory();
    const store = KINDS[kind]?.(clock);
    const { cookie } = options;
    const moveIn = { 'express-session': { store: oldStore, ...(cookie === undefined ? {} : { cookie }) } };
    const replica = { clock, moveIn, ...(store === undefined ? {} : { store }), ...options.replica };
    return {
      clock,
      oldStore,
      old: await expressSessionReplica({ store: oldStore, ...(cookie && { cookie }) }, afterwards),
      beside: await keyturnReplica({ ...replica, phase: 'beside' }, afterwards),
      over: await keyturnReplica({ ...replica, phase: 'over' }, afterwards),
    };
  }

  test('a deploy in progress: whoever serves, what was done is there', async ({ afterwards }) => {
    const { old, beside } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    expect(await ada.sees(beside)).toEqual(ADA);
    await ada.post(beside, '/cart/tea');
    expect(await ada.sees(old)).toEqual({ user: 'ada', cart: ['tea'] });
    await ada.post(old, '/cart/milk');
    expect(await ada.sees(beside)).toEqual({ user: 'ada', cart: ['tea', 'milk'] });
    await ada.post(beside, '/cart/jam');
    expect(await ada.sees(old)).toEqual({ user: 'ada', cart: ['tea', 'milk', 'jam'] });
    expect(await ada.sees(beside)).toEqual({ user: 'ada', cart: ['tea', 'milk', 'jam'] });
  });

  test('who signs in at Keyturn is known to the old library, and by its own cookie alone', async ({
    afterwards,
  }) => {
    const { old, beside } = await town(afterwards);
    const ada = new Person();
    await ada.post(beside, '/sign-in/ada');
    const { cookies } = ada.browser;
    for (const name of [...cookies.keys()]) if (name !== 'connect.sid') cookies.delete(name);
    expect(cookies.size).toBe(1);
    expect(await ada.sees(old)).toEqual(ADA);
    expect(await ada.sees(beside)).toEqual(ADA);
  });

  test('what is saved before the answer is there for both, over one sign-in after the other', async ({
    afterwards,
  }) => {
    const { old, beside, over } = await town(afterwards);
    const person = new Person();
    for (const [then, user] of [
      ['save', 'ada'],
      ['reload', 'eve'],
      ['save', 'grace'],
    ]) {
      expect(await person.post(beside, `/sign-in-and-${then}/${user}`)).toBe(200);
      expect(await person.sees(old)).toEqual({ user, cart: ['tea'] });
      expect(await person.sees(beside)).toEqual({ user, cart: ['tea'] });
    }
    await person.post(beside, '/cart/jam');
    expect(await person.sees(old)).toEqual({ user: 'grace', cart: ['tea', 'jam'] });
    expect(await person.post(over, '/sign-in-and-save/eve')).toBe(200);
    expect(await person.sees(over)).toEqual({ user: 'eve', cart: ['tea'] });
  });

  test('a sign-out at either is one at the other', async ({ afterwards }) => {
    const { old, beside } = await town(afterwards);
    for (const [where, other] of [
      [old, beside],
      [beside, old],
    ] as const) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      expect(await ada.sees(beside)).toEqual(ADA);
      const copied = ada.copy();
      await ada.post(where, '/sign-out');
      expect(await ada.sees(other)).toEqual(NOBODY);
      expect(await ada.sees(where)).toEqual(NOBODY);
      // Nor by cookies that somebody has kept.
      expect(await copied.copy().sees(old)).toEqual(NOBODY);
      expect(await copied.sees(beside)).toEqual(NOBODY);
    }
  });

  test('whoever signs in anew at either is that person at both', async ({ afterwards }) => {
    const { old, beside } = await town(afterwards);
    const person = new Person();
    await person.post(old, '/sign-in/ada');
    await person.sees(beside);
    await person.post(old, '/sign-in/grace');
    expect((await person.sees(beside)).user).toBe('grace');
    await person.post(beside, '/sign-in/joan');
    expect((await person.sees(old)).user).toBe('joan');
    expect((await person.sees(beside)).user).toBe('joan');
  });

  test('a rollback to the old library after an hour of traffic serves everybody', async ({ afterwards }) => {
    const cookie = { maxAge: 30 * 60_000 };
    const { clock, old, beside } = await town(afterwards, { cookie });
    const [ada, grace, joan] = [new Person(), new Person(), new Person()];
    await ada.post(old, '/sign-in/ada');
    await grace.post(beside, '/sign-in/grace');
    await joan.post(old, '/sign-in/joan');
    const gone = joan.copy();
    for (let minute = 0; minute < 60; minute += 5) {
      for (const person of [ada, grace]) {
        await person.sees(beside);
        if (minute % 15 === 0) await person.post(beside, `/cart/${minute}`);
      }
      if (minute === 20) await joan.post(beside, '/sign-out');
      clock.advance(5 * MINUTE);
    }
    // Every replica runs the old library again.
    expect(await ada.sees(old)).toEqual({ user: 'ada', cart: ['0', '15', '30', '45'] });
    expect(await grace.sees(old)).toEqual({ user: 'grace', cart: ['0', '15', '30', '45'] });
    expect(await joan.sees(old)).toEqual(NOBODY);
    expect(await gone.sees(old)).toEqual(NOBODY);
    // And who is not seen for so long is signed out there, as ever.
    clock.advance(31 * MINUTE);
    expect(await ada.sees(old)).toEqual(NOBODY);
    expect(await grace.sees(beside)).toEqual(NOBODY);
  });

  test('over: old sessions are taken over, and nothing is written for the old library', async ({
    afterwards,
  }) => {
    const { old, over, oldStore } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    const before = records(oldStore);
    const sent = ada.browser.received.length;
    expect(await ada.sees(over)).toEqual(ADA);
    await ada.post(over, '/cart/tea');
    expect(await ada.sees(over)).toEqual({ user: 'ada', cart: ['tea'] });
    const grace = new Person();
    await grace.post(over, '/sign-in/grace');
    expect(await grace.sees(over)).toEqual({ user: 'grace', cart: [] });
    expect(records(oldStore)).toEqual(before);
    const lines = [...ada.browser.received.slice(sent), ...grace.browser.received];
    expect(lines.filter((line) => line.startsWith('connect.sid'))).toEqual([]);
  });

  test('over: a sign-out, and a sign-in, end the old session too', async ({ afterwards }) => {
    const { old, over, oldStore } = await town(afterwards);
    for (const path of ['/sign-out', '/sign-in/grace']) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      await ada.sees(over);
      const copied = ada.copy();
      await ada.post(over, path);
      expect(records(oldStore)).toEqual({});
      expect(ada.browser.cookies.has('connect.sid')).toBe(false);
      copied.browser.cookies.delete('keyturn.sid');
      expect(await copied.sees(over)).toEqual(NOBODY);
    }
  });

  test('one replica is late in the deploy from beside to over: nobody is signed out, nothing old comes back', async ({
    afterwards,
  }) => {
    const { old, beside, over } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    await ada.sees(beside);
    const things: string[] = [];
    for (const [at, url] of [over, beside, over, over, beside, beside, over].entries()) {
      await ada.post(url, `/cart/${at}`);
      things.push(String(at));
      expect(await ada.sees(beside)).toEqual({ user: 'ada', cart: things });
      expect(await ada.sees(over)).toEqual({ user: 'ada', cart: things });
    }
    // Back to the old library by way of beside.
    expect(await ada.sees(beside)).toEqual({ user: 'ada', cart: things });
    expect(await ada.sees(old)).toEqual({ user: 'ada', cart: things });
    const copied = ada.copy();
    await ada.post(over, '/sign-out');
    for (const url of [beside, over, old]) {
      expect(await ada.sees(url)).toEqual(NOBODY);
      expect(await copied.copy().sees(url)).toEqual(
        kind === 'in a store' || url === old ? NOBODY : expect.anything(),
      );
    }
    // One that began in the phase over gets a counterpart when it is seen by one that is late.
    await ada.post(over, '/sign-in/ada');
    expect(await ada.sees(beside)).toEqual(ADA);
    expect(await ada.sees(old)).toEqual(ADA);
  });

  test('what was signed out by the old library stays so in the phase over', async ({ afterwards }) => {
    const { old, beside, over } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    await ada.sees(beside);
    await ada.post(old, '/sign-out');
    expect(await ada.sees(over)).toEqual(NOBODY);
    expect(await ada.sees(beside)).toEqual(NOBODY);
  });

  test('over ends by itself: old cookies are looked at until then', async ({ afterwards }) => {
    const replica = { until: '2026-01-16T12:00:00Z' };
    const { clock, old, over } = await town(afterwards, { replica });
    const [ada, grace] = [new Person(), new Person()];
    await ada.post(old, '/sign-in/ada');
    await grace.post(old, '/sign-in/grace');
    expect(await ada.sees(over)).toEqual(ADA);
    clock.advance(DAY);
    expect(await ada.sees(over)).toEqual(ADA);
    expect(await grace.sees(over)).toEqual(NOBODY);
  });

  test('an old session keeps the end that it had, where Keyturn would end it sooner', async ({
    afterwards,
  }) => {
    const cookie = { maxAge: 20 * 86_400_000 };
    const replica = { settings: { session: { idle: '1d', max_age: '90d' } } };
    const { clock, old, over } = await town(afterwards, { cookie, replica });
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    await ada.post(over, '/cart/tea');
    clock.advance(19 * DAY);
    expect(await ada.sees(over)).toEqual({ user: 'ada', cart: ['tea'] });
  });

  test('altered, foreign and expired old cookies are none', async ({ afterwards }) => {
    const { clock, old, beside, over } = await town(afterwards, { cookie: { maxAge: 60_000 } });
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    const value = ada.browser.cookies.get('connect.sid') as string;
    const flipped = value.slice(0, -1) + (value.endsWith('A') ? 'B' : 'A');
    const otherSid = value.replace(/^s%3A./, (start) => `s%3A${start.endsWith('x') ? 'y' : 'x'}`);
    for (const altered of [
      flipped,
      otherSid,
      value.replace('s%3A', ''),
      's%3A',
      '%',
      value.split('.')[0] as string,
    ]) {
      const thief = new Person();
      thief.browser.cookies.set('connect.sid', altered);
      for (const url of [beside, over]) expect(await thief.sees(url)).toEqual(NOBODY);
    }
    expect(await ada.copy().sees(beside)).toEqual(ADA);
    clock.advance(2 * MINUTE);
    for (const url of [beside, over]) expect(await ada.copy().sees(url)).toEqual(NOBODY);
  });

  test('each of the old secrets is accepted, and the first signs', async ({ afterwards }) => {
    const clock = oneClock(afterwards);
    const oldStore = await memory();
    const old = await expressSessionReplica({ store: oldStore, secret: OLDER_SECRET }, afterwards);
    const newer = await expressSessionReplica({ store: oldStore, secret: OLD_SECRET }, afterwards);
    const store = KINDS[kind]?.(clock);
    const moveIn = { 'express-session': { store: oldStore } };
    const secrets = [OLD_SECRET, OLDER_SECRET];
    const beside = await keyturnReplica({ clock, moveIn, secrets, ...(store && { store }) }, afterwards);
    const [ada, grace] = [new Person(), new Person()];
    await ada.post(old, '/sign-in/ada');
    expect(await ada.sees(beside)).toEqual(ADA);
    await grace.post(beside, '/sign-in/grace');
    expect((await grace.sees(newer)).user).toBe('grace');
  });

  test('records and cookies are as the old library makes them', async ({ afterwards }) => {
    const cookie = { maxAge: 3_600_000, sameSite: 'lax', domain: undefined, path: '/', priority: 'high' };
    const { old, beside, oldStore } = await town(afterwards, { cookie });
    const [ada, grace] = [new Person(), new Person()];
    await ada.post(old, '/sign-in/x');
    await grace.post(beside, '/sign-in/x');
    const [byOld, byKeyturn] = Object.values(oldStore.sessions as Record<string, string>);
    expect(byKeyturn).toBe(byOld);
    const shape = (person: Person) =>
      person.browser.received
        .filter((line) => line.startsWith('connect.sid='))
        .map((line) => line.replace(/^connect\.sid=s%3A[\w-]+\.[\w%]+;/, 'connect.sid=…;'));
    expect(shape(grace)).toEqual(shape(ada));
    expect(shape(grace)).toHaveLength(1);
  });
});
