// node scripts/measure-cache.js [--redis URL] [--rounds N] [--reads N]: what `session.redis.cache` gives and what it
// costs in consistency, on a real Redis, with two processes as two replicas. One ends or saves a session; the other,
// which has it in its cache, reads it again and again until it sees that.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openRedis } from '../dist/engines/open-redis.js';
import { RedisSessionStore } from '../dist/stores/redis.js';
import { Progress, readArguments, table } from './proof-tools.js';

const LIFE = 600_000;
const BUSY_SHARE = 5;

if (process.send === undefined) await measure();
else await read();

async function measure() {
  const { redis, rounds, reads } = readArguments({
    redis: 'redis://127.0.0.1:6379',
    rounds: 3000,
    reads: 100_000,
  });
  const prefix = `keyturn-measure-${process.pid}:`;
  const { client, close } = await openRedis(redis, { cache: false });
  const store = new RedisSessionStore({ client, prefix });
  const alive = await store.get('x').then(
    () => true,
    () => false,
  );
  if (!alive) {
    console.error(`no Redis answers on ${new URL(redis).host}\nhint: start one, or name one with --redis`);
    process.exit(1);
  }
  const progress = new Progress();
  const rows = [['change, as the other replica sees it', 'rounds', 'median', 'p99', 'max']];
  try {
    for (const busy of [false, true]) {
      const reader = fork(process.argv[1], [redis, prefix, busy ? 'busy' : 'idle']);
      await once(reader, 'message');
      for (const change of ['destroy', 'save']) {
        const late = await lateness(
          store,
          reader,
          change,
          rounds,
          `${busy ? 'busy' : 'idle'}-${change}`,
          (n) => progress.show(n / rounds, `${change}, ${busy ? 'busy' : 'idle'}: ${n} of ${rounds}`),
        );
        rows.push([`${change}, replica ${busy ? 'busy' : 'idle'}`, rounds, ...figures(late)]);
      }
      reader.disconnect();
      await once(reader, 'exit');
    }
    progress.say(`${table(rows)}\n`);
    progress.say(table(await costs(redis, prefix, reads)));
    progress.say(
      `\nNode ${process.version}, Redis ${await version(client)}; times after the change was acknowledged`,
    );
  } finally {
    await remove(client, prefix);
    await close();
  }
}

/** For each change: how long after it was acknowledged the other replica saw it first, in milliseconds. */
async function lateness(store, reader, change, rounds, name, show) {
  const late = [];
  for (let n = 0; n < rounds; n++) {
    const id = `${name}-${n}`;
    const record = { text: 'x'.repeat(300), createdAt: Date.now(), expiresAt: Date.now() + LIFE };
    await store.put(id, record, 0);
    reader.send(id);
    await once(reader, 'message');
    if (change === 'destroy') await store.destroy(id, Date.now() + LIFE);
    else await store.put(id, { ...record, text: 'y'.repeat(300) }, 1);
    const acknowledged = now();
    const [seen] = await once(reader, 'message');
    late.push(Math.max(0, seen - acknowledged));
    if (n % 100 === 0) show(n);
  }
  return late.sort((one, other) => one - other);
}

/** The other replica. `busy`: it computes for half of the time, a few milliseconds at a stretch, as apps do. */
async function read() {
  const [redis, prefix, work] = process.argv.slice(2);
  const { client, close } = await openRedis(redis, { cache: true });
  const store = new RedisSessionStore({ client, prefix });
  if (work === 'busy') setInterval(compute, 2 * BUSY_SHARE);
  process.on('message', async (id) => {
    const [before] = [await store.get(id), await store.get(id)];
    process.send('cached');
    for (;;) {
      const found = await store.get(id);
      if (found?.version !== before.version) break;
      await new Promise((done) => setImmediate(done));
    }
    process.send(now());
  });
  process.once('disconnect', async () => {
    await close();
    process.exit();
  });
  process.send('ready');
}

function compute() {
  const end = performance.now() + BUSY_SHARE;
  while (performance.now() < end);
}

/** What reading one of a thousand sessions costs, with and without the cache. */
async function costs(redis, prefix, reads) {
  const rows = [['reading a session', 'one at a time', '50 at once', 'commands to Redis']];
  for (const cache of [false, true]) {
    const { client, close } = await openRedis(redis, { cache });
    const store = new RedisSessionStore({ client, prefix });
    const ids = Array.from({ length: 1000 }, (_, n) => `cost-${cache}-${n}`);
    const record = { text: 'x'.repeat(300), createdAt: Date.now(), expiresAt: Date.now() + LIFE };
    for (const id of ids) await store.put(id, record, 0);
    const next = (n) => store.get(ids[n % ids.length]);
    for (let n = 0; n < 5000; n++) await next(n);
    const before = await gets(client);
    const one = await timed(reads, async () => {
      for (let n = 0; n < reads; n++) await next(n);
    });
    const fifty = await timed(reads, () =>
      Promise.all(
        Array.from({ length: 50 }, async (_, lane) => {
          for (let n = lane; n < reads; n += 50) await next(n);
        }),
      ),
    );
    const asked = ((await gets(client)) - before) / (2 * reads);
    rows.push([cache ? 'with the cache' : 'without', one, fifty, `${asked.toFixed(2)} per read`]);
    await close();
  }
  return rows;
}

async function timed(reads, work) {
  const began = performance.now();
  await work();
  return `${(((performance.now() - began) * 1000) / reads).toFixed(1)} µs`;
}

async function gets(client) {
  return Number(/cmdstat_get:calls=(\d+)/.exec(await client.sendCommand(['INFO', 'commandstats']))?.[1] ?? 0);
}

async function version(client) {
  return /redis_version:(\S+)/.exec(await client.sendCommand(['INFO', 'server']))[1];
}

async function remove(client, prefix) {
  const keys = await client.sendCommand(['KEYS', `${prefix}*`]);
  for (let at = 0; at < keys.length; at += 1000)
    await client.sendCommand(['DEL', ...keys.slice(at, at + 1000)]);
}

function figures(sorted) {
  const at = (share) =>
    `${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(2)} ms`;
  return [at(0.5), at(0.99), at(1)];
}

/** Milliseconds by a clock that both processes share. */
function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
