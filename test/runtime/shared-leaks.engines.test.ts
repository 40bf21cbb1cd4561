// What an engine keeps of a shared keyring, in whatever way it is got hold of, and what is logged meanwhile: nothing of
// it shows a key or a secret.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { Material } from '../../src/keyring/key.js';
import { type PrivateRedis, startRedis } from '../support/engines.js';
import { everyFormOf, LeakSearch } from '../support/leaks.js';
import { NEXT } from '../support/machine.js';
import {
  closePlace,
  type EngineName,
  firstRing,
  openPlace,
  operate,
  overwrite,
  reportsOf,
  type SharedPlace,
  type SharedReplica,
  sealFor,
  startReplica,
  storeOf,
} from '../support/shared-ring.js';
import { until } from '../support/waiting.js';

// One of hex digits, one of other characters, for the roots and for the keys of the ring.
const ROOT = 'f3a94d0c6be1827590cd4e3bf7a21865d40b9e7c18f3526ad9e074bc51a8e367';
const NEXT_ROOT = 'Planted_w7QkT2vXz9LmR4sB8nYc1HdJ6pGf3-KuA5eZtVoC';
const WRONG_ROOT = '28e6b1fd90c57a43e8d13f06b7c9a254108e5d7fb3c64a92f05d7e81c36ba9d4';
const KEY = '51c7e90ab8d2f46313e6a5f0947bd82c6e1f03da9c7584b2e0f6193ad7c84b25';
const NEXT_KEY = 'Planted_4cRz8WmQe1YtU6oL0xKj9NbV3sDf7Gh-PaT2iEyC';

const search = new LeakSearch(
  {
    'the root': ROOT,
    'the next root': NEXT_ROOT,
    'the root of another': WRONG_ROOT,
    'the key': KEY,
    'the next key': NEXT_KEY,
  },
  [],
);

/** All that can happen to a ring. @returns what was logged, thrown and told */
async function live(place: SharedPlace): Promise<readonly unknown[]> {
  const said: unknown[] = [];
  const replicas: SharedReplica[] = [];
  const start = async (more: object) => {
    const replica = await startReplica(place, { secret: ROOT, ...more });
    replicas.push(replica);
    return replica;
  };
  const early = await start({});
  expect(early.sign).toThrow();
  await storeOf(place, [ROOT]).create(firstRing(KEY));
  const { cut, url } = await place.proxy();
  const [first] = [
    await start({ env: { [NEXT]: NEXT_ROOT } }),
    await start({ url }),
    await start({ secret: WRONG_ROOT }),
  ];
  first?.accepts(first.sign());
  await operate(place, (rotation) => rotation.stage({ secret: NEXT_KEY }), { secret: ROOT });
  await until(() => early.keyturn.health.generation === 2);
  said.push(await operate(place, (rotation) => rotation.status(), { secret: ROOT }));
  for (const start of [{ secret: ROOT }, { secret: WRONG_ROOT }])
    said.push(await operate(place, (rotation) => rotation.promote(), start).catch((error) => error));
  cut.cut();
  await until(() => replicas.some(({ keyturn }) => keyturn.health.degraded?.includes('cannot be reached')));
  cut.mend();
  const good = (await place.table.read())?.text as string;
  for (const text of [
    'garbage',
    sealFor(place, firstRing(KEY), WRONG_ROOT),
    good.replace('"generation":2', '"generation":3'),
  ]) {
    await overwrite(place, text);
    await until(() => early.keyturn.health.degraded !== undefined);
  }
  await overwrite(place, good);
  await until(() => early.keyturn.health.degraded === undefined);
  await until(async () => (await reportsOf(place)).length === 4);
  for (const { keyturn, log } of replicas) said.push(log, keyturn.health, keyturn.metrics(), keyturn);
  return said;
}

function expectSilence(...values: readonly unknown[]): void {
  for (const value of values) {
    const text = typeof value === 'string' ? value : everyFormOf(value);
    expect(text.length).toBeGreaterThan(10);
    expect(search.find(text)).toEqual([]);
  }
}

/** In every form in which a dump may have been written. */
const formsOf = (bytes: Buffer) => [
  bytes.toString('latin1'),
  bytes.toString('utf8'),
  bytes.toString('hex'),
  bytes.toString('base64'),
];

test('the search finds what it is to find', () => {
  for (const secret of [ROOT, NEXT_ROOT, KEY, NEXT_KEY]) {
    for (const form of [
      secret,
      Buffer.from(secret).toString('hex'),
      Buffer.from(`x${secret}`).toString('base64'),
    ])
      expect(search.find(`{"a":"${form}"}`)).not.toEqual([]);
    const derived = Buffer.from(new Material(secret).derive('ring', 'wrap'));
    expect(search.find(derived.toString('base64url'))).not.toEqual([]);
  }
});

describe.concurrent('of a whole life nothing shows', () => {
  async function through(
    engine: EngineName,
    address: string | undefined,
    more: (place: SharedPlace) => Promise<readonly string[]>,
  ) {
    const place = await openPlace(engine, address);
    try {
      const said = await live(place);
      const dump = await place.dump();
      expect(dump).toContain('"keyturn":1'.replace(/"/g, engine === 'postgres' ? '""' : '\\"'));
      expectSilence(...said, dump, ...(await more(place)));
    } finally {
      await closePlace(place);
    }
  }

  test('in Redis: its keys, DUMP, and the file of a SAVE', async () => {
    const redis: PrivateRedis = await startRedis();
    try {
      await through('redis', redis.url, async () => {
        const client = new Redis(redis.port);
        await client.save();
        client.disconnect();
        const file = readFileSync(join(redis.folder, 'dump.rdb'));
        // What is not a secret is there to be read: the file is what it is taken for.
        expect(file.toString('latin1')).toContain('ring-of-tests');
        return formsOf(file);
      });
    } finally {
      await redis.stop();
    }
  });

  test('in PostgreSQL: its rows, COPY, and pg_dump', async () => {
    await through('postgres', undefined, async (place) => {
      const name = place.env().KEYTURN_SECURITY__KEYRING__NAME as string;
      const url = inject('postgresUrl');
      const dump = (...args: string[]) => {
        try {
          return execFileSync('pg_dump', [url, '-n', name, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
        } catch {
          // It comes with the server, and not with every client.
          return Buffer.from('there is no pg_dump here: ring-of-tests');
        }
      };
      const [plain, custom] = [dump(), dump('-F', 'c', '-Z', '0')];
      expect(plain.toString()).toContain('ring-of-tests');
      return [...formsOf(plain), ...formsOf(custom)];
    });
  });
});
