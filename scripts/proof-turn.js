// npm run proof:turn -- [--rounds N] [--processes N] [--redis URL] [--postgres URL]
//
// Twenty processes at a period's end make one key: in a file, in Redis and in PostgreSQL, 200 times each. Every round has
// a ring of its own, whose period ends at one moment, at which all of them look; each has its own connection. Without
// URLs a private Redis is started, and the PostgreSQL taken that tests find.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Pool } from 'pg';
import { startRedis } from './proof-rolling-redis.js';
import { newFolder, Progress, readArguments, root, table } from './proof-tools.js';
import { EVERY, openStore } from './proof-turn-store.js';

const { beginRing, randomName } = await import(join(root, 'dist/keyring/begin.js'));
const { Key, Material } = await import(join(root, 'dist/keyring/key.js'));
const { generateSecret } = await import(join(root, 'dist/secret/generate.js'));

/** From asking all processes until the period ends: longer than any of them needs to hear it, and at first to connect. */
const AHEAD_MS = 80;
const FIRST_AHEAD_MS = 2000;

const given = readArguments({ rounds: 200, processes: 20, redis: '', postgres: '' });
const { rounds, processes } = given;
const progress = new Progress();
const postgres = await findPostgres();
const schema = `keyturn_proof_${randomBytes(6).toString('hex')}`;
const places = {
  file: { folder: newFolder() },
  redis: { url: given.redis || `redis://127.0.0.1:${await startRedis()}`, prefix: `${schema}:` },
  postgres: { url: postgres, schema },
};
const admin = new Pool({ connectionString: postgres, max: 1 });
await admin.query(`CREATE SCHEMA ${schema}`);
const children = Array.from({ length: processes }, () =>
  fork(join(import.meta.dirname, 'proof-turn-process.js')),
);
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

// They take their time to start.
await Promise.all(children.map((child) => answerOf(child)));

const failures = [];
const results = [];
try {
  for (const engine of Object.keys(places)) results.push(await prove(engine));
} finally {
  for (const child of children) child.kill();
  await admin.query(`DROP SCHEMA ${schema} CASCADE`);
  await admin.end();
}
progress.say(table([['', 'rounds', 'one key', 'none', 'several', 'raced', 'seconds'], ...results]));
for (const failure of failures) console.error(`✗ ${failure}`);
const proven = results.every(([, tried, one]) => tried === rounds && one === rounds);
// The Redis of this proof ends with it.
process.exit(failures.length === 0 && proven ? 0 : 1);

/** @returns a line of the table */
async function prove(engine) {
  const counts = { one: 0, none: 0, several: 0 };
  const raced = [];
  const begun = performance.now();
  const parent = await openStore(engine, places[engine]);
  for (let round = 1; round <= rounds; round++) {
    const name = `${engine}-${round}-${randomName()}`;
    const store = parent.of(name);
    const at = await firstRing(store, round === 1 ? FIRST_AHEAD_MS : AHEAD_MS);
    const answers = await Promise.all(
      children.map((child) => ask(child, { engine, place: places[engine], name, at })),
    );
    const keys = judge(`${engine}, round ${round}`, await store.read(), answers);
    counts[keys === 1 ? 'one' : keys === 0 ? 'none' : 'several']++;
    raced.push(answers.filter(({ raced }) => raced).length);
    progress.show(round / rounds, `${engine}: ${round} of ${rounds} rounds, ${failures.length} failures`);
  }
  await parent.clear?.();
  await parent.close();
  const seconds = Math.round((performance.now() - begun) / 1000);
  const least = Math.min(...raced);
  const mean = raced.reduce((sum, count) => sum + count, 0) / raced.length;
  return [
    engine,
    rounds,
    counts.one,
    counts.none,
    counts.several,
    `${mean.toFixed(1)} (${least} at least)`,
    seconds,
  ];
}

/** A ring whose period ends in so many milliseconds. @returns when */
async function firstRing(store, ahead) {
  const at = Date.now() + ahead;
  const key = new Key(new Material(generateSecret()), 'active');
  await store.create(beginRing([key], { at: at - EVERY * 1000, what: 'init' }));
  return at;
}

/** @returns how many keys were made */
function judge(what, ring, answers) {
  const made = ring.keys.filter(({ state }) => state === 'staged').length;
  const turned = answers.reduce((sum, { turned }) => sum + turned, 0);
  if (ring.keys.length !== made + 1) failures.push(`${what}: the ring has ${ring.keys.length} keys`);
  if (ring.generation !== 1 + made) failures.push(`${what}: the ring has generation ${ring.generation}`);
  if (turned !== made)
    failures.push(`${what}: ${turned} processes say that they made a key, and ${made} were made`);
  for (const { failed } of answers) for (const failure of failed) failures.push(`${what}: ${failure}`);
  return made;
}

async function ask(child, order) {
  const answer = answerOf(child);
  child.send(order);
  return await answer;
}

function answerOf(child) {
  return new Promise((answered, failed) => {
    const fail = () => failed(new Error('a process has ended'));
    child.once('exit', fail);
    child.once('message', (answer) => {
      child.off('exit', fail);
      answered(answer);
    });
  });
}

async function findPostgres() {
  const named = given.postgres || process.env.TEST_POSTGRES_URL;
  const local = ['test', 'postgres'].map((user) => `postgres://${user}@127.0.0.1:5432/test`);
  for (const url of named === undefined || named === '' ? local : [named]) {
    const pool = new Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 2000 });
    const answers = await pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
    await pool.end();
    if (answers) return url;
  }
  console.error('this proof needs a PostgreSQL, and none answers');
  console.error('hint: name one with --postgres postgres://user@host:5432/database, or by TEST_POSTGRES_URL');
  process.exit(2);
}
