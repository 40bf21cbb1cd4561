// Sessions in an engine that the settings name: Keyturn opens the connection, makes the table and closes all at the end.
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { describe, expect, inject, vi } from 'vitest';
import keyturnFastify from '../../../src/adapters/fastify/index.js';
import { internalsOf, type Keyturn } from '../../../src/keyturn.js';
import { wordsOf } from '../../../src/purposes/words.js';
import { type Afterwards, tidyTest as test } from '../../support/afterwards.js';
import { Browser } from '../../support/browser.js';
import { cutTo, ownPrefix, ownSchema } from '../../support/engines.js';
import { memoryLogger, type TestKeyturnOptions, testKeyturn } from '../../support/keyturn.js';
import { NOT_FOR_EVER, took, until } from '../../support/waiting.js';

// Most of the time they wait, so some do it together: not so many that an engine seems slow.
vi.setConfig({ maxConcurrency: 3 });

/** Until the engine has answered: on a busy machine that may come after the patience of a start. */
async function reached(keyturn: Keyturn): Promise<Keyturn> {
  const { sessionStore } = internalsOf(keyturn);
  await until(async () => {
    await Promise.resolve()
      .then(() => sessionStore?.get('nobody'))
      .catch(() => undefined);
    return /^keyturn_session_store_up 1$/m.test(keyturn.metrics());
  });
  return keyturn;
}

async function behindProxy(address: string, afterwards: Afterwards) {
  const url = new URL(address);
  const proxy = await cutTo(Number(url.port) || (url.protocol === 'redis:' ? 6379 : 5432), url.hostname);
  afterwards(() => proxy.close());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

/** Settings for an engine behind a proxy, in a place of their own. */
const ENGINES = [
  [
    'redis',
    async (afterwards: Afterwards) => {
      const { proxy, url } = await behindProxy(inject('redisUrl'), afterwards);
      const prefix = ownPrefix();
      const direct = await createClient({ url: inject('redisUrl') }).connect();
      afterwards(async () => {
        const keys = await direct.keys(`${prefix}*`);
        if (keys.length > 0) await direct.del(keys);
        direct.destroy();
      });
      const count = async () => (await direct.keys(`${prefix}session:*`)).length;
      const configOf = (where: object) => ({ session: { backend: 'redis', redis: { prefix, ...where } } });
      return { proxy, config: configOf({ url }), ownClient: configOf({}), count, options: null };
    },
  ],
  [
    'postgres',
    async (afterwards: Afterwards) => {
      const { proxy, url } = await behindProxy(inject('postgresUrl'), afterwards);
      const { schema, pool, drop } = await ownSchema(inject('postgresUrl'));
      afterwards(drop);
      const table = `${schema}.sessions`;
      const count = async () => Number((await pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count);
      const configOf = (where: object) => ({
        session: { backend: 'postgres', postgres: { table, ...where } },
      });
      const inSchema = new URL(url);
      // For the tables of reports too, so that nothing stays behind in the database.
      inSchema.searchParams.set('options', `-c search_path=${schema}`);
      const config = configOf({ url: inSchema.href });
      return { proxy, config, ownClient: configOf({}), count, options: inSchema.searchParams.get('options') };
    },
  ],
] as const;

async function make(options: TestKeyturnOptions, afterwards: Afterwards): Promise<Keyturn> {
  // By the time of this machine: the browser drops cookies by it.
  const keyturn = await testKeyturn({ clock: { read: Date.now } as never, ...options });
  afterwards(() => keyturn.close());
  return keyturn;
}

async function serve(keyturn: Keyturn, afterwards: Afterwards): Promise<string> {
  const app = Fastify();
  await app.register(keyturnFastify, { keyturn });
  const open = { config: { csrf: false } };
  app.get('/me', async ({ session }) => ({ user: session.user ?? null }));
  app.post('/in', open, async ({ session }) => {
    session.regenerate();
    session.user = 'ada';
    return {};
  });
  await app.listen({ port: 0, host: 'localhost' });
  afterwards(() => app.close());
  return `http://localhost:${(app.server.address() as AddressInfo).port}`;
}

describe.concurrent.each(ENGINES)('session.backend = "%s"', (name, open) => {
  test('two processes share their sessions', async ({ afterwards }) => {
    const { config, count } = await open(afterwards);
    const [one, other] = [
      await reached(await make({ config }, afterwards)),
      await reached(await make({ config }, afterwards)),
    ];
    const browser = new Browser(await serve(one, afterwards));
    await browser.post('/in', {});
    const cookie = `keyturn.sid=${await browser.cookie('keyturn.sid')}`;
    expect((await new Browser(await serve(other, afterwards)).get('/me', { cookie })).json).toEqual({
      user: 'ada',
    });
    expect(await count()).toBe(1);
  });

  test('the registry, and so the impact report, says where they are', async ({ afterwards }) => {
    const { config } = await open(afterwards);
    const { registry } = internalsOf(await make({ config }, afterwards));
    const { state } = wordsOf(registry.own('session'), registry.backend);
    expect(state).toBe(`in ${name === 'redis' ? 'Redis' : 'PostgreSQL'}; the cookie holds its id`);
  });

  test('closing the Keyturn closes the connection', async ({ afterwards }) => {
    const { config } = await open(afterwards);
    const keyturn = await reached(await make({ config }, afterwards));
    const store = internalsOf(keyturn).sessionStore;
    expect(await store?.get('x')).toBeUndefined();
    await keyturn.close();
    await expect(Promise.resolve().then(() => store?.get('x'))).rejects.toThrow();
  });

  test('out of reach at the start: it comes up, says so, answers 503, and is well when the engine is', async ({
    afterwards,
  }) => {
    const { proxy, config } = await open(afterwards);
    const healthy = await reached(await make({ config }, afterwards));
    const browser = new Browser(await serve(healthy, afterwards));
    await browser.post('/in', {});
    const cookie = `keyturn.sid=${await browser.cookie('keyturn.sid')}`;

    proxy.cut();
    const logger = memoryLogger();
    const started = await took(async () => void (await make({ config, logger }, afterwards)));
    expect(started.failed).toBe(false);
    expect(started.ms).toBeLessThan(NOT_FOR_EVER);
    expect(logger.records.find(({ facts }) => facts.event === 'session.engine_unavailable')).toBeDefined();
    const keyturn = await make({ config, logger }, afterwards);
    const visitor = new Browser(await serve(keyturn, afterwards));
    expect((await visitor.get('/me')).json).toEqual({ user: null });
    for (const answer of [await visitor.get('/me', { cookie }), await visitor.post('/in', {})]) {
      expect(answer.status).toBe(503);
      expect(answer.setCookies).toEqual([]);
      expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN|keyturn_|session:/);
    }
    proxy.mend();
    await until(async () => (await visitor.get('/me', { cookie })).status === 200);
    expect((await visitor.get('/me', { cookie })).json).toEqual({ user: 'ada' });
  });

  test('gone and back while it runs: each is told once, and the metric follows', async ({ afterwards }) => {
    const { proxy, config } = await open(afterwards);
    const logger = memoryLogger();
    const keyturn = await reached(await make({ config, logger }, afterwards));
    logger.records.splice(0);
    const visitor = new Browser(await serve(keyturn, afterwards));
    await visitor.post('/in', {});
    const cookie = `keyturn.sid=${await visitor.cookie('keyturn.sid')}`;
    const told = () =>
      logger.records
        .map(({ facts }) => facts.event)
        .filter((event) => String(event).startsWith('session.engine'));
    const up = () => /^keyturn_session_store_up (\d)$/m.exec(keyturn.metrics())?.[1];
    expect(up()).toBe('1');
    expect(told()).toEqual([]);
    proxy.cut();
    for (let n = 0; n < 5; n++) {
      const answer = await visitor.get('/me', { cookie });
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    expect(up()).toBe('0');
    expect(told()).toEqual(['session.engine_unavailable']);
    proxy.mend();
    await until(async () => {
      await visitor.get('/me', { cookie });
      return up() === '1';
    });
    await visitor.get('/me', { cookie });
    expect(told()).toEqual(['session.engine_unavailable', 'session.engine_recovered']);
  });

  test('silent at the start: it comes up all the same', async ({ afterwards }) => {
    const { proxy, config } = await open(afterwards);
    proxy.freeze();
    const started = await took(async () => void (await make({ config }, afterwards)));
    expect(started.failed).toBe(false);
    expect(started.ms).toBeLessThan(NOT_FOR_EVER);
    proxy.thaw();
  });

  test('without a URL it refuses to start, and names the variable', async () => {
    await expect(testKeyturn({ config: { session: { backend: name } } })).rejects.toMatchObject({
      code: 'config_invalid',
      hint: expect.stringContaining(`KEYTURN_SESSION__${name.toUpperCase()}__URL`),
    });
  });

  test("the app's own client is used, and stays open", async ({ afterwards }) => {
    const { ownClient, options } = await open(afterwards);
    const redis = await createClient({ url: inject('redisUrl') }).connect();
    afterwards(() => redis.destroy());
    const postgres = new Pool({ connectionString: inject('postgresUrl'), options: options ?? '' });
    afterwards(() => postgres.end());
    const keyturn = await make({ config: ownClient, clients: { redis, postgres } }, afterwards);
    const browser = new Browser(await serve(keyturn, afterwards));
    await browser.post('/in', {});
    expect((await browser.get('/me')).json).toEqual({ user: 'ada' });
    await keyturn.close();
    expect(await redis.ping()).toBe('PONG');
    expect((await postgres.query('SELECT 1')).rowCount).toBe(1);
  });
});

describe.concurrent('the table', () => {
  test('that is missing and may not be made stops the start, with what to do; one that is there is enough', async ({
    afterwards,
  }) => {
    const place = await ownSchema(inject('postgresUrl'));
    afterwards(() => place.drop());
    const role = place.schema;
    await place.pool.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${role} TO ${role}`);
    afterwards(() => place.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
    const url = new URL(inject('postgresUrl'));
    url.searchParams.set('options', `-c role=${role} -c search_path=${place.schema}`);
    const table = `${place.schema}.sessions`;
    const config = { session: { backend: 'postgres', postgres: { url: url.href, table } } };
    await expect(testKeyturn({ config })).rejects.toMatchObject({
      code: 'store_invalid',
      message: expect.stringContaining(table),
      hint: expect.stringContaining('sessionSchemaSql()'),
    });
    const { sessionSchemaSql } = await import('../../../src/sessions/stores/postgres.js');
    const { keyringSchemaSql } = await import('../../../src/keyring-stores/postgres-schema.js');
    await place.pool.query(sessionSchemaSql(table));
    await place.pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${role}`);
    const logger = memoryLogger();
    const browser = new Browser(await serve(await make({ config, logger }, afterwards), afterwards));
    await browser.post('/in', {});
    expect((await browser.get('/me')).json).toEqual({ user: 'ada' });

    // The tables of the reports are missing as well: sessions work, and it is said once what does not.
    const unreported = () => logger.records.filter(({ facts }) => facts.event === 'fleet.unreported');
    expect(unreported()).toHaveLength(1);
    expect(unreported()[0]?.message).toContain('not allowed to make the tables keyturn_rings');
    expect(unreported()[0]?.facts.hint).toContain('keyringSchemaSql()');
    await place.pool.query(keyringSchemaSql(place.schema));
    await make({ config, logger }, afterwards);
    expect(unreported()[1]?.message).toContain('not allowed to write to the tables keyturn_rings');
    await place.pool.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${place.schema} TO ${role}`,
    );
    expect((await make({ config, logger }, afterwards)).health.reporting).toBe(true);
    expect(unreported()).toHaveLength(2);
  });

  test('in a schema that is not there stops the start too', async () => {
    const url = inject('postgresUrl');
    const postgres = { url, table: 'keyturn_no_such_schema.sessions' };
    await expect(
      testKeyturn({ config: { session: { backend: 'postgres', postgres } } }),
    ).rejects.toMatchObject({ code: 'store_invalid' });
  });
});
