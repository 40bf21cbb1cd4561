// What replicas of a shared keyring know of each other, and what that holds up. The heart of it: one that cannot hear
// of a step is not ready any more when the step is taken, however it came to be deaf.
import { describe, expect, vi } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import type { Rotation } from '../../src/rotation/rotation.js';
import { COMING, kidOf, OLDER, STRONG } from '../support/machine.js';
import { SharedProcess } from '../support/shared-process.js';
import {
  type EngineName,
  firstRing,
  inPlace,
  operate,
  type ReplicaStart,
  reportsOf,
  type SharedPlace,
  type SharedReplica,
  startReplica,
  storeOf,
  TIMES,
} from '../support/shared-ring.js';
import { ticks, until } from '../support/waiting.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
/** Here leases are to end. Seconds. */
const SHORT = { maxLag: 1, lease: 9, skew: 1 } as const;
const LEASE = SHORT.lease * 1000;
/** By how much two clocks of this machine may differ, and what is cut off of a moment. Milliseconds. */
const ROUNDING = 100;

interface Insisted {
  /** When it was done. */
  readonly at: number;
  /** Why it was not before. */
  readonly refusals: readonly string[];
  /** When the last try was begun that a replica held up: a busy machine ends no wait sooner, and some of them later. */
  readonly heldUp: number;
}

/** Tries to promote again and again. */
async function insist(place: SharedPlace, start: ReplicaStart = { times: SHORT }): Promise<Insisted> {
  const refusals: string[] = [];
  let heldUp = 0;
  const work = async (rotation: Rotation) => {
    for (;;) {
      const begun = Date.now();
      try {
        const { ring } = await (await rotation.again()).promote(kidOf(COMING));
        return { at: ring.history.at(-1)?.at ?? 0, refusals, heldUp };
      } catch (error) {
        if (!(error instanceof KeyturnError)) throw error;
        if (error.code !== 'too_early' && error.code !== 'replica_behind') throw error;
        refusals.push(`${error.code}: ${error.message}`);
        if (error.code === 'replica_behind') heldUp = begun;
        await ticks(1, 100);
      }
    }
  };
  return await operate(place, work, start);
}

/** Whether it is ready, at the very moment. */
function signs(sign: () => string): boolean {
  try {
    sign();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'keyring_unavailable' });
    return false;
  }
}

/** Looks at a replica all the time. */
class Watch {
  /** The last moment at which it signed and did not know the new key. */
  readyWithout = 0;
  #over = false;
  readonly #watching: Promise<void>;

  constructor({ keyturn, sign }: SharedReplica) {
    this.#watching = (async () => {
      for (; !this.#over; await ticks(1, 2)) {
        if (keyturn.health.keys.some(({ id }) => id === kidOf(COMING))) continue;
        const now = Date.now();
        if (signs(sign)) this.readyWithout = now;
      }
    })();
  }

  async end(): Promise<number> {
    this.#over = true;
    await this.#watching;
    return this.readyWithout;
  }
}

// Most of the time they wait, so they do it together.
vi.setConfig({ maxConcurrency: 8 });

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine, firstRing(STRONG));
  const short: ReplicaStart = { times: SHORT };
  const stage = (place: SharedPlace, start = short) =>
    operate(place, (rotation) => rotation.stage({ secret: COMING }), start);

  test('all replicas are seen, with what they know and how they are', async ({ place }) => {
    const all = await Promise.all(Array.from({ length: 3 }, () => startReplica(place)));
    await until(async () => (await reportsOf(place)).length === 3);
    const status = async () => await operate(place, (rotation) => rotation.status());
    const before = await status();
    expect(before).toMatchObject({
      shared: true,
      place: all[0]?.keyturn.health.store,
      differing: [],
      silence: undefined,
    });
    for (const replica of before.replicas) {
      expect(replica).toMatchObject({
        profile: 'prod',
        ring: 'ring-of-tests',
        generation: 1,
        verifies: [kidOf(STRONG)],
        signs: kidOf(STRONG),
        roots: [kidOf(OLDER)],
        maxLag: TIMES.maxLag,
        lease: TIMES.lease,
      });
      expect(Math.abs(replica.at - Date.now())).toBeLessThan(TIMES.lease * 1000);
    }
    all[0]?.sign();
    await stage(place);
    await until(async () => (await status()).keys.find(({ id }) => id === kidOf(COMING))?.knownBy === 3);
    await until(
      async () => (await status()).keys.find(({ id }) => id === kidOf(STRONG))?.lastSignedAt !== undefined,
    );
    await all[2]?.keyturn.close();
    expect((await status()).replicas).toHaveLength(2);
  });

  test('fresh reports of all of them shorten the wait, and of fewer they do not', async ({ place }) => {
    const times = { maxLag: 600, lease: 900 };
    const start = { times };
    const all = await Promise.all([startReplica(place, start), startReplica(place, start)]);
    await operate(place, (rotation) => rotation.stage({ secret: COMING }), start);
    await until(
      async () => (await reportsOf(place)).filter(({ verifies }) => verifies.length === 2).length === 2,
    );
    const promote = (replicas?: number) =>
      operate(place, (rotation) => rotation.promote(undefined, { replicas }), start);
    await expect(promote()).rejects.toMatchObject({ code: 'too_early' });
    await expect(promote(3)).rejects.toMatchObject({ code: 'too_early' });
    await promote(2);
    await until(() => all.every(({ keyturn }) => keyturn.health.signs === kidOf(COMING)));
  });

  for (const offset of [0, 1000, 2000])
    test(`one that is cut off holds up promote until it is not ready any more (${offset} ms after its report)`, async ({
      place,
    }) => {
      const { cut, url } = await place.proxy();
      const [deaf, hearing] = [
        await startReplica(place, { ...short, url }),
        await startReplica(place, short),
      ];
      await until(() => deaf.keyturn.health.reporting);
      const watch = new Watch(deaf);
      // It reports every three seconds, and may be cut off at any moment.
      if (offset > 0) await ticks(1, offset);
      cut.cut();
      const cutAt = Date.now();
      await stage(place);
      const { at, refusals, heldUp } = await insist(place);
      await until(() => hearing.keyturn.health.signs === kidOf(COMING));
      // The guarantee itself, by one clock: ready for the last time, then promoted.
      const token = hearing.sign();
      expect(deaf.accepts(token)).toBe(false);
      expect(deaf.keyturn.health.ready).toBe(false);
      expect(deaf.sign).toThrow(expect.objectContaining({ code: 'keyring_unavailable' }));
      await ticks(20, 10);
      const last = await watch.end();
      expect(last).toBeGreaterThan(cutAt);
      expect(last).toBeLessThan(at);
      expect(refusals.some((refusal) => /^replica_behind: .* cannot verify with the key/.test(refusal))).toBe(
        true,
      );
      // And no longer than that.
      expect(heldUp - cutAt).toBeLessThan(LEASE + ROUNDING);
      cut.mend();
      await until(() => deaf.keyturn.health.ready);
      expect(deaf.accepts(token)).toBe(true);
    });

  test.for([
    'before',
    'after',
  ])('one that is cut off still holds it up when the engine has lost all data %s the key was staged', async (when, {
    place,
  }) => {
    const { cut, url } = await place.proxy();
    const [deaf, hearing] = [await startReplica(place, { ...short, url }), await startReplica(place, short)];
    await until(() => deaf.keyturn.health.reporting);
    const watch = new Watch(deaf);
    cut.cut();
    if (when === 'after') {
      await stage(place);
      await until(() => hearing.keyturn.health.generation === 2);
    }
    await place.wipe();
    await until(async () => (await place.table.version()) !== undefined);
    if (when === 'before') await stage(place);
    const { at, refusals } = await insist(place);
    const last = await watch.end();
    expect(deaf.keyturn.health.ready).toBe(false);
    expect(last).toBeLessThan(at);
    expect(refusals.some((refusal) => refusal.startsWith('replica_behind: the store lost its data'))).toBe(
      true,
    );
    await until(() => hearing.keyturn.health.signs === kidOf(COMING));
  });

  test('one that was killed holds it up for a lease, and no longer', async ({ place }) => {
    const killed = await SharedProcess.start(place, short);
    await until(async () => (await reportsOf(place)).length === 1);
    const { token } = await killed.ask('sign');
    expect(token).toContain(kidOf(STRONG));
    // An engine tells how old a report is, and its answer takes a while on the way: it is older than it seems by that.
    const askedAt = Date.now();
    const { at: heardAt = 0 } = (await reportsOf(place))[0] ?? {};
    const reportedAt = heardAt - (Date.now() - askedAt);
    await killed.kill();
    const killedAt = Date.now();
    const replica = await startReplica(place, short);
    await stage(place);
    const { at, refusals, heldUp } = await insist(place);
    expect(refusals.some((refusal) => refusal.startsWith('replica_behind'))).toBe(true);
    expect(at).toBeGreaterThan(reportedAt + LEASE - ROUNDING);
    expect(heldUp).toBeLessThan(killedAt + LEASE + ROUNDING);
    // What it may have signed until then is reckoned with.
    const signedUntil = (await storeOf(place).fleet.ended(await storeOf(place).read()))[kidOf(STRONG)] ?? 0;
    expect(signedUntil).toBeGreaterThan(reportedAt + LEASE - ROUNDING);
    expect(signedUntil).toBeLessThan(killedAt + LEASE + ROUNDING);
    await until(() => replica.keyturn.health.signs === kidOf(COMING));
    expect(replica.accepts(token)).toBe(true);
  });

  test('one that says goodbye holds up nothing', async ({ place }) => {
    const gone = await SharedProcess.start(place, short);
    await until(async () => (await reportsOf(place)).length === 1);
    await gone.stop();
    expect(await reportsOf(place)).toEqual([]);
    await stage(place);
    const { refusals } = await insist(place);
    expect(refusals.filter((refusal) => !refusal.startsWith('too_early'))).toEqual([]);
  });

  test('one that was stopped for longer than its lease refuses nothing when it goes on', async ({
    place,
  }) => {
    const stopped = await SharedProcess.start(place, short);
    const replica = await startReplica(place, short);
    await until(async () => (await reportsOf(place)).length === 2);
    stopped.signal('SIGSTOP');
    await stage(place);
    await insist(place);
    await until(() => replica.keyturn.health.signs === kidOf(COMING));
    const token = replica.sign();
    // Asked before it goes on: the first that it does is to answer.
    const answers = Promise.all([
      stopped.ask(token),
      stopped.ask('sign'),
      stopped.ask(token),
      stopped.ask('sign'),
    ]);
    stopped.signal('SIGCONT');
    for (const { ready, verified, refused } of await answers) {
      if (verified !== undefined) expect([ready, verified.ok]).not.toEqual([true, false]);
      else expect([ready, refused]).toEqual(ready ? [true, undefined] : [false, 'keyring_unavailable']);
    }
    await until(async () => (await stopped.ask('health')).health.ready);
    expect(await stopped.ask(token)).toMatchObject({ ready: true, verified: { ok: true } });
    await stopped.kill();
  });

  test('one that was stopped for less has missed nothing that it needs', async ({ place }) => {
    const long: ReplicaStart = { times: { ...SHORT, lease: 60 } };
    const stopped = await SharedProcess.start(place, long);
    await until(async () => (await reportsOf(place)).length === 1);
    stopped.signal('SIGSTOP');
    await stage(place, long);
    const refusal = async () =>
      await operate(place, (rotation) => rotation.promote(), long).catch(({ code }) => code);
    await until(async () => (await refusal()) !== 'too_early');
    expect(await refusal()).toBe('replica_behind');
    stopped.signal('SIGCONT');
    const { at } = await insist(place, long);
    expect(at).toBeGreaterThan(0);
    await until(async () => (await stopped.ask('health')).health.signs === kidOf(COMING));
    await stopped.kill();
  });
});
