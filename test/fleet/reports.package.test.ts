// What processes say of themselves beside the keyring file, and who believes it.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { thisProcess } from '../../src/disk/identity.js';
import { believed, ENDED_FILE, proven, readEnded } from '../../src/fleet/ended-processes.js';
import { factsOf } from '../../src/fleet/facts.js';
import { FileFleet, fleetFolder } from '../../src/fleet/file-fleet.js';
import { endedFacts, lastSignedUntil, replicaFacts } from '../../src/fleet/replica-facts.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { Reporter } from '../../src/fleet/reporter.js';
import { Material } from '../../src/keyring/key.js';
import { retire, rollback, stage } from '../../src/keyring/transitions.js';
import {
  readReports as readReportsOf,
  removeReport as removeReportOf,
  writeReport as writeReportOf,
} from '../support/file-reports.js';
import { heard } from '../support/heard.js';
import { testClock } from '../support/keyturn.js';
import { LeakSearch } from '../support/leaks.js';
import { COMING, COMMAND, FILE, kidOf, NOW, OLDER, SECRET, STRONG } from '../support/machine.js';
import { documentOf, follow, newFolder, ringOf } from '../support/ring-file.js';
import { runScript } from '../support/script.js';
import { ticks, until } from '../support/waiting.js';

const RING = documentOf(3, [
  [COMING, 'staged'],
  [STRONG, 'active'],
  [OLDER, 'retiring'],
]);
/** A step later. */
const LATER = documentOf(
  4,
  [
    [COMING, 'staged'],
    [STRONG, 'active'],
    [OLDER, 'retired'],
  ],
  { after: RING },
);
const LEASE = 900;
const JUDGING = { lease: LEASE, skew: 300 };

function ringFile(text = RING): string {
  const path = join(newFolder(), 'keyring.json');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** What vouches for the reports here. */
const VOUCHING = ringOf(3, [
  [COMING, 'staged'],
  [STRONG, 'active'],
  [OLDER, 'retiring'],
]);
const writeReport = (path: string, report: ReplicaReport) => writeReportOf(path, report, VOUCHING);
const removeReport = (path: string, last: ReplicaReport) => removeReportOf(path, last, VOUCHING);
const readReports = (path: string, lease: number, now: number, tidy = true) =>
  readReportsOf(path, { ring: VOUCHING, lease, now, tidy });

/** What is in the folder of reports, the file on ended processes aside. */
const files = (path: string) =>
  existsSync(fleetFolder(path))
    ? readdirSync(fleetFolder(path))
        .filter((name) => name !== ENDED_FILE)
        .sort()
    : [];
const endedOf = async (path: string) => endedFacts(believed(await readEnded(fleetFolder(path)), VOUCHING));
/** A reporter beside a file. @param lease seconds */
const reporterAt = (path: string, lease: number, describe: () => ReplicaReport) => {
  const fleet = new FileFleet(path, lease, Date.now);
  return new Reporter({ fleet, lease, describe, ring: () => VOUCHING });
};
const reports = async (path: string, now = Date.now()) => await readReports(path, LEASE, now);

describe.concurrent('a process reports', () => {
  test('before it takes part: what it knows, and nothing secret', async () => {
    const path = ringFile();
    const began = Date.now();
    const { keyturn } = await follow(path, { env: { KEYTURN_PURPOSES__INVITE__MAX_AGE: '3h' } });
    const [name = ''] = files(path);
    expect(files(path)).toHaveLength(1);
    expect(keyturn.health.reporting).toBe(true);
    const text = readFileSync(join(fleetFolder(path), name), 'utf8');
    const report = JSON.parse(text) as ReplicaReport;
    expect(report).toEqual({
      instance: name.replace(/\.json$/, ''),
      ...thisProcess(),
      at: expect.any(Number),
      profile: 'prod',
      source: FILE,
      configFiles: [],
      ring: 'ring-of-tests',
      generation: 3,
      mark: expect.stringMatching(/^[\w-]{16}$/),
      fingerprint: keyturn.keyring.fingerprint,
      verifies: [kidOf(COMING), kidOf(STRONG), kidOf(OLDER)],
      signs: kidOf(STRONG),
      loadedAt: expect.any(Number),
      uses: [],
      // Of every purpose, the declared ones included.
      lifetimes: expect.objectContaining({ session: 7 * 86400, flash: 600, invite: 10800 }),
      maxLag: 60,
      lease: LEASE,
      by: kidOf(STRONG),
      mac: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(report.at).toBeGreaterThanOrEqual(began);
    expect(report.instance).toMatch(new RegExp(`^${hostname()}-${process.pid}-[\\w-]{8}$`));
    expect(new LeakSearch({ active: STRONG, staged: COMING, retiring: OLDER }, []).find(text)).toEqual([]);
    expect(await reports(path)).toEqual([{ ...report, authentic: true, dated: report.at }]);
    // The folder tells who runs here: it is not for everybody.
    expect(statSync(fleetFolder(path)).mode & 0o777).toBe(0o700);
  });

  test('what it signed and verified, and with which key', async () => {
    const path = ringFile();
    const clock = testClock();
    const { keyturn } = await follow(path, { clock: clock.read });
    const signer = keyturn.signer('invitation');
    const token = signer.sign('somebody');
    clock.advance(5);
    signer.verify(token);
    signer.verify(token);
    signer.verify('nonsense');
    await keyturn.reload();
    // The next report comes by itself.
    writeFileSync(path, LATER);
    await until(async () => (await reports(path, clock.now))[0]?.generation === 4);
    const [report] = await reports(path, clock.now);
    expect(report?.uses).toEqual([
      {
        kid: kidOf(STRONG),
        purpose: 'invitation',
        signed: 1,
        signedAt: clock.now - 5000,
        verified: 2,
        verifiedAt: clock.now,
      },
    ]);
    expect(replicaFacts(heard(report as ReplicaReport), { ...JUDGING, now: clock.now })).toEqual({
      instance: report?.instance,
      verifies: [kidOf(COMING), kidOf(STRONG)],
      signs: kidOf(STRONG),
      lastSigned: { [kidOf(STRONG)]: clock.now - 5000 },
      lastVerified: { [kidOf(STRONG)]: clock.now },
    });
  });

  test('that it goes by an older ring than the file holds, and that it does no more', async () => {
    const path = ringFile();
    const { keyturn } = await follow(path);
    writeFileSync(path, '{');
    await until(async () => (await reports(path))[0]?.degraded !== undefined);
    expect((await reports(path))[0]).toMatchObject({ generation: 3, degraded: keyturn.health.degraded });
    writeFileSync(path, RING);
    await until(async () => (await reports(path))[0]?.degraded === undefined);
  });

  test('that a scheduled activation has taken place', async () => {
    const clock = testClock();
    const path = ringFile(
      documentOf(3, [
        [COMING, 'staged', { scheduledFor: clock.now + 60_000 }],
        [STRONG, 'active'],
      ]),
    );
    await follow(path, { clock: clock.read });
    expect((await reports(path, clock.now))[0]?.signs).toBe(kidOf(STRONG));
    clock.advance(60);
    await until(async () => (await reports(path, clock.now))[0]?.signs === kidOf(COMING));
  });

  test('twice when there are two Keyturns in it', async () => {
    const path = ringFile();
    const [one, two] = [await follow(path), await follow(path)];
    const found = await reports(path);
    expect(new Set(found.map(({ instance }) => instance)).size).toBe(2);
    await one.keyturn.close();
    expect(await reports(path)).toHaveLength(1);
    await two.keyturn.close();
    expect(files(path)).toEqual([]);
  });

  test('goodbye, and then nothing more', async () => {
    const path = ringFile();
    const { keyturn } = await follow(path);
    writeFileSync(path, LATER);
    await keyturn.reload();
    await keyturn.close();
    expect(files(path)).toEqual([]);
    expect(keyturn.health.reporting).toBe(false);
    await keyturn.reload();
    await ticks(5, 20);
    expect(files(path)).toEqual([]);
  });

  test.each([
    ['a variable', { [SECRET]: STRONG }],
    ['an array', { [FILE]: 'array' }],
    ['a command', { [COMMAND]: JSON.stringify(['cat', 'document']) }],
  ])('nothing where the keys come from %s', async (_, env) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'array'), JSON.stringify([STRONG, OLDER]));
    writeFileSync(join(cwd, 'document'), RING);
    const given = { [FILE]: undefined, ...env } as unknown as Record<string, string>;
    const { keyturn } = await follow(join(cwd, 'none'), { cwd, env: given });
    expect(keyturn.health.reporting).toBe(false);
    expect(readdirSync(cwd).sort()).toEqual(['array', 'document']);
  });
});

describe('a folder that cannot be written', () => {
  test('means no reports, and nothing fails', async () => {
    const path = ringFile();
    // A file where the folder should be: not even root can write there.
    writeFileSync(fleetFolder(path), '');
    const { keyturn, log } = await follow(path);
    expect(keyturn.health).toMatchObject({ reporting: false, ready: true, degraded: undefined });
    writeFileSync(path, LATER);
    await until(() => keyturn.keyring.generation === 4);
    expect(log.map(({ facts }) => facts.event)).toEqual([
      'configuration.read',
      'keyring.loaded',
      'keyring.changed',
    ]);
    expect(await reports(path)).toEqual([]);
    await keyturn.close();
    expect(readFileSync(fleetFolder(path), 'utf8')).toBe('');
  });

  test('by its mode, such as a mounted secret', async () => {
    const path = ringFile();
    const cwd = join(path, '..');
    chmodSync(cwd, 0o555);
    chmodSync(path, 0o444);
    const root = process.getuid?.() === 0;
    const body = `
    ${root ? 'process.setgid(65534); process.setuid(65534);' : ''}
    const keyturn = await createKeyturn();
    console.log(JSON.stringify(keyturn.health));
    await keyturn.close();
    `;
    const elsewhere = newFolder();
    chmodSync(elsewhere, 0o755);
    const script = runScript(body, elsewhere, { KEYTURN_ENV: 'prod', [FILE]: path });
    expect((await script.ended).code).toBe(0);
    expect(script.output()).toContain('"reporting":false');
    chmodSync(cwd, 0o755);
    expect(readdirSync(cwd)).toEqual(['keyring.json']);
  });

  test('that becomes writable is reported in from then on', async () => {
    const path = join(newFolder(), 'none', 'keyring.json');
    const reporter = reporterAt(path, 0.03, () => reportOf());
    writeFileSync(join(path, '../..', 'none'), '');
    await reporter.start();
    expect(reporter.working).toBe(false);
    rmSync(join(path, '..'));
    // Folders above its own it does not make: they may be gone on purpose.
    await reporter.update();
    expect(reporter.working).toBe(false);
    mkdirSync(join(path, '..'));
    await until(() => reporter.working);
    await reporter.close();
    expect(files(path)).toEqual([]);
  });
});

/** A report as another process would write it. */
function reportOf(changes: Partial<ReplicaReport> = {}): ReplicaReport {
  return {
    instance: 'web-2-17-abcd',
    host: 'web-2',
    pid: 17,
    at: NOW,
    profile: 'prod',
    source: FILE,
    ring: 'ring-of-tests',
    generation: 3,
    fingerprint: 'AAAAAAAAAAA',
    verifies: [kidOf(STRONG)],
    signs: kidOf(STRONG),
    loadedAt: NOW,
    uses: [],
    lifetimes: {},
    maxLag: 60,
    degraded: undefined,
    ...changes,
  };
}

describe('of what is there, counts', () => {
  test('a report that is younger than the lease; one four leases old is cleared away', async () => {
    const path = ringFile();
    await writeReport(path, reportOf());
    expect(await reports(path, NOW + LEASE * 1000)).toHaveLength(1);
    expect(await reports(path, NOW + LEASE * 1000 + 1)).toEqual([]);
    expect(files(path)).toHaveLength(1);
    await reports(path, NOW + 4 * LEASE * 1000 + 1);
    expect(files(path)).toEqual([]);
  });

  test('no report of a process of this host that is gone; it is cleared away', async () => {
    const path = ringFile();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const report = reportOf({ ...thisProcess(), pid: child.pid as number });
    await writeReport(path, report);
    expect(await reports(path, NOW)).toHaveLength(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await reports(path, NOW)).toEqual([]);
    expect(files(path)).toEqual([]);
    // Of a process of another host, of another run of it, or of another container on it, nobody here can tell.
    const elsewhere: ReadonlyArray<Partial<ReplicaReport>> = [
      { host: 'elsewhere' },
      { boot: 'another' },
      { namespace: { id: '1', since: 20 } },
      { boot: undefined, namespace: undefined },
    ];
    for (const other of elsewhere) {
      await writeReport(path, { ...report, ...other });
      expect(await reports(path, NOW)).toHaveLength(1);
    }
  });

  test('no report that is broken, and nothing that is none; old ones are cleared away', async () => {
    const path = ringFile();
    await writeReport(path, reportOf());
    const broken = ['', '{', 'null', '[]', '"text"', JSON.stringify({ instance: 'x', at: NOW })];
    for (const [at, text] of broken.entries()) writeFileSync(join(fleetFolder(path), `b${at}.json`), text);
    const draft = join(fleetFolder(path), 'web-2-17-abcd.json.0123456789ab.tmp');
    writeFileSync(draft, '{"inst');
    writeFileSync(join(fleetFolder(path), 'README'), 'mine');
    mkdirSync(join(fleetFolder(path), 'folder.json'));
    for (const name of readdirSync(fleetFolder(path)))
      utimesSync(join(fleetFolder(path), name), NOW / 1000, NOW / 1000);
    expect((await reports(path, NOW)).map(({ instance }) => instance)).toEqual(['web-2-17-abcd']);
    expect(files(path)).toHaveLength(broken.length + 4);
    await reports(path, NOW + 5 * LEASE * 1000);
    expect(files(path)).toEqual(['README', 'folder.json']);
  });

  test.each<[string, (report: Record<string, unknown>) => unknown]>([
    ['without a lag', ({ maxLag, ...rest }) => rest],
    ['with a lag in words', (report) => ({ ...report, maxLag: '60' })],
    ['with half a second of lag', (report) => ({ ...report, maxLag: 0.5 })],
    ['with a lease in words', (report) => ({ ...report, lease: '15min' })],
    ['with a plan that is none', (report) => ({ ...report, scheduled: [{ kid: kidOf(STRONG) }] })],
    ['with a lifetime in words', (report) => ({ ...report, lifetimes: { session: '7d' } })],
    ['with a lifetime of no purpose', (report) => ({ ...report, lifetimes: { 'a b': 1 } })],
    ['with uses that are none', (report) => ({ ...report, uses: [null] })],
    ['with a use without a date', (report) => ({ ...report, uses: [{ kid: kidOf(STRONG), purpose: 'x' }] })],
    ['with a date after all dates', (report) => ({ ...report, at: 1e300 })],
    ['with a date in words', (report) => ({ ...report, at: String(NOW) })],
    ['of process 0, which is everybody', (report) => ({ ...report, pid: 0 })],
    ['of a process below', (report) => ({ ...report, pid: -1 })],
    ['with keys that are none', (report) => ({ ...report, verifies: ['__proto__'] })],
    ['with a name that writes to a terminal', (report) => ({ ...report, profile: '\u001b[2J' })],
    ['under the name of another', (report) => ({ ...report, instance: 'web-3-1-aaaa' })],
    ['of a great size', (report) => ({ ...report, more: ' '.repeat(1024 * 1024) })],
  ])('no report %s', async (_, change) => {
    const path = ringFile();
    await writeReport(path, reportOf());
    expect(await reports(path, NOW)).toHaveLength(1);
    const file = join(fleetFolder(path), 'web-2-17-abcd.json');
    const report = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...report, another: 'field' }));
    expect(await reports(path, NOW)).toHaveLength(1);
    writeFileSync(file, JSON.stringify(change(report)));
    expect(await reports(path, NOW)).toEqual([]);
  });

  test('nothing that is no file: no pipe, no symlink', async () => {
    const path = ringFile();
    await writeReport(path, reportOf());
    const folder = fleetFolder(path);
    renameSync(join(folder, 'web-2-17-abcd.json'), `${path}.elsewhere`);
    symlinkSync(`${path}.elsewhere`, join(folder, 'web-2-17-abcd.json'));
    execFileSync('mkfifo', [join(folder, 'pipe.json'), join(folder, ENDED_FILE)]);
    expect(await reports(path, NOW)).toEqual([]);
    expect((await endedOf(path)).lastSigned).toEqual({});
  });

  test('no folder that is a symlink: nothing in there is read, written or cleared away', async () => {
    const path = ringFile();
    const elsewhere = newFolder();
    writeFileSync(join(elsewhere, 'package.json'), '{}');
    utimesSync(join(elsewhere, 'package.json'), NOW / 1000, NOW / 1000);
    symlinkSync(elsewhere, fleetFolder(path));
    expect(await reports(path, NOW + 100 * LEASE * 1000)).toEqual([]);
    await expect(writeReport(path, reportOf())).rejects.toThrow();
    const uses = [{ kid: kidOf(STRONG), purpose: 'x', verified: 0, verifiedAt: 0, signed: 1, signedAt: NOW }];
    await removeReport(path, reportOf({ uses }));
    expect(readdirSync(elsewhere)).toEqual(['package.json']);
  });

  test('a report from the future by the age of its file, so that it does not stay for ever', async () => {
    const path = ringFile();
    await writeReport(path, reportOf({ at: NOW + 365 * 86_400_000 }));
    const file = join(fleetFolder(path), 'web-2-17-abcd.json');
    utimesSync(file, NOW / 1000, NOW / 1000);
    expect(await reports(path, NOW + LEASE * 1000)).toHaveLength(1);
    expect(await reports(path, NOW + LEASE * 1000 + 1)).toEqual([]);
    await reports(path, NOW + 5 * LEASE * 1000);
    expect(files(path)).toEqual([]);
  });

  test('and a look that is to leave no trace leaves none', async () => {
    const path = ringFile();
    await writeReport(path, reportOf());
    expect(await readReports(path, LEASE, NOW + 100 * LEASE * 1000, false)).toEqual([]);
    expect(readdirSync(fleetFolder(path))).toEqual(['web-2-17-abcd.json']);
  });

  test('one that has missed three reports as silent', () => {
    const silentAt = (ms: number) => replicaFacts(heard(reportOf()), { ...JUDGING, now: NOW + ms }).silent;
    expect([silentAt(30_000), silentAt(30_001)]).toEqual([undefined, true]);
  });

  test('nothing where there is no folder', async () => {
    expect(await reports('/nowhere/keyring.json')).toEqual([]);
  });
});

describe('a key that takes over by itself', () => {
  const kid = kidOf(COMING);
  const scheduled = [{ kid, from: NOW + 5000 }];

  test('is in the report, from when on it may sign by any clock', async () => {
    const clock = testClock();
    const text = documentOf(3, [
      [COMING, 'staged', { scheduledFor: clock.now + 3_600_000 }],
      [STRONG, 'active'],
    ]);
    const path = ringFile(text);
    await follow(path, { clock: clock.read });
    const [report] = await reports(path, clock.now);
    // The skew is 300 s.
    expect(report?.scheduled).toEqual([{ kid, from: clock.now + 3_300_000 }]);
    clock.advance(3600);
    await until(async () => (await reports(path, clock.now))[0]?.signs === kid);
    expect((await reports(path, clock.now))[0]?.scheduled).toBeUndefined();
  });

  test('may have signed from then on, also where the process cannot say so any more', () => {
    const signedAt = (ms: number) =>
      replicaFacts(heard(reportOf({ scheduled })), { ...JUDGING, now: NOW + ms }).lastSigned;
    expect(signedAt(4999)).toEqual({});
    expect(signedAt(5000)).toEqual({ [kid]: NOW + 5000 });
    expect(signedAt(60_000)).toEqual({ [kid]: NOW + 60_000 });
    const endedAt = NOW + LEASE * 1000;
    expect(lastSignedUntil(reportOf({ scheduled }), endedAt)).toEqual({
      [kidOf(STRONG)]: endedAt,
      [kid]: endedAt,
    });
    expect(lastSignedUntil(reportOf({ scheduled }), NOW)).toEqual({ [kidOf(STRONG)]: NOW });
  });

  test('keeps a step back that would end its tokens too early', () => {
    const times = { maxLag: 60, lease: LEASE, skew: 300 };
    const parts = { times, lifetimes: { session: 600 }, now: NOW };
    const ring = ringOf(1, [[STRONG, 'active', { dates: { active: 0 } }]]);
    const staged = stage(ring, new Material(COMING), factsOf([], [], parts), NOW + 1_400_000);
    // It has taken over, and was rolled back at once; one replica is cut off and has heard of neither.
    const later = (ms: number) => ({ ...parts, now: NOW + 1_400_000 + ms });
    const rolledBack = rollback(staged, factsOf([], [], later(1000)));
    const deaf = reportOf({
      at: NOW + 1_390_000,
      verifies: [kid, kidOf(STRONG)],
      scheduled: [{ kid, from: NOW + 1_100_000 }],
    });
    const ended = endedFacts(lastSignedUntil(deaf, deaf.at + LEASE * 1000));
    const retireAt = (ms: number, ...replicas: ReplicaReport[]) => {
      const facts = factsOf(replicas.map(heard), replicas.length === 0 ? [ended] : [], later(ms));
      return () => retire(rolledBack, kid, facts);
    };
    const tooEarly = expect.objectContaining({ code: 'too_early' });
    expect(retireAt(800_000, deaf)).toThrow(tooEarly);
    // Its lease ended 890 s after the takeover; its tokens live for 600 s, and clocks differ by 300 s, twice.
    expect(retireAt((890 + 600 + 600) * 1000 - 1)).toThrow(tooEarly);
    expect(retireAt((890 + 600 + 600) * 1000)).not.toThrow();
  });
});

describe('the pace', () => {
  afterEach(() => vi.useRealTimers());

  test.each([
    ['every 10 s', LEASE, 10_000],
    ['three times per lease when that is short', 6, 2000],
  ])('%s', async (_, lease, pause) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const path = ringFile();
    let described = 0;
    const reporter = reporterAt(path, lease, () => {
      described++;
      return reportOf();
    });
    await reporter.start();
    expect(described).toBe(1);
    await vi.advanceTimersByTimeAsync(pause - 1);
    await reporter.update();
    expect(described).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    await reporter.update();
    expect(described).toBe(4);
    await reporter.close();
    await reporter.update();
    expect(files(path)).toEqual([]);
    described = 0;
    await vi.advanceTimersByTimeAsync(10 * pause);
    expect(described).toBe(0);
  });

  test('one that cannot say what it is goes on trying, and nothing fails', async () => {
    let broken = true;
    const path = ringFile();
    const reporter = reporterAt(path, LEASE, () => {
      if (broken) throw new Error('not now');
      return reportOf();
    });
    await reporter.start();
    expect(reporter.working).toBe(false);
    broken = false;
    await reporter.update();
    expect(reporter.working).toBe(true);
    await reporter.close();
  });
});

describe('what ended processes signed still counts', () => {
  const kid = kidOf(STRONG);
  const use = { kid, purpose: 'session', verified: 0, verifiedAt: 0, signed: 5, signedAt: NOW - 1000 };

  test('one that said goodbye: until it last signed', async () => {
    const path = ringFile();
    await writeReport(path, reportOf({ uses: [use] }));
    await removeReport(path, reportOf({ uses: [use] }));
    expect(files(path)).toEqual([]);
    expect(await endedOf(path)).toMatchObject({ ended: true, lastSigned: { [kid]: NOW - 1000 } });
  });

  test('one that was killed: until the end of its lease at the latest, since it may have signed unseen', async () => {
    const path = ringFile();
    await writeReport(path, reportOf({ uses: [use] }));
    await reports(path, NOW + LEASE * 1000 + 1);
    expect((await endedOf(path)).lastSigned).toEqual({ [kid]: NOW + LEASE * 1000 });
  });

  test('the latest of all is kept, over any number of processes', async () => {
    const path = ringFile();
    for (const signedAt of [NOW - 5000, NOW - 1000, NOW - 3000]) {
      await writeReport(path, reportOf());
      await removeReport(path, reportOf({ uses: [{ ...use, signedAt }] }));
    }
    expect((await endedOf(path)).lastSigned).toEqual({ [kid]: NOW - 1000 });
  });

  test('what it said counts where it is later than its end: its clock was ahead', async () => {
    const ahead = { ...use, signedAt: NOW + 2 * LEASE * 1000 };
    expect(lastSignedUntil(reportOf({ uses: [ahead] }), NOW + LEASE * 1000)).toEqual({
      [kid]: ahead.signedAt,
    });
  });

  test('of two keys the later moment of each', async () => {
    const path = ringFile();
    const both = (one: number, other: number) => [
      { ...use, signedAt: one },
      { ...use, kid: kidOf(OLDER), signedAt: other },
    ];
    for (const uses of [both(NOW - 1000, NOW - 5000), both(NOW - 9000, NOW - 2000)]) {
      await writeReport(path, reportOf({ uses }));
      await removeReport(path, reportOf({ uses }));
    }
    expect((await endedOf(path)).lastSigned).toEqual({ [kid]: NOW - 1000, [kidOf(OLDER)]: NOW - 2000 });
  });

  test('where that cannot be kept the report stays, and nothing is lost', async () => {
    const path = ringFile();
    const report = reportOf({ uses: [use] });
    await writeReport(path, report);
    // A folder is in the way of the file.
    mkdirSync(join(fleetFolder(path), ENDED_FILE));
    await removeReport(path, report);
    await reports(path, NOW + 100 * LEASE * 1000);
    expect(files(path)).toEqual(['web-2-17-abcd.json']);
    rmSync(join(fleetFolder(path), ENDED_FILE), { recursive: true });
    await reports(path, NOW + 100 * LEASE * 1000);
    expect(files(path)).toEqual([]);
    expect((await endedOf(path)).lastSigned).toEqual({ [kid]: NOW + LEASE * 1000 });
  });

  test('what the file says beside moments counts for nothing', async () => {
    const path = ringFile();
    mkdirSync(fleetFolder(path));
    const { [kid]: said } = proven({ [kid]: NOW }, VOUCHING);
    const odd: readonly object[] = [
      { [kid]: NOW, toString: said, constructor: 'x' },
      { [kid]: { ...said, at: NOW + 1 } },
      { [kid]: { at: 8_640_000_000_000_000, proof: '' } },
      { [kid]: { at: 1e300, proof: said?.proof }, __proto__: said },
      // About another key.
      { [kidOf(OLDER)]: said },
      { [kid]: proven({ [kid]: NOW }, ringOf(1, [[OLDER, 'active']]))[kid] },
    ];
    for (const one of odd) {
      writeFileSync(join(fleetFolder(path), ENDED_FILE), JSON.stringify(one));
      expect((await endedOf(path)).lastSigned).toEqual({});
    }
    // It gives way to what a process tells.
    await removeReport(path, reportOf({ uses: [use] }));
    expect((await endedOf(path)).lastSigned).toEqual({ [kid]: NOW - 1000 });
  });

  test('a process that never signed leaves nothing', async () => {
    const path = ringFile();
    await writeReport(path, reportOf());
    await removeReport(path, reportOf());
    expect(existsSync(join(fleetFolder(path), ENDED_FILE))).toBe(false);
  });
});

describe('a folder that anybody has filled', () => {
  test('hides no report of a holder, holds up nobody for long, and is cleared away', {
    timeout: 240_000,
  }, async () => {
    const path = ringFile();
    const mine = { ...(await reportOnce(path)), instance: 'z-genuine' };
    await writeReport(path, mine);
    const text = JSON.stringify({ ...mine, instance: 'forged' });
    const old = new Date(Date.now() - 5 * LEASE * 1000);
    for (let n = 0; n < 11_000; n++) {
      const file = join(fleetFolder(path), `a-${n}.json`);
      writeFileSync(file, text);
      utimesSync(file, old, old);
    }
    for (let time = 0; time < 2; time++) {
      const now = (await reports(path)).filter(({ instance }) => instance === 'z-genuine');
      expect(now).toMatchObject([{ authentic: true }]);
    }
    expect(files(path)).toEqual(expect.arrayContaining(['z-genuine.json']));
    expect(files(path).length).toBeLessThan(10);
  });

  test('with moments, keeps those of its keys, and stays small enough to be read', async () => {
    const path = ringFile();
    await writeReport(path, await reportOnce(path));
    const strange = Object.fromEntries(
      Array.from({ length: 2500 }, (_, n) => [
        `k${String(n).padStart(7, '0')}`,
        { at: 1, proof: 'x'.repeat(43) },
      ]),
    );
    writeFileSync(join(fleetFolder(path), ENDED_FILE), JSON.stringify(strange));
    const fleet = new FileFleet(path, LEASE, Date.now);
    await fleet.keep({ [kidOf(STRONG)]: NOW }, VOUCHING);
    expect({ ...(await fleet.ended(VOUCHING)) }).toEqual({ [kidOf(STRONG)]: NOW });
    expect(Object.keys(await readEnded(fleetFolder(path)))).toHaveLength(1001);
  });
});

/** What a process would say. */
async function reportOnce(path: string): Promise<ReplicaReport> {
  const { keyturn } = await follow(path);
  const [report] = await reports(path);
  await keyturn.close();
  const { authentic: _, dated: __, ...rest } = report as Awaited<ReturnType<typeof reports>>[number];
  const { by: ___, mac: ____, ...said } = rest as typeof rest & { by?: string; mac?: string };
  return { ...said, pid: process.pid };
}
