// What the users of an app see while the engine of its sessions is gone: errors, and afterwards their sessions.
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { afterEach, describe, expect, inject, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify.js';
import { PostgresSessionStore } from '../../src/stores/postgres.js';
import { RedisSessionStore } from '../../src/stores/redis.js';
import type { SessionStore } from '../../src/stores/store.js';
import { Browser } from '../support/browser.js';
import { cutTo, ownPrefix, ownSchema } from '../support/engines.js';
import { testKeyturn } from '../support/keyturn.js';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A proxy before an engine, and the engine's address by way of it. */
async function behindProxy(address: string) {
  const url = new URL(address);
  const proxy = await cutTo(Number(url.port) || (url.protocol === 'redis:' ? 6379 : 5432), url.hostname);
  cleanups.push(() => proxy.close());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

const ENGINES = [
  [
    'Redis',
    async () => {
      const { proxy, url } = await behindProxy(inject('redisUrl'));
      const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: 20 } });
      await client.connect();
      const prefix = ownPrefix();
      cleanups.push(async () => {
        client.destroy();
        const direct = await createClient({ url: inject('redisUrl') }).connect();
        await direct.del(await direct.keys(`${prefix}*`));
        direct.destroy();
      });
      return { proxy, store: new RedisSessionStore({ client, prefix }) };
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const place = await ownSchema(inject('postgresUrl'));
      cleanups.push(() => place.drop());
      const { proxy, url } = await behindProxy(inject('postgresUrl'));
      const pool = new Pool({ connectionString: url, options: `-c search_path=${place.schema}` });
      cleanups.push(() => pool.end());
      const store = new PostgresSessionStore({ pool });
      await store.migrate();
      return { proxy, store };
    },
  ],
] as const;

async function serve(store: SessionStore): Promise<string> {
  const app = Fastify();
  // By the time of this machine: the browser drops cookies by it.
  const keyturn = await testKeyturn({ clock: { read: Date.now } as never });
  await app.register(keyturnFastify, { keyturn, store });
  const open = { config: { csrf: false } };
  app.get('/plain', async () => 'ok');
  app.get('/me', async ({ session }) => ({ user: session.user ?? null }));
  app.post('/in', open, async ({ session }) => {
    session.regenerate();
    session.user = 'ada';
    return {};
  });
  app.post('/out', open, async ({ session }) => {
    session.destroy();
    return {};
  });
  await app.listen({ port: 0, host: 'localhost' });
  cleanups.push(() => app.close());
  return `http://localhost:${(app.server.address() as AddressInfo).port}`;
}

describe.each(ENGINES)('%s gone for a while', (_name, open) => {
  test('is an error for those who have a session, a page for the others, and signs nobody out or in', async () => {
    const { proxy, store } = await open();
    const url = await serve(store);
    const [ada, visitor] = [new Browser(url), new Browser(url)];
    await ada.post('/in', {});
    expect((await ada.get('/me')).json).toEqual({ user: 'ada' });

    proxy.cut();
    for (const answer of [await ada.get('/me'), await ada.post('/out', {}), await visitor.post('/in', {})]) {
      expect(answer.status).toBe(500);
      expect(answer.setCookies).toEqual([]);
    }
    for (const path of ['/plain', '/me']) expect((await visitor.get(path)).status).toBe(200);

    proxy.mend();
    let back = await ada.get('/me');
    for (let tries = 0; tries < 100 && back.status === 500; tries++) back = await ada.get('/me');
    // The sign-out was refused with an error, so it did not happen.
    expect(back.json).toEqual({ user: 'ada' });
    await ada.post('/out', {});
    expect((await ada.get('/me')).json).toEqual({ user: null });
  });
});
