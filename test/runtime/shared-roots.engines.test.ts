// The secret that seals a shared keyring is rotated like any other, and nobody who runs notices.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import { writeDocument } from '../../src/keyring/document.js';
import { COMING, FILE, kidOf, NEXT, OLDER, OLDEST, PREVIOUS, SECRET, STRONG } from '../support/machine.js';
import { newFolder } from '../support/ring-file.js';
import {
  again,
  type EngineName,
  failingClients,
  firstRing,
  inPlace,
  operate,
  type ReplicaStart,
  reportsOf,
  type SharedPlace,
  type SharedReplica,
  severalLooks,
  startReplica,
  storeOf,
} from '../support/shared-ring.js';
import { ticks, until } from '../support/waiting.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];

// The root secrets, in the order of their lives. What they seal is a key of its own.
const R1 = OLDER;
const R2 = COMING;
const R3 = OLDEST;
const ROOTS = [R1, R2, R3];

/** The ids of the roots that the ring is sealed under now. */
async function sealedUnder(place: SharedPlace): Promise<readonly string[]> {
  const slot = await place.table.read();
  return Object.keys(JSON.parse(slot?.text ?? '{"roots":{}}').roots).sort();
}
const kids = (...secrets: string[]) => secrets.map(kidOf).sort();

/** Replicas that come and go, and a visitor who goes from one to the other all the time. */
class Farm {
  readonly #place: SharedPlace;
  readonly running: SharedReplica[] = [];
  readonly wrong: string[] = [];
  readonly #tokens: string[] = [];
  #over = false;
  readonly #visits: Promise<void>;

  constructor(place: SharedPlace) {
    this.#place = place;
    this.#visits = this.#visit();
  }

  async start(start: ReplicaStart): Promise<SharedReplica> {
    const replica = await startReplica(this.#place, start);
    this.running.push(replica);
    return replica;
  }

  /** One after another gets the new environment; the new one is there before the old one goes. */
  async deploy(env: ReplicaStart): Promise<void> {
    for (const former of [...this.running]) {
      const { keyturn } = await this.start(env);
      await until(() => keyturn.health.ready);
      this.running.splice(this.running.indexOf(former), 1);
      await former.keyturn.close();
    }
  }

  /** @returns what went wrong at any moment */
  async end(): Promise<readonly string[]> {
    await until(() => this.running.every(({ keyturn }) => keyturn.health.ready));
    this.#over = true;
    await this.#visits;
    return [...new Set(this.wrong)];
  }

  async #visit(): Promise<void> {
    for (let n = 0; !this.#over; n++) {
      for (const [at, { keyturn, accepts }] of this.running.entries()) {
        const { ready, degraded } = keyturn.health;
        if (degraded !== undefined) this.wrong.push(`${at}: ${degraded}`);
        for (const token of this.#tokens)
          if (ready && !accepts(token)) this.wrong.push(`${at} refuses a token`);
      }
      const signer = this.running[n % Math.max(1, this.running.length)];
      if (signer?.keyturn.health.ready === true) this.#tokens.push(signer.sign());
      if (this.#tokens.length > 200) this.#tokens.splice(0, 50);
      await ticks(1, 10);
    }
  }

  /** Looks until the ring is sealed under these, and nothing else. */
  async sealedUnder(...secrets: readonly string[]): Promise<void> {
    await until(async () => {
      await Promise.all(this.running.map(({ keyturn }) => keyturn.reload()));
      return (await sealedUnder(this.#place)).join() === kids(...secrets).join();
    });
  }
}

// Most of the time they wait, so they do it together.
vi.setConfig({ maxConcurrency: 8 });

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine, firstRing(STRONG));
  /** So that a busy machine is not taken for an outage. */
  const times = { lease: 60, maxLag: 8 };

  const OLD: ReplicaStart = { secret: R1, times };
  const FIRST: ReplicaStart = { secret: R1, env: { [NEXT]: R2 }, times };
  const SECOND: ReplicaStart = { secret: R2, env: { [PREVIOUS]: R1 }, times };
  const THIRD: ReplicaStart = { secret: R2, times };

  test.for<[string, readonly ReplicaStart[]]>([
    ['three deploys', [FIRST, SECOND, THIRD]],
    ['two deploys, the new one at once', [SECOND, THIRD]],
    ['three deploys, rolled back and taken again', [FIRST, SECOND, FIRST, SECOND, THIRD]],
  ])('through %s: the ring stays what it is, and nobody fails to open it', async ([, deploys], { place }) => {
    const before = writeDocument(await storeOf(place).read());
    const farm = new Farm(place);
    for (let n = 0; n < 3; n++) await farm.start(OLD);
    for (const deploy of deploys) await farm.deploy(deploy);
    // Whoever has the former secret alone opens it no more, soon after the last of them is gone.
    await farm.sealedUnder(R2);
    expect(await farm.end()).toEqual([]);
    expect(writeDocument(await storeOf(place, [R2]).read())).toBe(before);
    await expect(storeOf(place, [R1]).read()).rejects.toMatchObject({ code: 'keyring_sealed' });
  });

  test('while steps are taken, from the environment of before and of after', async ({ place }) => {
    const farm = new Farm(place);
    const step = async (env: ReplicaStart) => {
      await operate(
        place,
        async (rotation) => {
          const staged = (await rotation.ring()).keys.find(({ state }) => state === 'staged');
          await (staged === undefined ? rotation.stage() : rotation.retire(staged.id));
        },
        env,
      );
      const { generation } = await storeOf(place, ROOTS).read();
      await until(() => farm.running.every(({ keyturn }) => keyturn.health.generation === generation));
    };
    for (let n = 0; n < 2; n++) await farm.start(OLD);
    let former = OLD;
    for (const deploy of [FIRST, SECOND, THIRD]) {
      const { keyturn } = await farm.start(deploy);
      await until(() => keyturn.health.ready);
      await step(former);
      await step(deploy);
      await farm.deploy(deploy);
      await step(former);
      await step(deploy);
      former = deploy;
    }
    expect(await farm.end()).toEqual([]);
    expect((await storeOf(place, [R2]).read()).generation).toBe(13);
  });

  test('that is dropped while a replica holds nothing else stays', async ({ place }) => {
    const old = await startReplica(place, { secret: R1, times });
    const next = await startReplica(place, { secret: R2, env: { [PREVIOUS]: R1 }, times });
    await until(async () => (await sealedUnder(place)).length === 2);
    const last = await startReplica(place, { secret: R2, times });
    // So many looks that it is thought of, twice.
    for (let look = 0; look < 9; look++) await severalLooks(old, next, last);
    expect(await sealedUnder(place)).toEqual(kids(R1, R2));
    for (const { keyturn } of [old, next, last])
      expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined });
  });

  test('in a file that is followed: without a restart', async ({ place }) => {
    const farm = new Farm(place);
    const files = Array.from({ length: 3 }, () => join(newFolder(), 'secret'));
    const put = (file: string, ...secrets: string[]) => {
      writeFileSync(`${file}~`, secrets.length === 1 ? `${secrets[0]}\n` : JSON.stringify(secrets), {
        mode: 0o600,
      });
      renameSync(`${file}~`, file);
    };
    for (const file of files) {
      put(file, R1);
      await farm.start({ env: { [SECRET]: undefined, [FILE]: file }, times });
    }
    /** In one after the other, which knows it before the next does. */
    const deploy = async (...secrets: string[]) => {
      for (const [n, file] of files.entries()) {
        put(file, ...secrets);
        await farm.running[n]?.keyturn.reload();
      }
    };
    // The first of a list is in force: here the new one only opens and seals.
    await deploy(R1, R2);
    await farm.sealedUnder(R1, R2);
    await deploy(R2, R1);
    await farm.sealedUnder(R1, R2);
    await deploy(R2);
    await farm.sealedUnder(R2);
    expect(await farm.end()).toEqual([]);
    expect((await storeOf(place, [R2]).read()).generation).toBe(1);
  });

  test('in a file that is broken for a while: it says so, goes on, and says that it is good again', async ({
    place,
  }) => {
    const file = join(newFolder(), 'secret');
    writeFileSync(file, `${R1}\n`, { mode: 0o600 });
    const { keyturn, of } = await startReplica(place, { env: { [SECRET]: undefined, [FILE]: file }, times });
    writeFileSync(file, '');
    await until(() => keyturn.health.degraded !== undefined);
    expect(keyturn.health.degraded).toContain('is empty');
    // The ring itself is good, and heard of.
    await storeOf(place).change((ring) => again(ring, 2));
    await until(() => keyturn.health.generation === 2);
    expect(keyturn.health).toMatchObject({ ready: true, degraded: expect.stringContaining('is empty') });
    writeFileSync(file, `${R1}\n`);
    await until(() => keyturn.health.degraded === undefined);
    expect(of('keyring.recovered')).toHaveLength(1);
    // Another secret altogether is a mistake: what was opened goes on.
    writeFileSync(file, `${R3}\n`);
    await until(() => keyturn.health.degraded !== undefined);
    expect(keyturn.health).toMatchObject({ ready: true, generation: 2 });
    expect(of('keyring.reload_failed').at(-1)?.facts).toMatchObject({ code: 'keyring_sealed' });
    writeFileSync(file, JSON.stringify([R3, R1]));
    await until(() => keyturn.health.degraded === undefined);
    await until(async () => (await sealedUnder(place)).join() === kids(R1, R3).join());
  });

  test('a step from a shell with the former secret is refused, and harms nobody', async ({ place }) => {
    await operate(place, async () => {}, OLD);
    const slow = { lease: 60, maxLag: 40 };
    const all = [
      await startReplica(place, { ...SECOND, times: slow }),
      await startReplica(place, { ...THIRD, times: slow }),
    ];
    await all[0]?.keyturn.close();
    await until(async () => (await reportsOf(place)).length === 1);
    const kept = await place.table.read();
    expect(await sealedUnder(place)).toEqual(kids(R1, R2));
    for (const step of ['stage', 'rollback'] as const) {
      const error = await operate(place, (rotation) => rotation[step](), { ...OLD, times: slow }).catch(
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(KeyturnError);
      expect(error).toMatchObject({ code: 'secret_differs', message: expect.stringContaining(kidOf(R2)) });
    }
    expect(await place.table.read()).toEqual(kept);
    expect(all[1]?.keyturn.health).toMatchObject({ ready: true, degraded: undefined });
    // Whoever never had any of them cannot even look.
    const stranger = operate(place, (rotation) => rotation.status(), { secret: R3, times: slow });
    await expect(stranger).rejects.toMatchObject({ code: 'keyring_sealed' });
  });

  test('replicas with another secret each that have one in common agree, and leave the engine alone', async ({
    place,
  }) => {
    const versions = new Set<string | undefined>();
    const all = [
      await startReplica(place, { secret: R2, env: { [PREVIOUS]: R1 }, times }),
      await startReplica(place, { secret: R3, env: { [PREVIOUS]: R1 }, times }),
    ];
    for (let look = 0; look < 10; look++) {
      await severalLooks(...all);
      versions.add(await place.table.version());
    }
    expect(versions.size).toBeLessThan(5);
    expect(await sealedUnder(place)).toEqual(kids(...ROOTS));
    for (const { keyturn } of all) expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined });
    await operate(place, (rotation) => rotation.stage(), { secret: R1, times });
    await until(() => all.every(({ keyturn }) => keyturn.health.generation === 2));
    await until(async () => (await sealedUnder(place)).length === 3);
  });

  test('a ring that cannot be sealed anew is good all the same; it is said once, and tried again', async ({
    place,
  }) => {
    let readOnly = true;
    let tries = 0;
    const { clients, end } = await failingClients(place, (what) => {
      if (what === 'ring') tries += 1;
      return readOnly && what === 'ring';
    });
    const replica = await startReplica(place, { ...SECOND, clients, times });
    const { keyturn, of, sign, accepts } = replica;
    await until(() => keyturn.health.ready);
    expect(keyturn.health.degraded).toBeUndefined();
    expect(accepts(sign())).toBe(true);
    // It is tried again at each look.
    await severalLooks(replica);
    expect(tries).toBeGreaterThan(3);
    expect(of('keyring.reseal_failed')).toHaveLength(1);
    expect(await sealedUnder(place)).toEqual(kids(R1));
    readOnly = false;
    await keyturn.reload();
    expect(await sealedUnder(place)).toHaveLength(2);
    await keyturn.close();
    await end();
  });

  test('a replica with another secret than the rest is seen by all, and is not ready', async ({ place }) => {
    const [good, odd] = [
      await startReplica(place, { secret: R1 }),
      await startReplica(place, { secret: R3 }),
    ];
    expect([good.keyturn.health.ready, odd.keyturn.health.ready]).toEqual([true, false]);
    expect(odd.keyturn.health.degraded).toContain(
      `sealed under ${kidOf(R1)}, and the signing secret here is ${kidOf(R3)}`,
    );
    await until(async () => (await reportsOf(place)).length === 2);
    const { replicas, differing } = await operate(place, (rotation) => rotation.status());
    const told = replicas.map(({ roots, signs, generation, degraded }) => [
      roots,
      signs,
      generation,
      degraded !== undefined,
    ]);
    expect(told).toHaveLength(2);
    expect(told).toContainEqual([[kidOf(R1)], kidOf(STRONG), 1, false]);
    expect(told).toContainEqual([[kidOf(R3)], undefined, 0, true]);
    expect(differing).toEqual(
      replicas.filter(({ signs }) => signs === undefined).map(({ instance }) => instance),
    );
    // It is at fault itself: the others are not kept from rotating.
    await operate(place, (rotation) => rotation.stage());
    await until(() => good.keyturn.health.generation === 2);
    expect(odd.keyturn.health.generation).toBe(0);
  });
});
