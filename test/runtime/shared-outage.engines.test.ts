// A process that shares its keyring, and the engine is gone: at the start, for a while, for good; slow, or frozen.
import Fastify from 'fastify';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { describe, expect, vi } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import type { EngineClients } from '../../src/engines/engines.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { manualClock } from '../../src/testing/index.js';
import { COMING, kidOf, STRONG } from '../support/machine.js';
import {
  again,
  type EngineName,
  failingClients,
  firstRing,
  inPlace,
  operate,
  reportsOf,
  SHORT,
  startReplica,
  storeOf,
  TIMES,
} from '../support/shared-ring.js';
import { lastly, NOT_FOR_EVER, took, until } from '../support/waiting.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];

const unavailable = expect.objectContaining({ code: 'keyring_unavailable', status: 503 });
/** So long that only a test ends them, by the clock of a process: how busy the machine is does not matter. Seconds. */
const LONG = { maxLag: 60, lease: 600 } as const;

// Most of the time they wait, so they do it together.
vi.setConfig({ maxConcurrency: 8 });

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine, firstRing(STRONG));

  /** A client of the app that waits for ever, as they do unless they are told otherwise. */
  async function patientClient(url: string): Promise<{ clients: EngineClients; end: () => void }> {
    if (engine === 'postgres') {
      const pool = new Pool({ connectionString: url });
      return { clients: { postgres: pool }, end: () => void pool.end().catch(() => {}) };
    }
    const client = createClient({ url });
    client.on('error', () => {});
    client.connect().catch(() => {});
    return { clients: { redis: client }, end: () => client.destroy() };
  }

  describe('gone at the start', () => {
    for (const how of ['cut', 'freeze'] as const)
      test(`(${how}): the start comes back, not ready, and goes on when it is there`, async ({ place }) => {
        const { cut, url } = await place.proxy();
        cut[how]();
        let started: Awaited<ReturnType<typeof startReplica>> | undefined;
        const { ms } = await took(async () => {
          started = await startReplica(place, { url });
        });
        expect(ms).toBeLessThan(NOT_FOR_EVER);
        const { keyturn, of, sign } = started as Awaited<ReturnType<typeof startReplica>>;
        expect(keyturn.health).toMatchObject({
          ready: false,
          generation: 0,
          degraded: expect.stringContaining('cannot be reached'),
        });
        expect(sign).toThrow(unavailable);
        expect(of('keyring.reload_failed')[0]?.facts).toMatchObject({ code: 'engine_unavailable' });
        if (how === 'cut') cut.mend();
        else cut.thaw();
        await until(() => keyturn.health.ready);
        expect(keyturn.health).toMatchObject({ degraded: undefined, generation: 1 });
        await until(async () => (await reportsOf(place)).length === 1);
      });

    test('with a client of the app that waits for ever: the same, and it can be ended', async ({ place }) => {
      const { cut, url } = await place.proxy();
      cut.freeze();
      const { clients, end } = await patientClient(url);
      const begun = performance.now();
      const { keyturn } = await startReplica(place, { clients });
      expect(performance.now() - begun).toBeLessThan(NOT_FOR_EVER);
      expect(keyturn.health.ready).toBe(false);
      expect((await took(() => keyturn.close())).ms).toBeLessThan(NOT_FOR_EVER);
      cut.thaw();
      end();
    });
  });

  describe('gone for a while', () => {
    test('the last good ring stays for a lease; then it verifies and signs no more; and back it is by itself', async ({
      place,
    }) => {
      const { cut, url } = await place.proxy();
      const clock = manualClock(Date.now());
      // It looks, and sees that its lease has ended, every second.
      const start = { times: { ...TIMES, lease: LONG.lease }, clock: clock.read };
      const { keyturn, of, sign, accepts } = await startReplica(place, { ...start, url });
      await operate(place, (rotation) => rotation.stage({ secret: COMING }), { times: start.times });
      // What it has said is what it can rely on, as soon as it knows that it has.
      await until(async () => (await reportsOf(place))[0]?.generation === 2);
      await until(() => keyturn.health.reporting);
      await keyturn.reload();
      const token = sign();
      cut.cut();
      await until(() => keyturn.health.degraded !== undefined);
      for (const later of [0, LONG.lease - 1]) {
        clock.advance(later);
        expect(keyturn.health).toMatchObject({ ready: true, generation: 2, signs: kidOf(STRONG) });
        expect(accepts(sign())).toBe(true);
      }
      clock.advance(1);
      expect(keyturn.health.ready).toBe(false);
      expect(sign).toThrow(unavailable);
      expect(accepts(token)).toBe(true);
      expect(keyturn.keyring.generation).toBe(2);
      expect(of('keyring.reload_failed')).toHaveLength(1);
      await until(() => of('keyring.lease_ended').length > 0);
      const { health } = keyturn;
      expect([health.signs, health.degraded]).toEqual([
        undefined,
        expect.stringMatching(/nothing is signed: /),
      ]);
      await storeOf(place).change((ring) => again(ring, 3));
      cut.mend();
      await until(() => keyturn.health.ready);
      expect(keyturn.health).toMatchObject({ degraded: undefined, generation: 3 });
      expect(accepts(sign())).toBe(true);
      for (const event of ['keyring.recovered', 'keyring.lease_ended', 'keyring.ready'])
        expect(of(event)).toHaveLength(1);
    });

    test('frozen, with a client of the app that waits for ever: no look hangs for ever', async ({
      place,
    }) => {
      const { cut, url } = await place.proxy();
      const { clients, end } = await patientClient(url);
      const { keyturn } = await startReplica(place, { clients, times: SHORT });
      await until(() => keyturn.health.ready);
      cut.freeze();
      await until(() => !keyturn.health.ready);
      // So the question has ended.
      await until(() => keyturn.health.degraded?.includes('cannot be reached'));
      // What was waited for is gone; a new connection finds the engine.
      cut.cut();
      cut.mend();
      cut.thaw();
      await until(() => keyturn.health.ready);
      await keyturn.close();
      end();
    });

    test('visitors are read what they may see, and nobody is signed out', async ({ place }) => {
      const { cut, url } = await place.proxy();
      const clock = manualClock(Date.now());
      const { keyturn } = await startReplica(place, { url, times: LONG, clock: clock.read });
      const app = Fastify();
      await app.register(keyturnFastify, { keyturn });
      app.get('/me', ({ session }) => ({ user: session.user ?? null }));
      app.get('/in', ({ session }) => {
        session.user = 'ann';
        return 'in';
      });
      app.get('/out', async ({ session }) => {
        session.destroy();
        return 'out';
      });
      const signedIn = await app.inject('/in');
      const cookie = String(signedIn.headers['set-cookie']).split(';')[0] as string;
      cut.cut();
      clock.advance(LONG.lease + 1);
      expect(keyturn.health.ready).toBe(false);
      const ask = async (path: string, from: string | undefined = cookie) => {
        const { statusCode, headers, body } = await app.inject({
          url: path,
          headers: from === undefined ? {} : { cookie: from },
        });
        return [statusCode, headers['set-cookie'], body];
      };
      expect(await ask('/me')).toEqual([200, undefined, '{"user":"ann"}']);
      expect((await ask('/in', '')).slice(0, 2)).toEqual([503, undefined]);
      // A key that is made up, or newer than the ring here: nobody can tell which.
      const foreign = cookie.replace(kidOf(STRONG), kidOf(COMING));
      expect((await ask('/me', foreign)).slice(0, 2)).toEqual([503, undefined]);
      expect((await ask('/out'))[0]).toBe(200);
    });
  });

  describe('the clock', () => {
    test('that jumps ahead makes it not ready at once, without any timer; and it is ready again by itself', async ({
      place,
    }) => {
      const clock = manualClock(Date.now());
      const { keyturn, sign, accepts } = await startReplica(place, {
        times: { ...TIMES, lease: LONG.lease },
        clock: clock.read,
      });
      const token = sign();
      clock.advance(LONG.lease + 1);
      expect(keyturn.health.ready).toBe(false);
      expect(sign).toThrow(unavailable);
      expect(accepts(token)).toBe(true);
      await until(() => keyturn.health.ready);
      expect(accepts(sign())).toBe(true);
    });

    test('that is put back by more than the skew makes it not ready at once too', async ({ place }) => {
      const clock = manualClock(Date.now());
      const { keyturn, sign } = await startReplica(place, {
        times: { ...TIMES, lease: LONG.lease },
        clock: clock.read,
      });
      expect(keyturn.health.ready).toBe(true);
      clock.advance(-(TIMES.skew + 1));
      expect(keyturn.health.ready).toBe(false);
      expect(sign).toThrow(unavailable);
      await until(() => keyturn.health.ready);
      sign();
    });

    test('that is put back, or stands still, while it is cut off does not make the lease longer', async ({
      place,
    }) => {
      const clock = manualClock(Date.now());
      const { cut, url } = await place.proxy();
      const { keyturn } = await startReplica(place, { url, times: SHORT, clock: clock.read });
      cut.cut();
      const cutAt = performance.now();
      clock.advance(-0.9);
      const { last } = await lastly(() => keyturn.health.ready);
      expect(last - cutAt).toBeLessThanOrEqual(SHORT.lease * 1000);
    });
  });

  describe('a process whose reports get lost', () => {
    test('goes on for `max_lag` after it has heard, and not for a lease', async ({ place }) => {
      let silent = false;
      let deaf = false;
      const { clients, end } = await failingClients(place, (written) =>
        written === 'report' ? silent : deaf,
      );
      silent = true;
      const clock = manualClock(Date.now());
      const { keyturn } = await startReplica(place, { clients, times: LONG, clock: clock.read });
      expect(keyturn.health).toMatchObject({ ready: true, reporting: false });
      for (let time = 0; time < 3; time++) {
        clock.advance(LONG.maxLag - 1);
        expect(keyturn.health.ready).toBe(true);
        await keyturn.reload();
      }
      deaf = true;
      clock.advance(LONG.maxLag - 1);
      await keyturn.reload();
      expect(keyturn.health.ready).toBe(true);
      clock.advance(1);
      expect(keyturn.health.ready).toBe(false);
      // It can report again, and has not heard of what happened meanwhile.
      silent = false;
      await until(() => keyturn.health.reporting);
      expect(keyturn.health.ready).toBe(false);
      deaf = false;
      await keyturn.reload();
      expect(keyturn.health.ready).toBe(true);
      await keyturn.close();
      await end();
    });

    test('of another ring than it goes by now: nobody knows what it signs with, so the same', async ({
      place,
    }) => {
      let silent = false;
      let deaf = false;
      const { clients, end } = await failingClients(place, (written) =>
        written === 'report' ? silent : deaf,
      );
      const clock = manualClock(Date.now());
      const { keyturn } = await startReplica(place, { clients, times: LONG, clock: clock.read });
      await until(async () => (await reportsOf(place)).length === 1);
      silent = true;
      await storeOf(place).change((ring) => {
        const keys = ring.keys.map((key) => key.enter('retiring', Date.now()));
        const next = new Key(new Material(COMING), 'active', { dates: { active: Date.now() } });
        return new Keyring([next, ...keys], { id: 'ring-of-tests', generation: 2, marks: ring.marks });
      });
      await until(() => keyturn.health.signs === kidOf(COMING));
      deaf = true;
      clock.advance(LONG.maxLag - 1);
      expect(keyturn.health.ready).toBe(true);
      clock.advance(1);
      expect(keyturn.health.ready).toBe(false);
      await keyturn.close();
      await end();
    });

    test('by its own goodbye: it does not sign for longer than is safe', async ({ place }) => {
      const clock = manualClock(Date.now());
      const { keyturn, sign } = await startReplica(place, { times: LONG, clock: clock.read });
      await until(async () => (await reportsOf(place)).length === 1);
      await keyturn.close();
      expect(await reportsOf(place)).toEqual([]);
      expect(keyturn.health.ready).toBe(false);
      clock.advance(LONG.maxLag - 1);
      sign();
      clock.advance(1);
      expect(sign).toThrow(unavailable);
    });
  });

  test('slow: it follows all the same', async ({ place }) => {
    const { cut, url } = await place.proxy();
    cut.delay(300);
    const { keyturn } = await startReplica(place, { url, times: { lease: 600, maxLag: 10 } });
    await until(() => keyturn.health.ready);
    await storeOf(place).change((ring) => again(ring, 2));
    await until(() => keyturn.health.generation === 2);
    await until(() => keyturn.health.reporting);
    expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined });
  });
});
