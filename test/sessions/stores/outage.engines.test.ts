// What the users of an app see while the engine of its sessions is gone, slow, silent, empty or failing over: an error
// that says "try again", and afterwards their sessions. Nobody is signed out by it, nobody in, and nothing is lost that
// was acknowledged.
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { describe, expect, inject, vi } from 'vitest';
import keyturnFastify from '../../../src/adapters/fastify/index.js';
import type { EngineClients } from '../../../src/engines/engines.js';
import type { Keyturn } from '../../../src/keyturn.js';
import { type Afterwards, tidyTest as test } from '../../support/afterwards.js';
import { Browser } from '../../support/browser.js';
import { type Cut, cutTo, ownPrefix, ownSchema, startRedis } from '../../support/engines.js';
import { testKeyturn } from '../../support/keyturn.js';
import { Gate, NOT_FOR_EVER, took, until } from '../../support/waiting.js';

// Most of the time they wait, so some do it together: not so many that an engine seems slow.
vi.setConfig({ maxConcurrency: 3 });

/** A proxy before an engine, and the engine's address by way of it. */
async function behindProxy(address: string, afterwards: Afterwards) {
  const url = new URL(address);
  const proxy = await cutTo(Number(url.port) || (url.protocol === 'redis:' ? 6379 : 5432), url.hostname);
  afterwards(() => proxy.close());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

interface OpenEngine {
  readonly proxy: Cut;
  readonly keyturn: Keyturn;
  /** Takes all data away, as a restore from nothing does. */
  empty(): Promise<void>;
}

async function make(session: object, afterwards: Afterwards, clients: EngineClients = {}): Promise<Keyturn> {
  // By the time of this machine: the browser drops cookies by it.
  const keyturn = await testKeyturn({ clock: { read: Date.now } as never, config: { session }, clients });
  afterwards(() => keyturn.close());
  return keyturn;
}

/** A shared Redis, in a place of one's own. */
async function inRedis(
  afterwards: Afterwards,
  open: (url: string) => Promise<[object, EngineClients]>,
): Promise<OpenEngine> {
  const { proxy, url } = await behindProxy(inject('redisUrl'), afterwards);
  const prefix = ownPrefix();
  const direct = await createClient({ url: inject('redisUrl') }).connect();
  const empty = async () => {
    const keys = await direct.keys(`${prefix}*`);
    if (keys.length > 0) await direct.del(keys);
  };
  afterwards(async () => {
    await empty();
    direct.destroy();
  });
  const [redis, clients] = await open(url);
  const keyturn = await make({ backend: 'redis', redis: { prefix, ...redis } }, afterwards, clients);
  return { proxy, keyturn, empty };
}

/** A shared PostgreSQL, in a place of one's own. */
async function inPostgres(
  afterwards: Afterwards,
  open: (url: string) => Promise<[object, EngineClients]>,
): Promise<OpenEngine> {
  const { schema, pool, drop } = await ownSchema(inject('postgresUrl'));
  afterwards(drop);
  const { proxy, url } = await behindProxy(inject('postgresUrl'), afterwards);
  const table = `${schema}.sessions`;
  const [postgres, clients] = await open(url);
  const keyturn = await make({ backend: 'postgres', postgres: { table, ...postgres } }, afterwards, clients);
  return { proxy, keyturn, empty: async () => void (await pool.query(`DROP TABLE ${table}`)) };
}

/** Opened by their URLs, and clients of the app, set up as docs/stores.md says. */
const ENGINES: ReadonlyArray<readonly [string, (afterwards: Afterwards) => Promise<OpenEngine>]> = [
  ['Redis by its URL', (afterwards) => inRedis(afterwards, async (url) => [{ url }, {}])],
  [
    'Redis, node-redis of the app',
    (afterwards) =>
      inRedis(afterwards, async (url) => {
        const redis = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: 20 } });
        await redis.connect();
        afterwards(() => redis.destroy());
        return [{}, { redis }];
      }),
  ],
  [
    'Redis, ioredis of the app',
    (afterwards) =>
      inRedis(afterwards, async (url) => {
        const redis = new Redis(url, {
          enableOfflineQueue: false,
          lazyConnect: true,
          commandTimeout: 2000,
          maxRetriesPerRequest: 0,
          retryStrategy: () => 20,
        });
        redis.on('error', () => {});
        await redis.connect();
        afterwards(() => redis.disconnect());
        return [{}, { redis }];
      }),
  ],
  ['PostgreSQL by its URL', (afterwards) => inPostgres(afterwards, async (url) => [{ url }, {}])],
  [
    'PostgreSQL, a pool of the app',
    (afterwards) =>
      inPostgres(afterwards, async (url) => {
        const postgres = new Pool({ connectionString: url });
        afterwards(() => postgres.end());
        return [{}, { postgres }];
      }),
  ],
];

/** Those that are silent at times need the settings that a URL brings along. */
const BY_URL = ENGINES.filter(([name]) => name.includes('URL'));

interface Serving {
  readonly url: string;
  /** Requests that are slow wait here until their test lets them on. */
  readonly slow: Gate;
}

async function serve(keyturn: Keyturn, afterwards: Afterwards): Promise<Serving> {
  const slow = new Gate();
  const app = Fastify();
  await app.register(keyturnFastify, { keyturn });
  const open = { config: { csrf: false } };
  app.get('/plain', async () => 'ok');
  app.get('/me', async ({ session }) => ({ user: session.user ?? null, items: session.items ?? null }));
  app.post('/in', open, async ({ session }) => {
    session.regenerate();
    session.user = 'ada';
    return {};
  });
  app.post('/add', open, async ({ session, body }) => {
    await session.update((data) => {
      data.items = [...((data.items as unknown[]) ?? []), (body as { item: unknown }).item];
    });
    return {};
  });
  app.post('/slow', open, async ({ session }) => {
    session.slow = true;
    await slow.pass();
    return {};
  });
  app.post('/out', open, async ({ session }) => {
    session.destroy();
    return {};
  });
  await app.listen({ port: 0, host: 'localhost' });
  afterwards(() => app.close());
  return { url: `http://localhost:${(app.server.address() as AddressInfo).port}`, slow };
}

const answers = async (browser: Browser) => (await browser.get('/me')).status === 200;

describe.concurrent.each(ENGINES)('%s', (_name, open) => {
  test('gone for a while: an error for those with a session, a page for the others, nobody signed out or in', async ({
    afterwards,
  }) => {
    const { proxy, keyturn } = await open(afterwards);
    const { url } = await serve(keyturn, afterwards);
    const [ada, visitor] = [new Browser(url), new Browser(url)];
    await ada.post('/in', {});
    expect((await ada.get('/me')).json.user).toBe('ada');

    proxy.cut();
    await until(async () => !(await answers(ada)));
    for (const answer of [await ada.get('/me'), await ada.post('/out', {}), await visitor.post('/in', {})]) {
      expect(answer.status).toBe(503);
      expect(answer.json).toMatchObject({
        code: 'engine_unavailable',
        message: 'the place where sessions are kept cannot be reached',
      });
      expect(answer.setCookies).toEqual([]);
    }
    for (const path of ['/plain', '/me']) expect((await visitor.get(path)).status).toBe(200);

    proxy.mend();
    await until(() => answers(ada));
    // The sign-out was refused with an error, so it did not happen.
    expect((await ada.get('/me')).json.user).toBe('ada');
    await ada.post('/out', {});
    expect((await ada.get('/me')).json.user).toBeNull();
  });

  test('going and coming: what was acknowledged is there', async ({ afterwards }) => {
    const { proxy, keyturn } = await open(afterwards);
    const browser = new Browser((await serve(keyturn, afterwards)).url);
    await browser.post('/in', {});
    const acknowledged: number[] = [];
    let refused = 0;
    let going = true;
    afterwards(() => {
      going = false;
    });
    const adding = Promise.all(
      [0, 1, 2].map(async (one) => {
        for (let item = one; going; item += 3) {
          const { status } = await browser.post('/add', { item });
          expect([200, 503]).toContain(status);
          if (status === 200) acknowledged.push(item);
          else refused++;
        }
      }),
    );
    for (let round = 0; round < 5; round++) {
      const [before, failed] = [acknowledged.length, refused];
      await until(() => acknowledged.length > before + 2);
      proxy.cut();
      await until(() => refused > failed);
      proxy.mend();
    }
    await until(() => acknowledged.length > 15);
    going = false;
    await adding;
    await until(() => answers(browser));
    const { items } = (await browser.get('/me')).json;
    // A write whose answer was lost may have happened all the same, and no write happens twice.
    expect(items).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(items).size).toBe(items.length);
  });

  test('back with empty data: signed out, and no request that was under way brings a session back', async ({
    afterwards,
  }) => {
    const { keyturn, empty } = await open(afterwards);
    const { url, slow } = await serve(keyturn, afterwards);
    const browser = new Browser(url);
    await browser.post('/in', {});
    const slower = browser.post('/slow', {});
    await slow.reached();
    await empty();
    slow.open();
    expect((await slower).status).toBe(200);
    await until(async () => (await browser.get('/me')).json.user === null);
    await browser.post('/in', {});
    expect((await browser.get('/me')).json).toEqual({ user: 'ada', items: null });
  });

  test('slow: answers are as late as the engine, and right', async ({ afterwards }) => {
    const { proxy, keyturn } = await open(afterwards);
    const browser = new Browser((await serve(keyturn, afterwards)).url);
    await browser.post('/in', {});
    proxy.delay(200);
    const adding = await Promise.all([1, 2, 3].map((item) => browser.post('/add', { item })));
    expect(adding.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect([...(await browser.get('/me')).json.items].sort()).toEqual([1, 2, 3]);
  });
});

describe.concurrent.each(BY_URL)('%s', (_name, open) => {
  test('silent: requests fail after some seconds, later ones sooner, and it comes back', async ({
    afterwards,
  }) => {
    const { proxy, keyturn } = await open(afterwards);
    const { url } = await serve(keyturn, afterwards);
    const [ada, visitor] = [new Browser(url), new Browser(url)];
    await ada.post('/in', {});
    proxy.freeze();
    const first = await took(() => ada.post('/add', { item: 1 }).then(expectUnavailable));
    expect(first).toMatchObject({ failed: false });
    expect(first.ms).toBeLessThan(NOT_FOR_EVER);
    const later = await took(() => ada.post('/add', { item: 2 }).then(expectUnavailable));
    expect(later).toMatchObject({ failed: false });
    expect(later.ms).toBeLessThan(NOT_FOR_EVER / 2);
    expect((await visitor.get('/me')).status).toBe(200);
    proxy.thaw();
    await until(() => answers(ada));
    expect((await ada.get('/me')).json.user).toBe('ada');
  });
});

function expectUnavailable({ status, setCookies }: { status: number; setCookies: readonly string[] }): void {
  if (status !== 503 || setCookies.length > 0) throw new Error(`${status} ${setCookies}`);
}

describe.concurrent('a failover of Redis', () => {
  test('to a replica that was up to date keeps all sessions; a replica that is not yet promoted takes no writes', async ({
    afterwards,
  }) => {
    const [primary, replica] = [await startRedis(), await startRedis()];
    afterwards(() => replica.stop());
    let stopped = false;
    afterwards(() => (stopped ? undefined : primary.stop()));
    const direct = await createClient({ url: replica.url }).connect();
    afterwards(() => direct.destroy());
    await direct.replicaOf('127.0.0.1', primary.port);
    await until(async () => String(await direct.info('replication')).includes('master_link_status:up'));
    // A name that leads to whoever is the primary.
    const { proxy, url } = await behindProxy(primary.url, afterwards);
    const keyturn = await make({ backend: 'redis', redis: { url } }, afterwards);
    const { url: app } = await serve(keyturn, afterwards);
    const [ada, grace] = [new Browser(app), new Browser(app)];
    await ada.post('/in', {});
    await grace.post('/in', {});
    await grace.post('/out', {});
    await ada.post('/add', { item: 1 });
    const sent = await createClient({ url: primary.url }).connect();
    // Redis acknowledges a write before its replicas have it. These have arrived.
    expect(await sent.wait(1, NOT_FOR_EVER)).toBe(1);
    sent.destroy();

    proxy.redirect(replica.port);
    await primary.stop();
    stopped = true;
    // The name leads to the replica, which nobody has promoted yet: it can be read.
    await until(() => answers(ada));
    expect((await ada.get('/me')).json).toEqual({ user: 'ada', items: [1] });
    expect((await ada.post('/add', { item: 2 })).status).toBe(503);

    await direct.replicaOf('NO', 'ONE' as never);
    await until(async () => (await ada.post('/add', { item: 3 })).status === 200);
    expect((await ada.get('/me')).json).toEqual({ user: 'ada', items: [1, 3] });
    expect((await grace.get('/me')).json.user).toBeNull();
  });

  test('from a primary that turns replica: the client leaves it for whom the name leads to', async ({
    afterwards,
  }) => {
    const [former, next] = [await startRedis(), await startRedis()];
    afterwards(() => former.stop());
    afterwards(() => next.stop());
    const { proxy, url } = await behindProxy(former.url, afterwards);
    const keyturn = await make({ backend: 'redis', redis: { url } }, afterwards);
    const browser = new Browser((await serve(keyturn, afterwards)).url);
    await browser.post('/in', {});
    proxy.redirect(next.port);
    const direct = await createClient({ url: former.url }).connect();
    afterwards(() => direct.destroy());
    await direct.replicaOf('127.0.0.1', next.port);
    // The connection to the former primary is still there, and good for reading only.
    expect((await browser.post('/add', { item: 1 })).status).not.toBe(500);
    await until(async () => (await browser.post('/in', {})).status === 200);
    expect((await browser.get('/me')).json.user).toBe('ada');
  });
});
