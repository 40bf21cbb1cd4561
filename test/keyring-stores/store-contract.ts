// What every place of a keyring must do, a file as well as an engine. Each case has a place of its own.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { writeDocument } from '../../src/keyring/document.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { stage } from '../../src/keyring/transitions.js';
import type { RingStore } from '../../src/keyring-stores/contract.js';
import { COMING, kidOf, OLDER, STRONG } from '../support/machine.js';
import { ticks, until } from '../support/waiting.js';

export interface StoreEngine {
  readonly name: string;
  open(): Promise<StorePlace>;
}

export interface StorePlace {
  /** Whether one change waits for the other; else the slower is made anew. */
  readonly locks: boolean;
  /** Each through a client of its own, as other processes have it. @param lease seconds; default: a minute */
  store(lease?: number): RingStore;
  /** All that is kept of the ring, as bytes: equal when nothing has been written. */
  kept(): Promise<string>;
  close(): Promise<void>;
}

const MINUTE = 60;
/** Milliseconds: an engine gives whole ones of its own clock. */
const ROUNDED = 2;
const FACTS = { maxLag: 1, skew: 0, lifetimes: {}, replicas: [] };

/** A first ring, told apart by its key. */
const firstRing = (secret = STRONG) =>
  new Keyring([new Key(new Material(secret), 'active', { dates: { active: Date.now() } })], {
    id: `ring ${kidOf(secret)}`,
    generation: 1,
  });
/** Whose keys vouch for the reports here. */
const RING = firstRing();

/** Something countable: a line in the history. */
const noting =
  (why: string) =>
  ({ keys, id = '', generation, history }: Keyring) =>
    new Keyring(keys, {
      id,
      generation: generation + 1,
      history: [...history, { at: Date.now(), what: 'stage', kid: 'AAAAAAAA', why }],
    });

const marksOf = ({ history }: Keyring) => history.map(({ why }) => why).sort();

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'none',
    (error) => {
      if (error instanceof KeyturnError) return error.code;
      throw error;
    },
  );
}

export function ringStoreContract({ open }: StoreEngine): void {
  let place: StorePlace;
  let store: RingStore;
  let other: RingStore;

  beforeEach(async () => {
    place = await open();
    store = place.store();
    other = place.store();
  });
  afterEach(() => place.close());

  describe('the first ring', () => {
    test('before there is one nothing can be read or changed, and nothing is made by trying', async () => {
      expect(await codeOf(store.read())).toBe('keyring_missing');
      expect(await codeOf(store.change(noting('a')))).not.toBe('none');
      expect(await codeOf(other.read())).toBe('keyring_missing');
      expect(await store.fleet.read(RING, true)).toEqual([]);
      expect({ ...(await store.fleet.ended(RING)) }).toEqual({});
    });

    test('is made once, and there for everybody as it is', async () => {
      const ring = firstRing();
      expect(await store.create(ring)).toBe(true);
      for (const one of [store, other]) expect(writeDocument(await one.read())).toBe(writeDocument(ring));
      const kept = await place.kept();
      for (const one of [store, other]) expect(await one.create(firstRing(OLDER))).toBe(false);
      expect(await place.kept()).toBe(kept);
    });

    test('20 at once make one', async () => {
      const rings = Array.from({ length: 20 }, (_, n) => firstRing(`${COMING}${n}`));
      const stores = rings.map(() => place.store());
      const made = await Promise.all(rings.map((ring, n) => stores[n]?.create(ring)));
      expect(made.filter(Boolean)).toHaveLength(1);
      const winner = rings[made.indexOf(true)] as Keyring;
      for (const one of [store, ...stores.slice(0, 3)]) expect((await one.read()).id).toBe(winner.id);
    });
  });

  describe('a change', () => {
    beforeEach(() => store.create(firstRing()));

    test('is kept, and is what everybody reads', async () => {
      const changed = await store.change((ring) =>
        stage(ring, new Material(COMING), { ...FACTS, now: Date.now() }),
      );
      expect(changed.generation).toBe(2);
      expect(changed.get(kidOf(COMING))?.state).toBe('staged');
      for (const one of [store, other]) expect(writeDocument(await one.read())).toBe(writeDocument(changed));
      expect((await other.change(noting('a'))).generation).toBe(3);
      expect((await store.read()).get(kidOf(COMING))?.material?.revealSecret()).toBe(COMING);
    });

    test('that throws changes nothing, and what it throws is what is told', async () => {
      const kept = await place.kept();
      const fault = new Error('a fault');
      const refused = new KeyturnError('too_early', 'not yet', 'wait');
      expect(await store.change(() => Promise.reject(refused)).catch((error) => error)).toBe(refused);
      expect(
        await codeOf(
          store.change(() => {
            throw refused;
          }),
        ),
      ).toBe('too_early');
      // One that is none of ours may be dressed.
      await expect(store.change(() => Promise.reject(fault))).rejects.toThrow();
      expect(await place.kept()).toBe(kept);
      // And nothing is left locked.
      expect((await other.change(noting('a'))).generation).toBe(2);
    });

    test('that returns what it was given changes nothing', async () => {
      const kept = await place.kept();
      expect((await store.change((ring) => ring)).generation).toBe(1);
      expect(await place.kept()).toBe(kept);
    });

    test('that comes to nothing readable is refused, and the ring stays', async () => {
      const kept = await place.kept();
      const withLifetime =
        (seconds: number) =>
        ({ keys, id = '', generation }: Keyring) =>
          new Keyring(
            keys.map((key) => key.withLifetimes({ session: seconds })),
            { id, generation: generation + 1 },
          );
      expect(await codeOf(store.change(withLifetime(1.5)))).toBe('document_invalid');
      const withoutId = ({ keys, generation }: Keyring) => new Keyring(keys, { generation: generation + 1 });
      expect(await codeOf(store.change(withoutId))).toBe('document_invalid');
      const endless = ({ keys, id = '', generation }: Keyring) =>
        new Keyring(keys, {
          id,
          generation: generation + 1,
          history: Array.from({ length: 30_000 }, () => ({ at: 0, what: 'x'.repeat(40), kid: 'AAAAAAAA' })),
        });
      expect(await codeOf(store.change(endless))).toBe('keyring_unwritable');
      expect(await place.kept()).toBe(kept);
      expect((await other.change(withLifetime(2))).generation).toBe(2);
    });

    test('50 at once: each is there once, and each is a generation', async () => {
      const stores = Array.from({ length: 10 }, () => place.store());
      const generations = await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          const ring = await (stores[n % 10] as RingStore).change(noting(`change ${n}`));
          expect(marksOf(ring)).toContain(`change ${n}`);
          return ring.generation;
        }),
      );
      expect(generations.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n + 2));
      const ring = await other.read();
      expect(ring.generation).toBe(51);
      expect(marksOf(ring)).toEqual(Array.from({ length: 50 }, (_, n) => `change ${n}`).sort());
    });

    test('looks at facts meanwhile, and is made of the newest ring', async () => {
      const seen: number[] = [];
      let changed: Promise<unknown> | undefined;
      const slow = store.change(async (ring) => {
        seen.push(ring.generation);
        await until(() => changed !== undefined);
        // What waits for this cannot be waited for here.
        if (seen.length === 1) await (place.locks ? ticks(5, 10) : changed);
        return noting('slow')(ring);
      });
      await until(() => seen.length === 1);
      const fast = other.change(noting('fast'));
      changed = fast;
      await Promise.all([slow, fast]);
      expect(marksOf(await store.read())).toEqual(['fast', 'slow']);
    });

    test('is never seen by halves', async () => {
      let done = false;
      const writing = Promise.all(
        [store, other].map(async (one, writer) => {
          for (let n = 0; n < 15; n++) await one.change(noting(`${writer} ${n}`));
        }),
      ).then(() => {
        done = true;
      });
      const generations: number[] = [];
      const reader = place.store();
      while (!done) {
        const ring = await reader.read();
        expect(ring.history).toHaveLength(ring.generation - 1);
        generations.push(ring.generation);
      }
      await writing;
      expect(generations).toEqual([...generations].sort((a, b) => a - b));
      expect((await reader.read()).generation).toBe(31);
    });
  });

  describe('the fleet', () => {
    const kid = kidOf(STRONG);
    const use = (at: number) => ({
      kid,
      purpose: 'session',
      verified: 0,
      verifiedAt: 0,
      signed: 1,
      signedAt: at,
    });
    /** A report of a process of another machine. */
    const reportOf = (changes: Partial<ReplicaReport> = {}): ReplicaReport => ({
      instance: 'web-2-17-abcd',
      host: 'web-2',
      pid: 17,
      at: Date.now(),
      profile: 'prod',
      source: 'A_VARIABLE',
      ring: 'ring',
      generation: 1,
      fingerprint: 'AAAAAAAAAAA',
      verifies: [kid],
      signs: kid,
      roots: [kidOf(OLDER)],
      loadedAt: Date.now(),
      uses: [],
      lifetimes: { session: 60 },
      maxLag: 1,
      degraded: undefined,
      ...changes,
    });
    const instances = async (one: RingStore) =>
      (await one.fleet.read(RING, true)).map(({ instance }) => instance);

    beforeEach(() => store.create(firstRing()));

    test('is seen by everybody as it says it is, and what it says last counts', async () => {
      const begun = Date.now();
      await store.fleet.write(reportOf(), RING);
      await store.fleet.write(reportOf({ instance: 'web-1-3-abcd', generation: 7, degraded: 'düe' }), RING);
      await store.fleet.write(reportOf({ generation: 2 }), RING);
      for (const one of [store, other]) {
        const [first, second, ...more] = await one.fleet.read(RING, true);
        const read = Date.now();
        expect(more).toEqual([]);
        expect(first).toMatchObject({ instance: 'web-1-3-abcd', generation: 7, degraded: 'düe' });
        const { at: _, degraded, ...rest } = reportOf({ generation: 2, loadedAt: second?.loadedAt ?? 0 });
        expect(second).toMatchObject(rest);
        expect(second?.degraded).toBe(degraded);
        expect(second?.at).toBeGreaterThanOrEqual(begun - ROUNDED);
        expect(second?.at).toBeLessThanOrEqual(read + ROUNDED);
      }
    });

    test('one that says goodbye is gone, and what it signed is kept', async () => {
      const now = Date.now();
      await store.fleet.write(reportOf(), RING);
      await store.fleet.remove(reportOf({ uses: [use(now - 1000)] }), RING);
      expect(await instances(other)).toEqual([]);
      expect({ ...(await other.fleet.ended(RING)) }).toEqual({ [kid]: now - 1000 });
      // The later of what any of them says.
      await store.fleet.remove(reportOf({ instance: 'web-3-1-abcd', uses: [use(now - 5000)] }), RING);
      await store.fleet.remove(reportOf({ instance: 'web-4-1-abcd', uses: [use(now - 500)] }), RING);
      expect({ ...(await other.fleet.ended(RING)) }).toEqual({ [kid]: now - 500 });
    });

    test('one that vanishes counts for its lease and no longer; until then it may have signed', async () => {
      const lease = 1000;
      const short = place.store(1);
      await store.fleet.write(reportOf({ instance: 'web-1-3-abcd' }), RING);
      let begun = 0;
      for (;;) {
        begun = Date.now();
        await short.fleet.write(reportOf(), RING);
        const seen = await instances(place.store(1));
        // On a busy machine the lease may be over before it is looked at.
        if (Date.now() - begun >= lease) continue;
        expect(seen).toEqual(['web-1-3-abcd', 'web-2-17-abcd']);
        break;
      }
      await until(async () => !(await instances(short)).includes('web-2-17-abcd'));
      expect(Date.now() - begun).toBeGreaterThanOrEqual(lease);
      const at = (await other.fleet.ended(RING))[kid] ?? 0;
      expect(at).toBeGreaterThanOrEqual(begun + lease - ROUNDED);
      expect(at).toBeLessThanOrEqual(Date.now());
    });

    test('a look that is to leave no trace leaves none', async () => {
      const short = place.store(0.1);
      await short.fleet.write(reportOf(), RING);
      await until(async () => (await short.fleet.read(RING, false)).length === 0);
      expect({ ...(await other.fleet.ended(RING)) }).toEqual({});
      expect(await short.fleet.read(RING, true)).toEqual([]);
      expect(Object.keys(await other.fleet.ended(RING))).toEqual([kid]);
    });

    test('one that was stopped for longer than its lease, and goes on, is there again', async () => {
      const short = place.store(0.2);
      await short.fleet.write(reportOf(), RING);
      await until(async () => (await instances(short)).length === 0);
      await store.fleet.write(reportOf(), RING);
      expect(await instances(other)).toEqual(['web-2-17-abcd']);
    });

    test('100 reports at once, and as many goodbyes', async () => {
      const all = Array.from({ length: 100 }, (_, n) =>
        reportOf({ instance: `web-${n}-1-abcd`, uses: [use(1000 + n)] }),
      );
      await Promise.all(all.map((report) => store.fleet.write(report, RING)));
      expect(await instances(other)).toHaveLength(100);
      await Promise.all(all.map((report) => other.fleet.remove(report, RING)));
      expect(await instances(store)).toEqual([]);
      expect({ ...(await store.fleet.ended(RING)) }).toEqual({ [kid]: 1099 });
    });
  });

  test('what it is called holds no secret', () => {
    expect(store.name).not.toMatch(/:\/\/|@|password/);
    expect(store.name).toBe(other.name);
    expect(place.store(MINUTE).name).toBe(store.name);
  });
}
