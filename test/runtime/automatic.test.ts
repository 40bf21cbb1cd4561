// A keyring that rotates by itself, by whichever of its processes is first.
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import type { RingStore } from '../../src/ring-stores/ring-store.js';
import { AutomaticRotation } from '../../src/runtime/automatic.js';
import { heard } from '../support/heard.js';
import { memoryLogger } from '../support/keyturn.js';
import { COMING, FILE, kidOf, OLDER, OLDEST, STRONG } from '../support/machine.js';
import { documentOf, follow, newFolder, runScript } from '../support/ring-file.js';
import {
  again,
  type EngineName,
  failingClients,
  firstRing,
  inPlace,
  operate,
  type ReplicaStart,
  type SharedReplica,
  startReplica,
  storeOf,
} from '../support/shared-ring.js';
import { until } from '../support/waiting.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** It signs since an hour: some thousand periods were missed. */
const EVERY = { KEYTURN_SECURITY__ROTATION__EVERY: '4s' };
const TIMES = { maxLag: 1, lease: 2, skew: 1 };
const TAKEOVER = (TIMES.maxLag + TIMES.lease + TIMES.skew) * 1000;
const START: ReplicaStart = { env: EVERY, times: TIMES };

// Most of the time they wait, so they do it together.
vi.setConfig({ maxConcurrency: 8 });

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine, firstRing(STRONG));

  test('one key makes up for all that was missed, takes over everywhere, and so on', async ({ place }) => {
    const all = await Promise.all(Array.from({ length: 4 }, () => startReplica(place, START)));
    const [first] = all as [SharedReplica];
    const oldest = first.sign();
    await until(() => all.every(({ keyturn }) => keyturn.health.generation === 2));
    const staged = await storeOf(place).read();
    expect(staged.keys.map(({ state }) => state)).toEqual(['staged', 'active']);
    const [next] = staged.keys as [Key];
    const inTime = (next.activatesAt ?? 0) - (next.dates.staged ?? 0);
    expect(inTime).toBe(TAKEOVER);
    expect(staged.history.at(-1)).toMatchObject({
      what: 'stage',
      who: 'keyturn',
      why: expect.stringContaining('security.rotation.every'),
    });
    const turned = all.flatMap(({ of }) => of('keyring.turned'));
    expect(turned).toEqual([
      expect.objectContaining({ level: 'info', facts: expect.objectContaining({ generation: 2 }) }),
    ]);
    await until(() => all.every(({ keyturn }) => keyturn.health.signs === next.id), TAKEOVER + 3000);
    expect(Date.now()).toBeGreaterThanOrEqual(next.activatesAt ?? 0);
    for (const { accepts, sign } of all) {
      expect(accepts(oldest)).toBe(true);
      expect(sign()).toContain(next.id);
    }
    // The next one a period after that, and again one.
    await until(async () => (await storeOf(place).read()).generation === 3);
    const { keys, history } = await storeOf(place).read();
    expect(keys.map(({ state }) => state)).toEqual(['staged', 'active', 'retiring']);
    expect((history.at(-1)?.at ?? 0) - (next.activatesAt ?? 0)).toBeGreaterThanOrEqual(4000);
    for (const { keyturn } of all) expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined });
  });

  test('a key whose tokens have all expired goes', async ({ place }) => {
    let ahead = 0;
    const clock = () => Date.now() + ahead;
    const all = await Promise.all([0, 1].map(() => startReplica(place, { ...START, clock })));
    await until(() => all.every(({ keyturn }) => keyturn.health.generation === 2));
    ahead = 60 * 86_400_000;
    await until(
      () => all.every(({ keyturn }) => keyturn.health.keys.some(({ state }) => state === 'retired')),
      8000,
    );
    expect((await storeOf(place).read()).get(kidOf(STRONG))?.state).toBe('retired');
    for (const { keyturn } of all) expect(keyturn.health.ready).toBe(true);
  });

  test('off by default, and held off by a key that was staged by hand', async ({ place }) => {
    const off = await startReplica(place, { times: TIMES });
    await wait(1200);
    expect((await storeOf(place).read()).generation).toBe(1);
    await operate(place, (rotation) => rotation.stage(), { times: TIMES });
    const on = await startReplica(place, START);
    await wait(1500);
    for (const { keyturn, of } of [off, on]) {
      expect(keyturn.health.generation).toBe(2);
      expect(of('keyring.turned')).toEqual([]);
    }
  });

  test('where the ring cannot be written it says so once, and does it when it can', async ({ place }) => {
    let readOnly = true;
    const { clients, end } = await failingClients(place, (written) => readOnly && written === 'ring');
    const { keyturn, of } = await startReplica(place, { ...START, clients });
    await wait(1800);
    expect(of('keyring.turn_failed')).toEqual([
      expect.objectContaining({
        level: 'error',
        facts: expect.objectContaining({ code: 'engine_unavailable' }),
      }),
    ]);
    expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined, generation: 1 });
    readOnly = false;
    await until(() => keyturn.health.generation === 2);
    await keyturn.close();
    await end();
  });
});

describe.concurrent('a keyring document', () => {
  const text = documentOf(1, [[STRONG, 'active', { dates: { active: Date.now() - 3_600_000 } }]]);
  const env = {
    ...EVERY,
    KEYTURN_SECURITY__KEYRING__MAX_LAG: '1s',
    KEYTURN_SECURITY__KEYRING__LEASE: '2s',
    KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: '1s',
  };

  test('rotates by itself too, once for all processes that follow it', async () => {
    const path = join(newFolder(), 'keyring.json');
    writeFileSync(path, text, { mode: 0o600 });
    const all = await Promise.all(Array.from({ length: 4 }, () => follow(path, { env })));
    await until(() => all.every(({ keyturn }) => keyturn.health.generation === 2));
    expect(all.flatMap(({ of }) => of('keyring.turned'))).toHaveLength(1);
    expect(JSON.parse(readFileSync(path, 'utf8')).keys).toHaveLength(2);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await until(() => all.every(({ keyturn }) => keyturn.health.signs !== kidOf(STRONG)), TAKEOVER + 3000);
  });

  test('that may not be written stays, and it is said once', async () => {
    const folder = newFolder();
    const path = join(folder, 'keyring.json');
    writeFileSync(path, text, { mode: 0o444 });
    const body = `
    ${process.getuid?.() === 0 ? 'process.setgid(65534); process.setuid(65534);' : ''}
    const log = () => {};
    const error = ({ event, code }) => console.log(event, code);
    const keyturn = await createKeyturn({ logger: { debug: log, info: log, warn: log, error } });
    await new Promise((done) => setTimeout(done, 1800));
    console.log(keyturn.health.generation);
    await keyturn.close();
    `;
    const elsewhere = newFolder();
    chmodSync(elsewhere, 0o755);
    chmodSync(folder, 0o555);
    const script = runScript(body, elsewhere, { KEYTURN_ENV: 'prod', [FILE]: path, ...env });
    expect((await script.ended).code).toBe(0);
    expect(script.output()).toBe('keyring.turn_failed keyring_unwritable\n1\n');
  });
});

describe('nothing is done by itself', () => {
  const RING = again(firstRing(STRONG), 4);
  const roots = new Keyring([new Key(new Material(OLDER), 'active')]);
  const reportOf = (changes: Partial<ReplicaReport> = {}): ReplicaReport => ({
    instance: 'web-2',
    host: 'web-2',
    pid: 2,
    at: Date.now(),
    profile: 'prod',
    source: 'A_VARIABLE',
    ring: RING.id,
    generation: 4,
    fingerprint: RING.fingerprint,
    verifies: [kidOf(STRONG)],
    signs: kidOf(STRONG),
    roots: [kidOf(OLDER)],
    loadedAt: 0,
    uses: [],
    lifetimes: {},
    maxLag: 1,
    degraded: undefined,
    ...changes,
  });

  /** What one look comes to. @param mine the ring in force in the process that looks */
  async function look(replicas: readonly ReplicaReport[], mine = RING, kept = RING) {
    const logger = memoryLogger();
    let written: Keyring | undefined;
    const store: RingStore = {
      name: 'a store',
      fleet: {
        read: async () => replicas.map(heard),
        ended: async () => ({}),
        write: async () => {},
        remove: async () => {},
        keep: async () => {},
        forget: async () => {},
      },
      read: async () => kept,
      create: async () => false,
      change: async (change) => {
        const next = await change(kept);
        written = next === kept ? undefined : next;
        return next;
      },
    };
    const automatic = new AutomaticRotation({
      store,
      plan: { every: 60, lease: TIMES.lease },
      ring: () => mine,
      facts: () => ({ times: TIMES, lifetimes: {}, now: Date.now() }),
      self: () => ({ profile: 'prod', roots }),
      logger,
    });
    await automatic.look();
    await automatic.look();
    return { written, logged: logger.records.map(({ facts }) => facts.code ?? facts.event) };
  }

  test('unless everybody agrees', async () => {
    const { written, logged } = await look([
      reportOf(),
      reportOf({ signs: undefined, roots: [kidOf(OLDEST)], generation: 0 }),
    ]);
    expect(written?.generation).toBe(5);
    expect(logged).toEqual(['keyring.turned', 'keyring.turned']);
  });

  test.each<[string, ErrorCode, Parameters<typeof look>]>([
    ['where the store has fallen back: it would fork the ring', 'keyring_outdated', [[], again(RING, 5)]],
    ['where the store holds another line of the ring', 'keyring_forked', [[], again(firstRing(COMING), 3)]],
    ['where a replica is further on', 'keyring_outdated', [[reportOf(), reportOf({ generation: 5 })]]],
    ['where a replica goes by other rules', 'profile_differs', [[reportOf({ profile: 'dev' })]]],
    [
      'where it would seal the ring away from a replica',
      'secret_differs',
      [[reportOf({ roots: [kidOf(OLDEST)] })]],
    ],
  ])('%s; and it is said once', async (_, code, parts) => {
    expect(await look(...parts)).toEqual({ written: undefined, logged: [code] });
  });

  test('sooner than a replica with a longer lease is not ready any more', async () => {
    const { written } = await look([reportOf({ lease: 500, maxLag: 100 })]);
    const [staged] = written?.keys ?? [];
    expect((staged?.activatesAt ?? 0) - (staged?.dates.staged ?? 0)).toBe((500 + 100 + TIMES.skew) * 1000);
  });
});
