// A keyring that rotates by itself, by whichever of its processes is first.
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import type { RingStore } from '../../src/keyring-stores/contract.js';
import { AutomaticRotation } from '../../src/runtime/automatic.js';
import { heard } from '../support/heard.js';
import { memoryLogger } from '../support/keyturn.js';
import { COMING, FILE, kidOf, OLDER, OLDEST, STRONG } from '../support/machine.js';
import { documentOf, follow, newFolder } from '../support/ring-file.js';
import { runScript } from '../support/script.js';
import {
  again,
  clientsOfAnotherTime,
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
import { ticks, until } from '../support/waiting.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];

/** It signs since an hour: some hundred periods were missed. Seconds. */
const PERIOD = 10;
const EVERY = { KEYTURN_SECURITY__ROTATION__EVERY: `${PERIOD}s` };
/** So often it is looked whether a rotation is due. Milliseconds. */
const LOOKS = 500;
/** So long that a busy machine ends none of them: what is to come later comes when a test moves the clock. Seconds. */
const TIMES = { maxLag: 20, lease: 60, skew: 1 };
const TAKEOVER = TIMES.maxLag + TIMES.lease + TIMES.skew;
const START: ReplicaStart = { env: EVERY, times: TIMES };

/** A clock that goes on, and that a test moves besides. */
function movedClock() {
  const moved = { clock: () => Date.now() + moved.ahead * 1000, ahead: 0 };
  return moved;
}

// Most of the time they wait, so they do it together.
vi.setConfig({ maxConcurrency: 8 });

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine, firstRing(STRONG));

  test('one key makes up for all that was missed, takes over everywhere, and so on', async ({ place }) => {
    const time = movedClock();
    // Time passes for the engine as well.
    const { clients, end } = await clientsOfAnotherTime(place, time.clock);
    const start = { ...START, clients, clock: time.clock };
    const all = await Promise.all(Array.from({ length: 4 }, () => startReplica(place, start)));
    const [first] = all as [SharedReplica];
    const oldest = first.sign();
    const turned = () => all.flatMap(({ of }) => of('keyring.turned'));
    await until(() => turned().length > 0 && all.every(({ keyturn }) => keyturn.health.generation === 2));
    const staged = await storeOf(place).read();
    expect(staged.keys.map(({ state }) => state)).toEqual(['staged', 'active']);
    const [next] = staged.keys as [Key];
    const inTime = (next.scheduledFor ?? 0) - (next.dates.staged ?? 0);
    expect(inTime).toBe(TAKEOVER * 1000);
    expect(staged.history.at(-1)).toMatchObject({
      what: 'stage',
      who: 'keyturn',
      why: expect.stringContaining('security.rotation.every'),
    });
    expect(turned()).toEqual([
      expect.objectContaining({ level: 'info', facts: expect.objectContaining({ generation: 2 }) }),
    ]);
    for (const { keyturn } of all) expect(keyturn.health.signs).toBe(kidOf(STRONG));
    time.ahead = TAKEOVER;
    await until(() => all.every(({ keyturn }) => keyturn.health.signs === next.id));
    for (const { accepts, sign } of all) {
      expect(accepts(oldest)).toBe(true);
      expect(sign()).toContain(next.id);
    }
    // The next one a period after that, and again one.
    time.ahead += PERIOD;
    await until(async () => (await storeOf(place).read()).generation === 3);
    const { keys, history } = await storeOf(place).read();
    expect(keys.map(({ state }) => state)).toEqual(['staged', 'active', 'retiring']);
    expect((history.at(-1)?.at ?? 0) - (next.scheduledFor ?? 0)).toBeGreaterThanOrEqual(PERIOD * 1000);
    for (const { keyturn } of all) {
      expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined });
      await keyturn.close();
    }
    await end();
  });

  test('a process whose clock is wrong leaves it to others: it would destroy a key while its tokens live', async ({
    place,
  }) => {
    const time = movedClock();
    const retiring = new Key(new Material(OLDER), 'retiring', { dates: { retiring: Date.now() } });
    const active = new Key(new Material(STRONG), 'active', { dates: { active: Date.now() } });
    await storeOf(place).change(
      ({ id = '', marks }) => new Keyring([active, retiring], { id, generation: 2, marks }),
    );
    const days = { KEYTURN_SECURITY__ROTATION__EVERY: '90d' };
    time.ahead = 45 * 86_400;
    const { of } = await startReplica(place, { times: TIMES, env: days, clock: time.clock });
    await until(() => of('keyring.turn_failed').length > 0);
    expect(of('keyring.turn_failed')[0]).toMatchObject({
      facts: { code: 'clock_differs' },
      message: expect.stringMatching(/the clock that this process goes by is 45 d ahead of that of /),
    });
    expect((await storeOf(place).read()).get(kidOf(OLDER))?.state).toBe('retiring');
  });

  test('a key whose tokens have all expired goes', async ({ place }) => {
    const longAgo = Date.now() - 60 * 86_400_000;
    const retiring = new Key(new Material(OLDER), 'retiring', { dates: { retiring: longAgo } });
    await storeOf(place).change(
      ({ keys, id = '', marks }) => new Keyring([...keys, retiring], { id, generation: 2, marks }),
    );
    const all = await Promise.all([0, 1].map(() => startReplica(place, START)));
    const isRetired = ({ keyturn }: SharedReplica) =>
      keyturn.health.keys.some(({ id, state }) => id === kidOf(OLDER) && state === 'retired');
    await until(() => all.every(isRetired));
    expect((await storeOf(place).read()).get(kidOf(OLDER))?.state).toBe('retired');
    for (const { keyturn } of all) expect(keyturn.health.ready).toBe(true);
  });

  test('off by default, and held off by a key that was staged by hand', async ({ place }) => {
    const off = await startReplica(place, { times: TIMES });
    await ticks(3, LOOKS);
    expect((await storeOf(place).read()).generation).toBe(1);
    await operate(place, (rotation) => rotation.stage(), { times: TIMES });
    const on = await startReplica(place, START);
    await ticks(4, LOOKS);
    for (const { keyturn, of } of [off, on]) {
      // What it looks at when it is ended it looks at first.
      await keyturn.close();
      expect(of('keyring.turned')).toEqual([]);
    }
    expect((await storeOf(place).read()).generation).toBe(2);
  });

  test('where the ring cannot be written it says so once, and does it when it can', async ({ place }) => {
    let readOnly = true;
    let tries = 0;
    const { clients, end } = await failingClients(place, (written) => {
      if (written === 'ring') tries += 1;
      return readOnly && written === 'ring';
    });
    const { keyturn, of } = await startReplica(place, { ...START, clients });
    await until(() => tries >= 4);
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
    KEYTURN_SECURITY__KEYRING__MAX_LAG: `${TIMES.maxLag}s`,
    KEYTURN_SECURITY__KEYRING__LEASE: `${TIMES.lease}s`,
    KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: `${TIMES.skew}s`,
  };

  test('rotates by itself too, once for all processes that follow it', async () => {
    const path = join(newFolder(), 'keyring.json');
    writeFileSync(path, text, { mode: 0o600 });
    const time = movedClock();
    const start = { env, clock: time.clock };
    const all = await Promise.all(Array.from({ length: 4 }, () => follow(path, start)));
    const turned = () => all.flatMap(({ of }) => of('keyring.turned'));
    await until(() => turned().length > 0 && all.every(({ keyturn }) => keyturn.health.generation === 2));
    expect(turned()).toHaveLength(1);
    expect(JSON.parse(readFileSync(path, 'utf8')).keys).toHaveLength(2);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    for (const { keyturn } of all) expect(keyturn.health.signs).toBe(kidOf(STRONG));
    time.ahead = TAKEOVER;
    await until(() => all.every(({ keyturn }) => keyturn.health.signs !== kidOf(STRONG)));
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
    let looks = 0;
    await new Promise((done) => {
      const timer = setInterval(() => ++looks === 4 && done(clearInterval(timer)), ${LOOKS});
    });
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
        count: async () => {},
        counted: async (span) => ({ span, from: 0, to: 0, counts: [] }),
      },
      read: async () => kept,
      clockAhead: async () => undefined,
      create: async () => false,
      change: async (change) => {
        const next = await change(kept);
        written = next === kept ? undefined : next;
        return next;
      },
    };
    const automatic = new AutomaticRotation({
      store,
      policy: { every: 60, lease: TIMES.lease },
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
    expect((staged?.scheduledFor ?? 0) - (staged?.dates.staged ?? 0)).toBe((500 + 100 + TIMES.skew) * 1000);
  });
});
