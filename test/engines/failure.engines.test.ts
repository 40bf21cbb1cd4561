// What is said of an engine that does not do what it was asked: in words, of every client, and nothing of its own.
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { beforeAll, describe, expect, inject, vi } from 'vitest';
import { ask } from '../../src/engines/ask.js';
import { describeFailure, failureOf } from '../../src/engines/failure.js';
import { openPostgres } from '../../src/engines/open-postgres.js';
import { openRedis } from '../../src/engines/open-redis.js';
import { commandOf, type RedisClient } from '../../src/engines/redis.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import { cutTo, freePort, onlyIoredis, type PrivateRedis, startRedis } from '../support/engines.js';
import { until } from '../support/waiting.js';

// Most of the time they wait, so some do it together: not so many that an engine seems slow.
vi.setConfig({ maxConcurrency: 4 });

/** What an operator reads. */
const said = async (question: () => Promise<unknown>): Promise<string> =>
  await ask('it', question).then(
    () => 'nothing',
    (error) => error.message,
  );

/** As it is opened where only this package is there. */
const OPEN = { redis: openRedis, ioredis: await withoutNodeRedis() };

async function withoutNodeRedis(): Promise<typeof openRedis> {
  vi.resetModules();
  vi.doMock('../../src/engines/packages.js', onlyIoredis);
  const { openRedis: open } = await import('../../src/engines/open-redis.js');
  vi.doUnmock('../../src/engines/packages.js');
  return open;
}

async function openWith(
  library: keyof typeof OPEN,
  url: string,
  afterwards: Afterwards,
): Promise<RedisClient> {
  const opened = await OPEN[library](url);
  afterwards(() => opened.close());
  return opened.client;
}

async function behindProxy(of: 'redisUrl' | 'postgresUrl', afterwards: Afterwards) {
  const url = new URL(inject(of));
  const proxy = await cutTo(Number(url.port) || (of === 'redisUrl' ? 6379 : 5432), url.hostname);
  afterwards(() => proxy.close());
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

describe.concurrent.each(['redis', 'ioredis'] as const)('a Redis opened by its URL with %s', (library) => {
  test.for([
    [':planted@', '', 'refuses (it refuses the user or the password)'],
    ['', '', 'refuses (it wants a password, and none was given)'],
    ['reader:open@', '', 'refuses (this user may not do that)'],
    [':sesame@', '/99', 'refuses (no such database)'],
  ])('%s %s', async ([userinfo, path, words], { afterwards }) => {
    const url = guarded.url.replace('//', `//${userinfo}`) + path;
    const client = await openWith(library, url, afterwards);
    // A machine that is busy may be slow to answer, and then that is what is said.
    await until(async () => (await write(client)) !== 'it cannot be reached (no answer in time)');
    expect(await write(client)).toBe(`it ${words}`);
  });

  test('not there', async ({ afterwards }) => {
    const client = await openWith(library, `redis://127.0.0.1:${await freePort()}`, afterwards);
    expect(await write(client)).toBe('it cannot be reached (connection refused)');
  });

  test('frozen, before and after it was there', async ({ afterwards }) => {
    const { proxy, url } = await behindProxy('redisUrl', afterwards);
    const client = await openWith(library, url, afterwards);
    proxy.freeze();
    expect(await write(client)).toBe('it cannot be reached (no answer in time)');
    expect(await write(await openWith(library, url, afterwards))).toBe(
      'it cannot be reached (no answer in time)',
    );
  });

  test('frozen, and closed when a command has failed: no connection is left', async ({ afterwards }) => {
    const { proxy, url } = await behindProxy('redisUrl', afterwards);
    const { client, close } = await OPEN[library](url);
    await until(async () => (await write(client)) === 'nothing');
    const before = proxy.made;
    proxy.freeze();
    expect(await write(client)).toBe('it cannot be reached (no answer in time)');
    // In the same turn: node-redis is making another connection just now.
    await close();
    const made = before + (library === 'redis' ? 1 : 0);
    await until(() => proxy.made >= made && proxy.held === 0);
  });

  test('closed while it connects: no connection is left', async ({ afterwards }) => {
    const { proxy, url } = await behindProxy('redisUrl', afterwards);
    proxy.freeze();
    const { close } = await OPEN[library](url);
    await close();
    await until(() => proxy.made > 0 && proxy.held === 0);
  });

  test('out of memory', async ({ afterwards }) => {
    const small = await startRedis(undefined, undefined, ['--maxmemory', '1']);
    afterwards(() => small.stop());
    expect(await write(await openWith(library, small.url, afterwards))).toBe(
      'it refuses (it is out of memory)',
    );
  });
});

describe.concurrent("an app's own client", () => {
  test('node-redis, not connected', async () => {
    const client = createClient({ url: inject('redisUrl') });
    expect(await write(client)).toBe('it cannot be reached (the client is not connected)');
  });

  test('ioredis, without a connection', async ({ afterwards }) => {
    const options = { lazyConnect: true, maxRetriesPerRequest: 0 };
    const client = new Redis(`redis://127.0.0.1:${await freePort()}`, options);
    client.on('error', () => undefined);
    afterwards(() => client.disconnect());
    expect(await write(client)).toBe('it cannot be reached (the client is not connected)');
  });
});

describe.concurrent('PostgreSQL', () => {
  const query = async (afterwards: Afterwards, url: string, text = 'SELECT 1') => {
    const { client: pool, close } = await openPostgres(url);
    afterwards(close);
    return await said(() => pool.query(text));
  };
  const at = (part: 'pathname' | 'username' | 'search', value: string) =>
    Object.assign(new URL(inject('postgresUrl')), { [part]: value }).href;

  test('a database and a user that are not there', async ({ afterwards }) => {
    expect(await query(afterwards, at('pathname', '/keyturn_nowhere'))).toBe('it refuses (no such database)');
    expect(await query(afterwards, at('username', 'keyturn_nobody'))).toMatch(
      /^it refuses \(it refuses the (user|password)\)$/,
    );
  });

  test('read-only', async ({ afterwards }) => {
    const url = at('search', '?options=-c default_transaction_read_only%3Don');
    expect(await query(afterwards, url, 'CREATE TABLE keyturn_x (x int)')).toBe(
      'it refuses (it is read-only)',
    );
  });

  test('frozen, before and after it was there', async ({ afterwards }) => {
    const { proxy, url } = await behindProxy('postgresUrl', afterwards);
    const { client: pool, close } = await openPostgres(url);
    afterwards(close);
    await pool.query('SELECT 1');
    proxy.freeze();
    expect(await said(() => pool.query('SELECT 1'))).toBe('it cannot be reached (no answer in time)');
    expect(await query(afterwards, url)).toBe('it cannot be reached (no answer in time)');
  });

  test('a pool that was ended', async () => {
    const pool = new Pool({ connectionString: inject('postgresUrl') });
    await pool.end();
    expect(await said(() => pool.query('SELECT 1'))).toBe(
      'it cannot be reached (the client is not connected)',
    );
  });
});

test.for([
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
] as const)('%o', ([error, words]) => {
  const trouble = failureOf(error);
  expect(describeFailure(trouble)).toBe(words);
  expect(trouble.hint).not.toContain('planted');
});
