// What is said of an engine that does not do what it was asked: in words, of every client, and nothing of its own.
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { openPostgres } from '../../src/engines/open-postgres.js';
import { saidOf, troubleOf } from '../../src/engines/reason.js';
import { commandOf, type RedisClient } from '../../src/engines/redis.js';
import { ask } from '../../src/ring-stores/ask.js';
import { cutTo, freePort, type PrivateRedis, startRedis } from '../support/engines.js';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** What an operator reads. */
const said = async (question: () => Promise<unknown>): Promise<string> =>
  await ask('it', question).then(
    () => 'nothing',
    (error) => error.message,
  );

async function openWith(library: string, url: string): Promise<RedisClient> {
  vi.resetModules();
  vi.doMock('../../src/engines/packages.js', async (original) => ({
    ...(await original<object>()),
    ...(library === 'ioredis' && { loadNodeRedis: async () => undefined }),
  }));
  const { openRedis } = await import('../../src/engines/open-redis.js');
  vi.doUnmock('../../src/engines/packages.js');
  const opened = await openRedis(url);
  cleanups.push(() => opened.close());
  return opened.client;
}

async function behindProxy(of: 'redisUrl' | 'postgresUrl') {
  const url = new URL(inject(of));
  const proxy = await cutTo(Number(url.port) || (of === 'redisUrl' ? 6379 : 5432), url.hostname);
  cleanups.push(() => proxy.close());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

const write = (client: RedisClient) => said(() => commandOf(client)('keyturn-x', ['SET', 'keyturn-x', 'y']));

let guarded: PrivateRedis;
beforeAll(async () => {
  guarded = await startRedis(undefined, undefined, ['--databases', '4']);
  const admin = await createClient({ url: guarded.url }).connect();
  await admin.sendCommand(['ACL', 'SETUSER', 'reader', 'on', '>open', '~*', '+@all', '-set']);
  await admin.sendCommand(['ACL', 'SETUSER', 'default', 'on', '>sesame']);
  await admin.close();
  return () => guarded.stop();
});

describe.each(['redis', 'ioredis'])('a Redis opened by its URL with %s', (library) => {
  const open = (userinfo: string, path = '') =>
    openWith(library, guarded.url.replace('//', `//${userinfo}`) + path);

  test.each([
    [':planted@', '', 'refuses (it refuses the user or the password)'],
    ['', '', 'refuses (it wants a password, and none was given)'],
    ['reader:open@', '', 'refuses (this user may not do that)'],
    [':sesame@', '/99', 'refuses (no such database)'],
  ])('%s %s', async (userinfo, path, words) => {
    expect(await write(await open(userinfo, path))).toBe(`it ${words}`);
  });

  test('not there', async () => {
    const client = await openWith(library, `redis://127.0.0.1:${await freePort()}`);
    expect(await write(client)).toBe('it cannot be reached (connection refused)');
  });

  test('frozen, before and after it was there', async () => {
    const { proxy, url } = await behindProxy('redisUrl');
    const client = await openWith(library, url);
    proxy.freeze();
    expect(await write(client)).toBe('it cannot be reached (no answer in time)');
    expect(await write(await openWith(library, url))).toBe('it cannot be reached (no answer in time)');
  });

  test('out of memory', async () => {
    const small = await startRedis(undefined, undefined, ['--maxmemory', '1']);
    cleanups.push(() => small.stop());
    expect(await write(await openWith(library, small.url))).toBe('it refuses (it is out of memory)');
  });
});

describe("an app's own client", () => {
  test('node-redis, not connected', async () => {
    const client = createClient({ url: inject('redisUrl') });
    expect(await write(client)).toBe('it cannot be reached (the client is not connected)');
  });

  test('ioredis, without a connection', async () => {
    const options = { lazyConnect: true, maxRetriesPerRequest: 0 };
    const client = new Redis(`redis://127.0.0.1:${await freePort()}`, options);
    client.on('error', () => undefined);
    cleanups.push(() => client.disconnect());
    expect(await write(client)).toBe('it cannot be reached (the client is not connected)');
  });
});

describe('PostgreSQL', () => {
  const query = async (url: string, text = 'SELECT 1') => {
    const { pool, close } = await openPostgres(url);
    cleanups.push(close);
    return await said(() => pool.query(text));
  };
  const at = (part: 'pathname' | 'username' | 'search', value: string) =>
    Object.assign(new URL(inject('postgresUrl')), { [part]: value }).href;

  test('a database and a user that are not there', async () => {
    expect(await query(at('pathname', '/keyturn_nowhere'))).toBe('it refuses (no such database)');
    expect(await query(at('username', 'keyturn_nobody'))).toMatch(
      /^it refuses \(it refuses the (user|password)\)$/,
    );
  });

  test('read-only', async () => {
    const url = at('search', '?options=-c default_transaction_read_only%3Don');
    expect(await query(url, 'CREATE TABLE keyturn_x (x int)')).toBe('it refuses (it is read-only)');
  });

  test('frozen, before and after it was there', async () => {
    const { proxy, url } = await behindProxy('postgresUrl');
    const { pool, close } = await openPostgres(url);
    cleanups.push(close);
    await pool.query('SELECT 1');
    proxy.freeze();
    expect(await said(() => pool.query('SELECT 1'))).toBe('it cannot be reached (no answer in time)');
    expect(await query(url)).toBe('it cannot be reached (no answer in time)');
  });

  test('a pool that was ended', async () => {
    const pool = new Pool({ connectionString: inject('postgresUrl') });
    await pool.end();
    expect(await said(() => pool.query('SELECT 1'))).toBe(
      'it cannot be reached (the client is not connected)',
    );
  });
});

test.each([
  [{ code: '28P01' }, 'refuses (it refuses the password)'],
  [{ code: '28000' }, 'refuses (it refuses the user)'],
  [{ code: '42501' }, 'refuses (this user may not do that)'],
  [{ code: '53200' }, 'refuses (it is out of memory)'],
  [{ code: '57P03' }, 'cannot be reached (it is starting or stopping)'],
  [{ code: 'XX000' }, 'refuses (SQLSTATE XX000)'],
  [{ code: 'ENOTFOUND' }, 'cannot be reached (no such host)'],
  [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'cannot be reached (no trust in its TLS)'],
  [{ message: 'READONLY You can not write' }, 'refuses (it is read-only)'],
  [{ message: 'LOADING Redis is loading' }, 'cannot be reached (it is starting or stopping)'],
  [{ message: 'STRANGE planted 10.0.0.1' }, 'refuses (STRANGE)'],
  [{ message: 'planted 10.0.0.1' }, 'cannot be reached (unknown error)'],
  [{ code: 'planted 10.0.0.1' }, 'cannot be reached (unknown error)'],
  [undefined, 'cannot be reached (unknown error)'],
])('%o', (error, words) => {
  const trouble = troubleOf(error);
  expect(saidOf(trouble)).toBe(words);
  expect(trouble.hint).not.toContain('planted');
});
