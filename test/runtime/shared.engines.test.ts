// A process that shares its keyring with others: how it starts, hears of changes, and puts right what it finds wrong.
// What it does without the engine is in shared-outage.test.ts, with other secrets in shared-roots.test.ts.
import Fastify from 'fastify';
import { describe, expect, vi } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { beginRing } from '../../src/keyring/begin.js';
import { writeDocument } from '../../src/keyring/document.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { sealRing } from '../../src/keyring/sealed-ring.js';
import { generateSecret } from '../../src/secret/generate.js';
import { manualClock } from '../../src/testing/index.js';
import { COMING, kidOf, OLDER, OLDEST, STRONG } from '../support/machine.js';
import { newFolder } from '../support/ring-file.js';
import {
  again,
  closePlace,
  type EngineName,
  failingClients,
  firstRing,
  inPlace,
  openPlace,
  operate,
  overwrite,
  type SharedPlace,
  type SharedReplica,
  sealFor,
  severalLooks,
  startReplica,
  storeOf,
  TIMES,
} from '../support/shared-ring.js';
import { median, until } from '../support/waiting.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
const ROOT = new Material(OLDER);

const unavailable = expect.objectContaining({ code: 'keyring_unavailable', status: 503 });

const put = async (place: SharedPlace, ring: Keyring) => expect(await storeOf(place).create(ring)).toBe(true);
const replicas = async (place: SharedPlace, count: number) =>
  await Promise.all(Array.from({ length: count }, () => startReplica(place)));
const generations = (all: readonly SharedReplica[]) => all.map(({ keyturn }) => keyturn.health.generation);

// Most of the time they wait, so they do it together.
vi.setConfig({ maxConcurrency: 8 });

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine);

  /** Another line of the ring, a later generation that has not come from this one. */
  const fork = (...keys: Key[]) => new Keyring(keys, { id: 'ring-of-tests', generation: 7, history: [] });

  describe('the first ring', () => {
    test('development makes it: ten processes that start together make one', async ({ place }) => {
      const cwd = newFolder();
      const all = await Promise.all(
        Array.from({ length: 10 }, () => startReplica(place, { profile: 'dev', cwd })),
      );
      await until(() => all.every(({ keyturn }) => keyturn.health.ready));
      const [first, ...others] = all as [SharedReplica, ...SharedReplica[]];
      const token = first.sign();
      for (const { accepts } of others) expect(accepts(token)).toBe(true);
      expect(all.flatMap(({ of }) => of('keyring.created'))).toHaveLength(1);
      expect(all.flatMap(({ of }) => of('keyring.replaced'))).toEqual([]);
      const ring = await storeOf(place).read();
      expect([ring.generation, ring.history.map(({ what }) => what)]).toEqual([1, ['init']]);
      expect(new Set(all.map(({ keyturn }) => keyturn.health.fingerprint))).toEqual(
        new Set([ring.fingerprint]),
      );
    });

    test('production waits until somebody makes it, says so, and goes on by itself', async ({ place }) => {
      const replica = await startReplica(place);
      const { keyturn } = replica;
      expect(keyturn.health).toMatchObject({
        ready: false,
        degraded: expect.stringContaining('there is no keyring in'),
        fingerprint: undefined,
        generation: 0,
        signs: undefined,
        keys: [],
        reporting: expect.any(Boolean),
      });
      expect(replica.sign).toThrow(unavailable);
      expect(() => keyturn.keyring).toThrow(unavailable);
      expect(keyturn.metrics()).toMatch(/^keyturn_ready 0$/m);
      expect(replica.of('keyring.reload_failed')).toEqual([
        expect.objectContaining({
          level: 'error',
          facts: expect.objectContaining({
            code: 'keyring_missing',
            hint: expect.stringContaining('keyturn init'),
          }),
          message: expect.stringContaining('not ready'),
        }),
      ]);
      await severalLooks(replica);
      // Nothing was made, and it is said once.
      expect(await place.table.read()).toBeUndefined();
      expect(replica.of('keyring.reload_failed')).toHaveLength(1);
      await put(place, firstRing(STRONG));
      await until(() => keyturn.health.ready);
      expect(keyturn.health).toMatchObject({ degraded: undefined, signs: kidOf(STRONG), generation: 1 });
      expect(replica.accepts(replica.sign())).toBe(true);
    });

    test('a visitor with a cookie meanwhile gets 503 and keeps it; what needs no session works', async ({
      place,
    }) => {
      const there = await openPlace(engine);
      try {
        await storeOf(there).create(firstRing(STRONG));
        const app = async (replica: SharedReplica) => {
          const made = Fastify();
          await made.register(keyturnFastify, { keyturn: replica.keyturn });
          made.get('/me', ({ session }) => ({ user: session.user ?? null }));
          made.get('/in', ({ session }) => {
            session.user = 'ann';
            return 'in';
          });
          made.get('/health', () => 'fine');
          await made.ready();
          return made;
        };
        const [good, without] = [await startReplica(there), await startReplica(place)];
        const signedIn = await (await app(good)).inject('/in');
        const cookie = String(signedIn.headers['set-cookie']).split(';')[0] as string;
        const late = await app(without);
        for (const url of ['/me', '/in', '/health']) {
          const answer = await late.inject({ url, headers: { cookie } });
          expect([url, answer.statusCode, answer.headers['set-cookie']]).toEqual([url, 503, undefined]);
          expect(answer.body).not.toMatch(/engine|redis|postgres|:\d{4}/i);
        }
        const anew = await late.inject('/in');
        expect([anew.statusCode, anew.headers['set-cookie']]).toEqual([503, undefined]);
        const health = await late.inject('/health');
        expect([health.statusCode, health.body]).toEqual([200, 'fine']);
        // With the same ring the same cookie is good.
        await storeOf(place).create(await storeOf(there).read());
        await until(() => without.keyturn.health.ready);
        const answer = await late.inject({ url: '/me', headers: { cookie } });
        expect([answer.statusCode, answer.json()]).toEqual([200, { user: 'ann' }]);
      } finally {
        await closePlace(there);
      }
    });
  });

  describe('a change', () => {
    const test = inPlace(engine, firstRing(STRONG));

    test('by a command is in force on all others at once', async ({ place }) => {
      // Told, and not found: they look every 5 s.
      const times = { maxLag: 40, lease: 60 };
      const all = await Promise.all([0, 1, 2].map(() => startReplica(place, { times })));
      const took: number[] = [];
      for (const step of ['stage', 'retire', 'stage', 'retire', 'stage'] as const) {
        const { ring } = await operate(place, async (rotation) => {
          const staged = (await rotation.ring()).keys.find(({ state }) => state === 'staged');
          return await (step === 'stage' ? rotation.stage() : rotation.retire(staged?.id));
        });
        const begun = performance.now();
        await until(() => generations(all).every((generation) => generation === ring.generation));
        took.push(performance.now() - begun);
      }
      expect(median(took)).toBeLessThan(1000);
      for (const { of } of all) expect(of('keyring.changed')).toHaveLength(6);
    });

    test('is found by looking where nothing is told', async ({ place }) => {
      const deaf = await failingClients(place, () => false);
      try {
        const replica = await startReplica(place, { clients: deaf.clients, times: { maxLag: 1 } });
        expect(replica.keyturn.health.ready).toBe(true);
        const took: number[] = [];
        for (let generation = 2; generation < 9; generation++) {
          const begun = performance.now();
          await storeOf(place).change((ring) => again(ring, generation));
          await until(() => replica.keyturn.health.generation === generation);
          took.push(performance.now() - begun);
        }
        expect(median(took)).toBeLessThan(1000);
      } finally {
        await deaf.end();
      }
    });

    test('that is the first finds the process ready', async ({ place }) => {
      await place.wipe();
      const replica = await startReplica(place);
      const ready: boolean[] = [];
      replica.keyturn.on('change', () => ready.push(replica.keyturn.health.ready));
      await put(place, firstRing(STRONG));
      await until(() => ready.length > 0);
      expect(ready).toEqual([true]);
    });

    test('is a change of keys for those that listen, and nothing else is', async ({ place }) => {
      const [replica] = (await replicas(place, 1)) as [SharedReplica];
      const heard: Array<[number, number | undefined]> = [];
      replica.keyturn.on('change', (ring, former) => heard.push([ring.generation, former?.generation]));
      await operate(place, (rotation) => rotation.stage());
      await until(() => heard.length === 1);
      await severalLooks(replica);
      expect(heard).toEqual([[2, 1]]);
    });

    test('that comes while it is looked is not missed, however many there are', async ({ place }) => {
      const all = await replicas(place, 2);
      for (let generation = 2; generation <= 60; generation++)
        await storeOf(place).change((ring) => again(ring, generation));
      await until(() => generations(all).every((generation) => generation === 60));
    });
  });

  describe('a store that lost its ring', () => {
    const RING = again(firstRing(STRONG), 4);
    const test = inPlace(engine, RING);

    test('gets it back from those that hold it, exactly, and they agree', async ({ place }) => {
      const all = await replicas(place, 4);
      const [first] = all as [SharedReplica];
      const token = first.sign();
      for (let time = 1; time <= 3; time++) {
        await place.wipe();
        await until(async () => (await place.table.version()) !== undefined);
        await severalLooks(...all);
        const ring = await storeOf(place).read();
        expect(writeDocument(ring)).toBe(writeDocument(RING));
        for (const { keyturn } of all)
          expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined, generation: 4 });
        const version = await place.table.version();
        await severalLooks(...all);
        expect(await place.table.version()).toBe(version);
        expect(all.flatMap(({ of }) => of('keyring.republished'))).toHaveLength(time);
      }
      for (const { of, accepts } of all) {
        expect(accepts(token)).toBe(true);
        expect(of('keyring.changed')).toHaveLength(1);
      }
      const newcomer = await startReplica(place);
      expect(newcomer.accepts(token)).toBe(true);
    });

    test('gets the newest of what its holders have', async ({ place }) => {
      const old = await place.table.read();
      const behind = await startReplica(place, { times: { maxLag: 60 } });
      // It hears of nothing any more, as if it had been stopped.
      await behind.keyturn.close();
      const all = await replicas(place, 2);
      await storeOf(place).change((ring) => again(ring, 5));
      await until(() => generations(all).every((generation) => generation === 5));
      await place.wipe();
      await place.table.write(
        { version: 'put back by one that is behind', text: old?.text ?? '' },
        undefined,
      );
      await until(async () => (await storeOf(place).read()).generation === 5);
    });

    test('and has fallen back to an older one: the newest is put back, and nobody takes the older', async ({
      place,
    }) => {
      const old = (await place.table.read())?.text as string;
      const all = await replicas(place, 3);
      await operate(place, (rotation) => rotation.stage());
      await until(() => generations(all).every((generation) => generation === 5));
      const newest = writeDocument(await storeOf(place).read());
      await overwrite(place, old);
      await until(async () => writeDocument(await storeOf(place).read()) === newest);
      await severalLooks(...all);
      for (const { keyturn, of } of all) {
        expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined, generation: 5 });
        expect(of('keyring.changed')).toHaveLength(2);
      }
      const told = all.flatMap(({ of }) => of('keyring.republished'));
      expect(told.length).toBeGreaterThanOrEqual(1);
      expect(told[0]).toMatchObject({ level: 'warn', facts: { generation: 5, found: 4 } });
    });
  });

  describe('a store that holds something else', () => {
    const RING = again(firstRing(STRONG), 4);
    const gone = (secret: string) => new Key(new Material(secret), 'revoked');
    const two = () => {
      const keys = [...firstRing(STRONG).keys, new Key(new Material(COMING), 'staged')];
      return new Keyring(keys, { id: RING.id as string, generation: 4 });
    };
    const test = inPlace(engine, RING);

    /** What was in force goes on for a lease, and when the good one is back everything is as before. */
    async function refuses(
      place: SharedPlace,
      change: (good: string) => string,
      code: string,
    ): Promise<void> {
      const good = (await place.table.read())?.text as string;
      const clock = manualClock(Date.now());
      const replica = await startReplica(place, { clock: clock.read });
      expect(replica.keyturn.health.ready).toBe(true);
      const token = replica.sign();
      const text = change(good);
      await overwrite(place, text);
      await until(() => replica.keyturn.health.degraded !== undefined);
      expect(replica.keyturn.health).toMatchObject({ generation: 4, signs: kidOf(STRONG) });
      expect(replica.of('keyring.reload_failed').at(-1)?.facts).toMatchObject({ code });
      clock.advance(TIMES.lease - 1);
      expect(replica.keyturn.health.ready).toBe(true);
      clock.advance(1);
      expect(replica.keyturn.health.ready).toBe(false);
      expect(replica.sign).toThrow(unavailable);
      expect(replica.accepts(token)).toBe(true);
      // Nobody's business but that of whoever wrote it.
      expect((await place.table.read())?.text).toBe(text);
      const newcomer = await startReplica(place);
      const { health } = newcomer.keyturn;
      // Who has held none takes any that is good.
      const taken = code === 'keyring_forked';
      expect([health.ready, health.degraded !== undefined, health.generation]).toEqual([
        taken,
        !taken,
        taken ? 4 : 0,
      ]);
      await newcomer.keyturn.close();
      await overwrite(place, good);
      await until(() => replica.keyturn.health.ready);
      expect(replica.keyturn.health).toMatchObject({ degraded: undefined, generation: 4 });
      expect(replica.accepts(replica.sign())).toBe(true);
    }

    test('garbage is refused', async ({ place }) => {
      await refuses(place, () => '{"keyturn":1', 'document_invalid');
    });

    test('a ring sealed under a secret that it does not hold is refused', async ({ place }) => {
      await refuses(place, () => sealFor(place, RING, OLDEST), 'keyring_sealed');
    });

    test('a ring that was altered is refused', async ({ place }) => {
      await refuses(
        place,
        (good) => JSON.stringify({ ...JSON.parse(good), generation: 5 }),
        'document_invalid',
      );
    });

    test('a ring of a newer version is refused', async ({ place }) => {
      await refuses(place, () => '{"keyturn":2}', 'document_version');
    });

    test('another ring of the same generation is refused', async ({ place }) => {
      const other = new Keyring([...RING.keys, new Key(new Material(COMING), 'staged')], {
        id: 'ring-of-tests',
        generation: 4,
      });
      await refuses(place, () => sealFor(place, other), 'keyring_forked');
    });

    test('a ring that was begun there while it was empty gives way to the one in force', async ({
      place,
    }) => {
      const all = await replicas(place, 2);
      const [first] = all as [SharedReplica];
      const token = first.sign();
      const beginning = { id: 'begun-in-haste', at: Date.now(), what: 'init' } as const;
      await overwrite(place, sealFor(place, beginRing([new Key(ROOT, 'active')], beginning)));
      await until(async () => (await storeOf(place).read()).id === RING.id);
      await severalLooks(...all);
      for (const { keyturn, accepts, of } of all) {
        expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined, generation: 4 });
        expect(accepts(token)).toBe(true);
        expect(of('keyring.replaced')).toEqual([]);
      }
      expect(all.flatMap(({ of }) => of('keyring.republished'))).toHaveLength(1);
    });

    test('another ring altogether is refused', async ({ place }) => {
      await refuses(
        place,
        () => sealFor(place, again(firstRing(COMING, 'another-ring'), 4)),
        'keyring_forked',
      );
    });

    test('a ring that was copied from another place is refused', async ({ place }) => {
      const elsewhere = { prefix: 'elsewhere:', name: 'admin' };
      const copied = sealRing(again(RING, 5), { place: elsewhere, roots: [ROOT] });
      await refuses(place, () => copied, 'document_invalid');
    });

    test('a key that another line of the ring revoked is refused all the same', async ({ place }) => {
      await overwrite(place, sealFor(place, two()));
      const replica = await startReplica(place);
      const token = replica.sign();
      await overwrite(place, sealFor(place, fork(new Key(new Material(STRONG), 'active'), gone(COMING))));
      await until(() => replica.keyturn.keyring.keys.some(({ state }) => state === 'revoked'));
      // It has joined both lines, so that the revocation stands for everybody.
      await until(() => replica.keyturn.health.generation === 8);
      expect(replica.keyturn.health).toMatchObject({ ready: true, signs: kidOf(STRONG) });
      expect(replica.accepts(token)).toBe(true);
    });

    test('a signing key that another line revoked signs no more: the key of that line does', async ({
      place,
    }) => {
      await overwrite(place, sealFor(place, two()));
      const replica = await startReplica(place);
      const token = replica.sign();
      const theirs = new Material(generateSecret());
      await overwrite(place, sealFor(place, fork(new Key(theirs, 'active'), gone(STRONG))));
      await until(() => replica.keyturn.health.signs === theirs.kid);
      expect(replica.accepts(token)).toBe(false);
      expect(replica.accepts(replica.sign())).toBe(true);
    });
  });

  test('whoever makes up key ids does not reach the engine with each', async ({ place }) => {
    await put(place, firstRing(STRONG));
    let asked = 0;
    const { clients, end } = await failingClients(place, () => {
      asked++;
      return false;
    });
    try {
      const { keyturn } = await startReplica(place, { clients, times: { maxLag: 60, lease: 900 } });
      const app = Fastify();
      await app.register(keyturnFastify, { keyturn });
      app.get('/me', () => 'me');
      const foreign = await startReplica(place);
      const token = foreign.sign().replace(kidOf(STRONG), 'AAAAAAAA');
      const before = asked;
      const begun = performance.now();
      for (let n = 0; n < 100; n++) {
        const cookie = `__Host-keyturn.sid=${token}`;
        expect((await app.inject({ url: '/me', headers: { cookie } })).statusCode).toBe(200);
      }
      expect(asked - before).toBeGreaterThan(0);
      // One look a second, of a few commands.
      expect(asked - before).toBeLessThan(10 + (3 * (performance.now() - begun)) / 1000);
    } finally {
      await end();
    }
  });
});
