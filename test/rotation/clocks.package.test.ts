// Which clock a promotion counts by: real files and rotations, on machines whose clocks a test sets.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseDocument } from '../../src/keyring/document.js';
import type { Machine } from '../../src/resolve/machine.js';
import { initRing } from '../../src/rotation/init/init.js';
import { Rotation } from '../../src/rotation/rotation.js';
import { documentOf } from '../cli/ring.js';
import { writeReport } from '../support/file-reports.js';
import { reportOf } from '../support/heard.js';
import { COMING, FILE, kidOf, OLDER, SECRET, STRONG } from '../support/machine.js';

const START = Date.UTC(2026, 10, 20, 12);
const MAX_LAG = 180;
const SKEW = 300;

/** One of several that see the same file; its time of day is ahead by so many seconds. */
class Computer {
  readonly machine: Machine;
  passed = 0;
  ahead = 0;

  constructor(cwd: string, boot: string, env: Record<string, string> = { [FILE]: join(cwd, 'ring.json') }) {
    this.machine = {
      cwd,
      env: { KEYTURN_ENV: 'prod', KEYTURN_SECURITY__KEYRING__MAX_LAG: `${MAX_LAG}s`, ...env },
      signs: { terminal: false, debugger: false, container: false },
      now: () => START + (this.passed + this.ahead) * 1000,
      monotonic: () => ({ clock: `boot ${boot}`, shows: this.passed * 1000 }),
    };
  }

  async rotation(document?: string): Promise<Rotation> {
    return await Rotation.open({ machine: this.machine, document });
  }
}

function folder(): string {
  const cwd = mkdtempSync(join(tmpdir(), 'keyturn-clocks-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, 'ring.json'), documentOf({ secret: STRONG, state: 'active' }), { mode: 0o600 });
  return cwd;
}

test('on the machine that staged, its own clock counts, however the time of day was set since', async () => {
  const one = new Computer(folder(), 'one');
  const { kid } = await (await one.rotation()).stage();
  one.passed = MAX_LAG - 1;
  one.ahead = 3600;
  await expect((await one.rotation()).promote()).rejects.toMatchObject({ code: 'too_early' });
  const { keys } = await (await one.rotation()).status();
  expect(keys.find(({ id }) => id === kid)?.safeAt).toBe(one.machine.now() + 1000);
  one.passed = MAX_LAG;
  one.ahead = -3600;
  expect((await (await one.rotation()).promote()).ring.active.id).toBe(kid);
});

const DEV_2S = { KEYTURN_ENV: 'dev', KEYTURN_SECURITY__KEYRING__MAX_LAG: '2s' };

test('a ring of the keys in force waits until those that go by them alone can have said so', async () => {
  const cwd = folder();
  const one = new Computer(cwd, 'one', DEV_2S);
  await initRing({ machine: one.machine, imported: [], placeSaid: true });
  const { kid } = await (await one.rotation()).stage();
  // They look once a second, and write a report anew after a third of the lease: 10 s at most.
  one.passed = 10;
  await expect((await one.rotation()).promote()).rejects.toMatchObject({
    code: 'too_early',
    safeAt: START + 11_000,
  });
  const { keys } = await (await one.rotation()).status();
  expect(keys.find(({ id }) => id === kid)?.safeAt).toBe(START + 11_000);
  one.passed = 11;
  expect((await (await one.rotation()).promote()).ring.active.id).toBe(kid);
});

test('a key that is to sign by itself waits for them as well', async () => {
  const cwd = folder();
  const one = new Computer(cwd, 'one', DEV_2S);
  await initRing({ machine: one.machine, imported: [], placeSaid: true });
  await expect((await one.rotation()).stage({ activateIn: 10 })).rejects.toMatchObject({
    code: 'too_early',
    safeAt: START + 11_000,
  });
  one.passed = 1;
  await (await one.rotation()).stage({ activateIn: 10 });
});

test('on another machine, and after a restart of the same one, what clocks differ by is added', async () => {
  const cwd = folder();
  const { kid } = await (await new Computer(cwd, 'one').rotation()).stage();
  for (const boot of ['another machine', 'the next boot']) {
    const other = new Computer(cwd, boot);
    other.passed = MAX_LAG;
    other.ahead = SKEW - 1;
    await expect((await other.rotation()).promote()).rejects.toMatchObject({ code: 'too_early' });
  }
  const other = new Computer(cwd, 'another machine');
  other.passed = MAX_LAG;
  other.ahead = SKEW;
  expect((await (await other.rotation()).promote()).ring.active.id).toBe(kid);
});

test('a document that is handed in was published nobody knows when: no clock is noted, and none counts', async () => {
  const cwd = folder();
  const one = new Computer(cwd, 'one', {});
  const staging = await one.rotation(readFileSync(join(cwd, 'ring.json'), 'utf8'));
  const { ring, kid } = await staging.stage();
  expect(ring.get(kid)?.clocks).toEqual({});
  one.passed = MAX_LAG + SKEW - 1;
  await expect((await one.rotation(staging.document)).promote()).rejects.toMatchObject({ code: 'too_early' });
  one.passed = MAX_LAG + SKEW;
  await (await one.rotation(staging.document)).promote();

  // Nor where a step on the file has noted one.
  const onFile = new Computer(cwd, 'one');
  await (await onFile.rotation()).stage();
  const document = readFileSync(join(cwd, 'ring.json'), 'utf8');
  expect(Object.keys(parseDocument(document, 'it').keys[0]?.clocks ?? {})).toEqual(['boot one']);
  const piped = new Computer(cwd, 'one', {});
  piped.passed = MAX_LAG + SKEW - 1;
  await expect((await piped.rotation(document)).promote()).rejects.toMatchObject({ code: 'too_early' });
});

test('waiting goes by the clock that nobody sets, patience too', async () => {
  const one = new Computer(folder(), 'one');
  const rotation = await one.rotation();
  const { kid } = await rotation.stage();
  one.ahead = 10 * (MAX_LAG + SKEW);
  const waits: number[] = [];
  const progress = () => {
    waits.push(one.passed);
    one.passed += MAX_LAG / 2;
  };
  const { ring } = await rotation.promoteWhenSafe({ kid, patience: 2 * MAX_LAG, progress });
  expect(ring.active.id).toBe(kid);
  expect(waits).toEqual([0, MAX_LAG / 2]);
});

test('a promotion is refused where this environment names another source than the ring that is handed in', async () => {
  const cwd = folder();
  const document = documentOf({ secret: COMING, state: 'staged' }, { secret: STRONG, state: 'active' });
  const promote = async (env: Record<string, string>) => {
    const one = new Computer(cwd, 'one', env);
    return await (await one.rotation(document)).promote();
  };
  await expect(promote({ [SECRET]: OLDER })).rejects.toMatchObject({ code: 'source_differs' });
  await expect(promote({ KEYTURN_SECURITY__KEYRING__STORE: 'redis' })).rejects.toMatchObject({
    code: 'source_differs',
  });
  const other = JSON.parse(document);
  writeFileSync(join(cwd, 'other.json'), JSON.stringify({ ...other, id: 'another-ring' }), { mode: 0o600 });
  await expect(promote({ [FILE]: join(cwd, 'other.json') })).rejects.toMatchObject({
    code: 'source_differs',
  });
  // The same ring, whatever generation of it, and no source at all.
  for (const env of [{}, { [FILE]: join(cwd, 'ring.json') }]) {
    expect((await promote(env)).ring.active.id).toBe(kidOf(COMING));
  }
});

describe('on a volume that machines share, no step is taken by a clock that differs from the one of its server', () => {
  /** As a process tells it now, by its own clock. */
  async function reported(cwd: string, { ahead = 0, vouches = true } = {}): Promise<void> {
    const ring = parseDocument(readFileSync(join(cwd, 'ring.json'), 'utf8'), 'it');
    const { id, generation, fingerprint } = ring;
    const says = { ring: id, generation, fingerprint, signs: kidOf(STRONG), verifies: [kidOf(STRONG)] };
    const report = reportOf({ ...says, profile: 'prod', at: Date.now() + ahead * 1000 });
    await writeReport(join(cwd, 'ring.json'), report, vouches ? ring : undefined);
  }

  function computer(cwd: string, ahead: number): Machine {
    return { ...new Computer(cwd, 'one').machine, now: () => Date.now() + ahead * 1000 };
  }

  const opened = async (cwd: string, ahead: number) => await Rotation.open({ machine: computer(cwd, ahead) });

  test.each([
    ['ahead', 40 * 86_400, '40 d ahead of'],
    ['behind', -3 * 3600, '3 h behind'],
  ])('%s of it', async (_, ahead, told) => {
    const cwd = folder();
    await reported(cwd);
    // A look by the wrong clock takes no report away: the next one finds it too.
    for (let looks = 0; looks < 2; looks++) {
      const { problems } = await (await opened(cwd, ahead)).status();
      expect(problems).toMatchObject([{ kind: 'own_clock', inEngine: false }]);
    }
    await expect((await opened(cwd, ahead)).stage()).rejects.toMatchObject({
      code: 'clock_differs',
      message: expect.stringContaining(`${told} that of the file system`),
    });
    const fresh = await (await opened(cwd, ahead)).revoke(kidOf(STRONG), { why: 'it leaked' });
    expect(fresh.ring.active.id).not.toBe(kidOf(STRONG));
    expect(readdirSync(join(cwd, 'ring.json.fleet')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('whoever only looks sees it where the clock is behind', async () => {
    const cwd = folder();
    await reported(cwd);
    const look = async (ahead: number) => {
      const rotation = await Rotation.open({ machine: computer(cwd, ahead), readOnly: true });
      return (await rotation.status()).problems.map(({ kind }) => kind);
    };
    expect(await look(-3 * 3600)).toEqual(['own_clock']);
    expect(await look(3 * 3600)).toEqual([]);
    expect(await look(0)).toEqual([]);
  });

  test.each([
    ['a process whose own clock is wrong stops nobody', 0, { ahead: 3600 }],
    ['nor does a server whose clock no process agrees with', 3600, { ahead: 3600 }],
    ['nor does what anybody may have written', 3600, { vouches: false }],
  ])('%s', async (_, ahead, report) => {
    const cwd = folder();
    await reported(cwd, report);
    expect((await (await opened(cwd, ahead)).stage()).ring.generation).toBe(2);
  });
});
