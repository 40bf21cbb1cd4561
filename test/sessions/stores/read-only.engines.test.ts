// A store that answers and takes no writes: Redis without memory, without enough replicas, as a replica, unable to
// save; a PostgreSQL that is read-only. Whoever only reads gets the page, and everybody who has to know is told why.
import Fastify from 'fastify';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import keyturnFastify from '../../../src/adapters/fastify/index.js';
import { askSessionEngine } from '../../../src/doctor/engine-facts.js';
import { internalsOf, type Keyturn } from '../../../src/keyturn.js';
import { postgresStore } from '../../../src/sessions/stores/postgres.js';
import { ownSchema, type PrivateRedis, startRedis } from '../../support/engines.js';
import { testKeyturn } from '../../support/keyturn.js';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

type Visitor = (
  method: 'GET' | 'POST',
  url: string,
) => Promise<{ status: number; cookies: number; body: string }>;

async function serve(keyturn: Keyturn): Promise<Visitor> {
  const app = Fastify();
  cleanups.push(() => app.close());
  await app.register(keyturnFastify, { keyturn });
  app.get('/me', async ({ session }) => session.user ?? 'nobody');
  app.get('/plain', async () => 'ok');
  for (const [path, act] of [
    ['/in', (session: { user?: unknown }) => (session.user = 'ada')],
    ['/add', (session: { item?: unknown }) => (session.item = Math.random())],
    ['/out', (session: { destroy(): void }) => session.destroy()],
  ] as const)
    app.post(path, { config: { csrf: false } }, async ({ session }) => {
      act(session as never);
      return 'done';
    });
  let cookie = '';
  return async (method, url) => {
    const answer = await app.inject({ method, url, headers: { cookie } });
    const set = [answer.headers['set-cookie'] ?? []].flat();
    const session = set.find((one) => one.startsWith('keyturn.sid='));
    if (session !== undefined) cookie = session.split(';')[0] as string;
    return { status: answer.statusCode, cookies: set.length, body: answer.body };
  };
}

/** A keyturn of its own clock, and the settings by which the doctor asks. */
async function open(session: object) {
  const logged: string[] = [];
  const log = (level: string) => (facts: Readonly<Record<string, unknown>>) =>
    logged.push(`${level} ${facts.event} ${facts.reason ?? ''}`.trim());
  const logger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') };
  let now = Date.now();
  const keyturn = await testKeyturn({ clock: { read: () => now } as never, config: { session }, logger });
  cleanups.push(() => keyturn.close());
  const { settings } = internalsOf(keyturn);
  return {
    keyturn,
    logged,
    visit: await serve(keyturn),
    doctor: async () => await askSessionEngine(settings),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

type Opened = Awaited<ReturnType<typeof open>>;

async function expectReading({ keyturn, logged, visit, doctor, pass }: Opened, why: string): Promise<void> {
  // So late that the session is due to be extended.
  pass(2 * 86_400_000);
  for (const path of ['/me', '/plain'])
    expect(await visit('GET', path)).toMatchObject({ status: 200, cookies: 0 });
  expect((await visit('GET', '/me')).body).toBe('ada');
  for (const path of ['/add', '/out']) expect((await visit('POST', path)).status).toBe(503);
  expect((await visit('GET', '/me')).body).toBe('ada');
  expect(keyturn.health).toMatchObject({ ready: true, sessions: 'read-only' });
  expect(keyturn.metrics()).toMatch(/^keyturn_session_store_up 1$/m);
  expect(keyturn.metrics()).toMatch(/^keyturn_session_store_writable 0$/m);
  expect(logged.filter((line) => line.includes('read_only'))).toEqual([
    `error session.engine_read_only ${why}`,
  ]);
  expect(await doctor()).toMatchObject({ away: undefined, readOnly: { why, kind: 'refused' } });
}

async function expectWriting({ keyturn, logged, visit, doctor }: Opened): Promise<void> {
  expect(await visit('GET', '/me')).toMatchObject({ status: 200, cookies: 1, body: 'ada' });
  expect((await visit('POST', '/add')).status).toBe(200);
  expect(keyturn.health.sessions).toBe('ok');
  expect(keyturn.metrics()).toMatch(/^keyturn_session_store_writable 1$/m);
  expect(logged.filter((line) => line.includes('writable'))).toEqual(['info session.engine_writable']);
  expect(await doctor()).toMatchObject({ away: undefined, readOnly: undefined });
}

describe('Redis', () => {
  let redis: PrivateRedis;
  let direct: ReturnType<typeof createClient>;
  beforeAll(async () => {
    redis = await startRedis();
    direct = createClient({ url: redis.url });
    await direct.connect();
  });
  afterAll(async () => {
    direct.destroy();
    await redis.stop();
  });

  test.each([
    ['it is out of memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    [
      'too few of its replicas are there',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
    ],
    ['it is read-only', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  ])('%s', async (why, spoil, mend) => {
    const opened = await open({ backend: 'redis', redis: { url: redis.url } });
    expect((await opened.visit('POST', '/in')).status).toBe(200);
    await direct.sendCommand(spoil);
    try {
      await expectReading(opened, why);
    } finally {
      await direct.sendCommand(mend);
    }
    await expectWriting(opened);
  });
});

test('PostgreSQL that is read-only', async () => {
  const { schema, pool, drop } = await ownSchema(inject('postgresUrl'));
  cleanups.push(drop);
  const table = `${schema}.sessions`;
  await postgresStore({ pool, table }).migrate();
  const url = new URL(inject('postgresUrl'));
  const role = `${schema}_role`;
  await pool.query(`CREATE ROLE ${role} LOGIN SUPERUSER`);
  cleanups.push(async () => {
    await pool.query(`DROP OWNED BY ${role} CASCADE`);
    await pool.query(`DROP ROLE ${role}`);
  });
  url.username = role;
  url.password = '';
  const opened = await open({ backend: 'postgres', postgres: { url: url.href, table } });
  expect((await opened.visit('POST', '/in')).status).toBe(200);
  const setting = async (value: 'on' | 'off') => {
    await pool.query(`ALTER ROLE ${role} SET default_transaction_read_only = ${value}`);
    // Of new connections only.
    await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);
  };
  await setting('on');
  await expectReading(opened, 'it is read-only');
  await setting('off');
  await expectWriting(opened);
});
