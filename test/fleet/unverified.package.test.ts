// What anybody can write where reports lie, and what it is worth: a hint.
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { thisProcess } from '../../src/disk/identity.js';
import { KeyturnError } from '../../src/errors.js';
import { type HeardReport, isAuthentic, readHeard, reportText } from '../../src/fleet/authentic.js';
import { factsOf } from '../../src/fleet/facts.js';
import { replicaFacts } from '../../src/fleet/replica-facts.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { supersededIn } from '../../src/fleet/superseded.js';
import { oneLine, printable } from '../../src/printable.js';
import { sanitizedLogger } from '../../src/runtime/log.js';
import { heard } from '../support/heard.js';
import { memoryLogger } from '../support/keyturn.js';
import { COMING, kidOf, NOW, OLDER, STRONG } from '../support/machine.js';
import { ringOf } from '../support/ring-file.js';

const RING = ringOf(3, [
  [STRONG, 'active'],
  [OLDER, 'retiring'],
]);
const KID = kidOf(STRONG);
const DAY = 86_400;

function reportOf(changes: Partial<ReplicaReport> = {}): ReplicaReport {
  return {
    instance: 'web-2-17-abcd',
    host: 'web-2',
    pid: 17,
    at: NOW,
    profile: 'prod',
    source: 'A_VARIABLE',
    ring: RING.id,
    generation: 3,
    fingerprint: RING.fingerprint,
    verifies: [KID],
    signs: KID,
    loadedAt: NOW,
    uses: [],
    lifetimes: { session: 60 },
    maxLag: 60,
    lease: 900,
    degraded: undefined,
    ...changes,
  };
}

describe('a key of the ring vouches for a report', () => {
  const text = reportText(reportOf(), RING);

  test('that was written by a holder of it, as it was written', () => {
    expect(readHeard(text, RING, NOW)).toMatchObject({ authentic: true, instance: 'web-2-17-abcd' });
    expect(
      readHeard(
        text,
        ringOf(9, [
          [COMING, 'active'],
          [STRONG, 'retiring'],
        ]),
        NOW,
      )?.authentic,
    ).toBe(true);
  });

  test.each<[string, string]>([
    ['changed in one place', text.replace('"pid":17', '"pid":18')],
    ['with a field behind it', text.replace(/\}$/, ',"pid":18}')],
    ['with another field of that name', text.replace(/\}$/, ',"mac":"x"}')],
    ['by another key', text.replace(`"by":"${KID}"`, `"by":"${kidOf(OLDER)}"`)],
    ['without it', JSON.stringify(reportOf())],
    ['of another ring', reportText(reportOf(), ringOf(3, [[COMING, 'active']]))],
  ])('and not for one %s', (_, changed) => {
    expect(isAuthentic(changed, RING)).toBe(false);
    expect(readHeard(changed, RING, NOW)?.authentic ?? false).toBe(false);
  });

  test('nor once its key is gone', () => {
    const later = ringOf(4, [
      [COMING, 'active'],
      [STRONG, 'revoked'],
    ]);
    expect(readHeard(text, later, NOW)?.authentic).toBe(false);
    expect(readHeard(text, undefined, NOW)?.authentic).toBe(false);
  });
});

describe('a report that nobody vouches for', () => {
  const forged: HeardReport = {
    ...reportOf({
      lifetimes: { session: 400 * DAY },
      maxLag: 400 * DAY,
      lease: 400 * DAY,
      uses: [{ kid: KID, purpose: 'session', verified: 1, verifiedAt: NOW, signed: 1, signedAt: NOW }],
    }),
    authentic: false,
    dated: NOW,
  };

  test('holds a step up, and tells neither lifetimes, nor waits, nor what was signed', () => {
    const times = { maxLag: 60, lease: 900, skew: 300 };
    const facts = factsOf([forged], [], { times, lifetimes: { session: 60 }, now: NOW });
    expect(facts).toMatchObject({ maxLag: 60, lease: 900, lifetimes: { session: 60 } });
    expect(facts.replicas).toEqual([
      { instance: forged.instance, verifies: [KID], signs: KID, silent: true },
    ]);
  });

  test('an old one that is put there once more proves no longer that its process is there', () => {
    const judging = { lease: 900, skew: 300, now: NOW };
    const repeated = (ago: number) => ({ ...heard(reportOf()), dated: NOW - ago * 1000 });
    expect(replicaFacts(repeated(330), judging).silent).toBeUndefined();
    expect(replicaFacts(repeated(331), judging).silent).toBe(true);
  });

  test('what it says has happened has happened by now', () => {
    const use = {
      kid: KID,
      purpose: 'x',
      verified: 1,
      verifiedAt: NOW + 5000,
      signed: 1,
      signedAt: NOW + 9000,
    };
    const read = readHeard(reportText(reportOf({ uses: [use], loadedAt: NOW + 1 }), RING), RING, NOW);
    expect(read).toMatchObject({ loadedAt: NOW, uses: [{ verifiedAt: NOW, signedAt: NOW }] });
  });

  test.each<[string, Partial<Record<keyof ReplicaReport, unknown>>]>([
    ['a lifetime beyond 400 days', { lifetimes: { session: 400 * DAY + 1 } }],
    ['a lag beyond 400 days', { maxLag: 400 * DAY + 1 }],
    ['a lease beyond 400 days', { lease: 400 * DAY + 1 }],
    ['a generation beyond all numbers', { generation: 1e300 }],
    ['more keys than any ring has', { verifies: Array.from({ length: 2001 }, () => KID) }],
    ['a name that turns text around', { instance: 'web\u202e1' }],
    ['a profile that hides', { profile: 'pr\u200bod' }],
    ['a text of any length', { degraded: 'x'.repeat(5000) }],
  ])('is none with %s', (_, changes) => {
    expect(readHeard(JSON.stringify({ ...reportOf(), ...changes }), RING, NOW)).toBeUndefined();
  });
});

describe('a process has taken the place of another', () => {
  const at = (since: number, changes: Partial<HeardReport> = {}): HeardReport => ({
    ...heard(reportOf()),
    instance: `web-${since}`,
    unit: 'pod',
    boot: 'boot',
    namespace: { id: String(since), since },
    ...changes,
  });

  test('only of the same unit, on the same boot, in a younger pid namespace', () => {
    const gone = (...reports: readonly HeardReport[]) => [...supersededIn(reports)];
    expect(gone(at(1), at(2), at(3))).toEqual(['web-1', 'web-2']);
    expect(gone(at(1), at(1, { instance: 'worker' }))).toEqual([]);
    expect(gone(at(1), at(2, { unit: 'another' }))).toEqual([]);
    expect(gone(at(1), at(2, { unit: undefined }))).toEqual([]);
    expect(gone(at(1, { unit: undefined }), at(2, { unit: undefined }))).toEqual([]);
    expect(gone(at(1), at(2, { boot: 'another' }))).toEqual([]);
    expect(gone(at(1, { boot: undefined }), at(2, { boot: undefined }))).toEqual([]);
    expect(gone(at(1), at(2, { namespace: undefined }))).toEqual([]);
    expect(gone(at(1), at(2, { authentic: false }))).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')(
    'Linux says which boot, and which pid namespace since when',
    () => {
      const self = thisProcess();
      expect(self.boot).toMatch(/^[\da-f-]{36}$/);
      expect(self.namespace).toEqual({ id: expect.stringMatching(/^\d+$/), since: expect.any(Number) });
    },
  );

  const unshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;
  test.skipIf(!unshare)(
    'three containers with one host name are three, and see none of each other end',
    () => {
      const module = new URL('../../dist/disk/identity.js', import.meta.url).href;
      const script = `
      const { thisProcess, hasEnded } = await import(${JSON.stringify(module)});
      const other = JSON.parse(process.argv[1] ?? 'null');
      console.log(JSON.stringify({ self: thisProcess(), ended: other && hasEnded(other) }));`;
      const container = (other: object | null) => {
        const node = [process.execPath, '--input-type=module', '-e', script, JSON.stringify(other)];
        // Not the first process, as under a shell or npm.
        const command = ['sh', '-c', '"$@"; exit $?', 'sh', ...node];
        const ran = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', ...command], {
          encoding: 'utf8',
        });
        return JSON.parse(ran.stdout) as { self: ReturnType<typeof thisProcess>; ended: boolean | null };
      };
      const [one, two] = [container(null), container({ ...thisProcess(), pid: 99_999 })];
      expect(one.self.boot).toBe(thisProcess().boot);
      expect(one.self.namespace?.since).toBeGreaterThanOrEqual(thisProcess().namespace?.since ?? 0);
      expect(two.self.pid).toBe(one.self.pid);
      // No such process is there, and none of this machine has it: but it was of another namespace.
      expect(two.ended).toBe(false);
    },
  );
});

describe('what others have written', () => {
  test('moves no cursor, colours nothing, and turns no text around, and JSON stays the same', () => {
    const wild = '\u001b[31mred\u009b2J\u202eabc\u2066\u200f\ufeff\u2028\ud800\u{e0041}\t\u0007';
    expect(printable(wild)).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(printable(JSON.stringify({ wild })))).toEqual({ wild });
    expect(printable('✅ ⚠️ größer, 漢字')).toBe('✅ ⚠️ größer, 漢字');
    expect(oneLine('a\nkeyturn: b')).toBe('a keyturn: b');
  });

  test('nor does it in an error', () => {
    const error = new KeyturnError('config_invalid', 'a \u001b[31mname', 'see \u202ehere');
    expect([error.message, error.hint]).toEqual(['a \\u001b[31mname', 'see \\u202ehere']);
    expect(new KeyturnError('config_invalid', 'a\nkeyturn: error: b', 'see\nhere')).toMatchObject({
      message: 'a keyturn: error: b',
      hint: 'see here',
    });
  });

  test('nor in what a logger of the app is given', () => {
    const logger = memoryLogger();
    const error = new Error('as it is');
    sanitizedLogger(logger).warn(
      { event: 'x', origin: 'a\nb\u001b[2J', list: [{ host: '\u202e' }], error },
      'c\nd',
    );
    expect(logger.records).toEqual([
      {
        level: 'warn',
        facts: { event: 'x', origin: 'a b\\u001b[2J', list: [{ host: '\\u202e' }], error },
        message: 'c d',
      },
    ]);
  });
});
