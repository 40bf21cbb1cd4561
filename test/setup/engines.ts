// The engines that tests need: a real Redis and a real PostgreSQL. Taken are those that TEST_REDIS_URL and
// TEST_POSTGRES_URL name, else those that answer on their standard local ports, else private ones that are
// started on free ports from what is installed, and stopped and removed at the end. As root on Debian a missing package
// is installed, unless TEST_INSTALL=no. What is done is said before; where nothing helps it is an error with a hint, and
// no test is skipped.
//
// Tests leave an engine as they found it: they keep to prefixes and schemas of their own (test/support/engines.ts).
import { Client } from 'pg';
import { createClient } from 'redis';
import type { TestProject } from 'vitest/node';
import { type Engine, startPostgres, startRedis } from '../support/engines.js';

declare module 'vitest' {
  interface ProvidedContext {
    readonly redisUrl: string;
    readonly postgresUrl: string;
  }
}

const LOCAL_REDIS = 'redis://127.0.0.1:6379';
// Whose database it is differs from machine to machine.
const LOCAL_POSTGRES = ['test', 'postgres'].map((user) => `postgres://${user}@127.0.0.1:5432/test`);
const PATIENCE = 2000;

const say = (text: string): void => void process.stderr.write(`engines: ${text}\n`);

export default async function engines(project: TestProject): Promise<() => Promise<void>> {
  const redis = await redisEngine();
  const postgres = await postgresEngine().catch(async (error) => {
    await redis.stop();
    throw error;
  });
  project.provide('redisUrl', redis.url);
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await redis.stop();
    await postgres.stop();
  };
}

async function redisEngine(): Promise<Engine> {
  const named = process.env.TEST_REDIS_URL;
  if (named !== undefined) return found('Redis', 'TEST_REDIS_URL', named, await redisVersion(named));
  const version = await redisVersion(LOCAL_REDIS).catch(() => undefined);
  if (version !== undefined && Number.parseInt(version, 10) >= 7)
    return found('Redis', '127.0.0.1:6379', LOCAL_REDIS, version);
  say(`no Redis 7 answers on 127.0.0.1:6379${version === undefined ? '' : ` (there is ${version})`}`);
  return await startRedis(say);
}

async function postgresEngine(): Promise<Engine> {
  const named = process.env.TEST_POSTGRES_URL;
  if (named !== undefined)
    return found('PostgreSQL', 'TEST_POSTGRES_URL', named, await postgresVersion(named));
  for (const url of LOCAL_POSTGRES) {
    const version = await postgresVersion(url).catch(() => undefined);
    if (version !== undefined && Number.parseInt(version, 10) >= 15)
      return found('PostgreSQL', `127.0.0.1:5432 (${new URL(url).username}, database test)`, url, version);
  }
  say('no PostgreSQL 15 with a database "test" answers on 127.0.0.1:5432 without a password');
  return await startPostgres(say);
}

function found(name: string, where: string, url: string, version: string): Engine {
  say(`${name} ${version} of ${where}`);
  return { url, stop: async () => {} };
}

async function redisVersion(url: string): Promise<string> {
  const client = createClient({ url, socket: { connectTimeout: PATIENCE, reconnectStrategy: false } });
  client.on('error', () => {});
  await client.connect();
  try {
    return /redis_version:(\S+)/.exec(String(await client.info('server')))?.[1] as string;
  } finally {
    client.destroy();
  }
}

async function postgresVersion(url: string): Promise<string> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: PATIENCE });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query('SHOW server_version')).rows[0].server_version;
  } finally {
    await client.end();
  }
}
