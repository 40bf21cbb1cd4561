// The stores that most apps of express-session have, on real engines: moved in from, with Keyturn's own store beside them.
import { createRequire } from 'node:module';
import { createClient } from 'redis';
import { describe, expect, inject } from 'vitest';
import type { SessionStore } from '../../src/sessions/stores/contract.js';
import { postgresStore } from '../../src/sessions/stores/postgres.js';
import { redisStore } from '../../src/sessions/stores/redis.js';
import { manualClock } from '../../src/testing/clock.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import { ownPrefix, ownSchema } from '../support/engines.js';
import { expressSessionReplica, keyturnReplica, Person } from './replicas.js';

interface Place {
  /** The old library's. */
  readonly oldStore: any;
  readonly store: SessionStore;
  /** How many old sessions are kept. */
  readonly count: () => Promise<number>;
  /** Seconds until the only one ends. */
  readonly left: () => Promise<number>;
}

/** Without its types, which would say what a request of Express has in every test. */
const require = createRequire(import.meta.url);

/** What the repository itself has installed. */
const load = async (name: string): Promise<any> => ({ default: require(name) });

async function inRedis(afterwards: Afterwards): Promise<Place> {
  const client = createClient({ url: inject('redisUrl') });
  await client.connect();
  const prefix = ownPrefix();
  const old = `${prefix}sess:`;
  const keysOf = async (match: string) => {
    const found: string[] = [];
    for await (const keys of client.scanIterator({ MATCH: `${match}*`, COUNT: 1000 })) found.push(...keys);
    return found;
  };
  afterwards(async () => {
    const keys = await keysOf(prefix);
    if (keys.length > 0) await client.del(keys);
    await client.close();
  });
  return {
    oldStore: new (require('connect-redis').RedisStore)({ client, prefix: old }),
    store: redisStore({ client, prefix: `${prefix}new:` }),
    count: async () => (await keysOf(old)).length,
    left: async () => await client.ttl((await keysOf(old))[0] as string),
  };
}

async function inPostgres(afterwards: Afterwards): Promise<Place> {
  const place = await ownSchema(inject('postgresUrl'));
  const { pool } = place;
  const PgStore = require('connect-pg-simple')(require('express-session'));
  const oldStore = new PgStore({
    pool,
    createTableIfMissing: true,
    pruneSessionInterval: false,
  });
  const store = postgresStore({ pool });
  await store.migrate();
  afterwards(async () => {
    await oldStore.close();
    await place.drop();
  });
  const one = async (sql: string) => Number((await pool.query(sql)).rows[0].one);
  return {
    oldStore,
    store,
    count: () => one('SELECT count(*) AS one FROM session'),
    left: () => one('SELECT extract(epoch FROM expire - now()) AS one FROM session'),
  };
}

describe.each([
  ['connect-redis', inRedis],
  ['connect-pg-simple', inPostgres],
])('%s', (_, open) => {
  async function town(afterwards: Afterwards) {
    const place = await open(afterwards);
    const { oldStore, store } = place;
    const clock = manualClock(Date.now());
    const cookie = { maxAge: 3_600_000 };
    const replica = { clock, store, moveIn: { 'express-session': { store: oldStore, cookie } } };
    return {
      ...place,
      old: await expressSessionReplica({ store: oldStore, cookie }, afterwards, load),
      beside: await keyturnReplica({ ...replica, phase: 'beside' }, afterwards, load),
      over: await keyturnReplica({ ...replica, phase: 'over' }, afterwards, load),
    };
  }

  test('in turns, back to the library, over and out', async ({ afterwards }) => {
    const { old, beside, over, count } = await town(afterwards);
    const [ada, grace] = [new Person(), new Person()];
    await ada.post(old, '/sign-in/ada');
    await grace.post(beside, '/sign-in/grace');
    expect(await count()).toBe(2);
    const cart: string[] = [];
    for (const [at, url] of [beside, old, beside, old].entries()) {
      for (const person of [ada, grace]) await person.post(url, `/cart/${at}`);
      cart.push(String(at));
      for (const each of [old, beside]) {
        expect(await ada.sees(each)).toEqual({ user: 'ada', cart });
        expect(await grace.sees(each)).toEqual({ user: 'grace', cart });
      }
    }
    await grace.post(old, '/sign-out');
    expect((await grace.sees(beside)).user).toBeNull();
    await ada.post(over, '/cart/last');
    expect((await ada.sees(beside)).cart).toEqual([...cart, 'last']);
    expect((await ada.sees(old)).cart).toEqual([...cart, 'last']);
    const copied = ada.copy();
    await ada.post(over, '/sign-out');
    expect(await count()).toBe(0);
    for (const url of [old, beside, over]) expect((await copied.sees(url)).user).toBeNull();
  });

  test('a session that is only looked at lives on in the old store', async ({ afterwards }) => {
    const { old, beside, oldStore, left } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    const sid = decodeURIComponent(ada.browser.cookies.get('connect.sid') as string)
      .slice(2)
      .split('.')[0] as string;
    // Its end has come nearer, as far as the store knows.
    const near = {
      cookie: { originalMaxAge: 60_000, expires: new Date(Date.now() + 60_000), maxAge: 60_000 },
    };
    await new Promise((done) => oldStore.touch(sid, near, done));
    expect(await left()).toBeLessThan(61);
    expect((await ada.sees(beside)).user).toBe('ada');
    expect(await left()).toBeGreaterThan(3500);
  });

  test('many at once, with one old cookie', async ({ afterwards }) => {
    const { old, beside, over } = await town(afterwards);
    for (const url of [beside, over]) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      const tabs = Array.from({ length: 10 }, () => ada.copy());
      const seen = await Promise.all(tabs.map((tab) => tab.sees(url)));
      expect(seen.every(({ user }) => user === 'ada')).toBe(true);
      await (tabs[0] as Person).post(url, '/sign-out');
      const after = await Promise.all(tabs.map((tab) => tab.sees(url)));
      expect(after.every(({ user }) => user === null)).toBe(true);
    }
  });
});
