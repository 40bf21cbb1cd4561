// What is wrong among replicas is found in one place, and said in the same words and the same order wherever it is said.
import { describe, expect, test } from 'vitest';
import { lines } from '../../src/cli/words/status.js';
import { thisProcess } from '../../src/disk/identity.js';
import type { Facts } from '../../src/doctor/facts.js';
import { fleet } from '../../src/doctor/ring-checks.js';
import type { HeardReport } from '../../src/fleet/authentic.js';
import { type Compared, diagnose, type Problem } from '../../src/fleet/diagnosis.js';
import { problemText } from '../../src/fleet/diagnosis-words.js';
import { refuseDisagreement } from '../../src/fleet/refusals.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { COMMAND_WORDS } from '../../src/rotation/refusals.js';
import type { Status } from '../../src/rotation/status.js';
import { nextOf } from '../../src/words/next-step.js';
import { stopsSteps } from '../../src/words/stops.js';
import type { View } from '../../src/words/view.js';
import { heard, reportOf } from '../support/heard.js';
import { COMING, kidOf, NOW, OLDER, STRONG } from '../support/machine.js';
import { ringOf } from '../support/ring-file.js';

const RING = ringOf(3, [
  [STRONG, 'active'],
  [OLDER, 'retiring'],
]);
const KID = kidOf(STRONG);

/** One that is fine, but for what a test is about. */
function replica(instance: string, changes: Partial<HeardReport> = {}): HeardReport {
  const { id: ring, generation, fingerprint } = RING;
  const fine = { ring, generation, fingerprint, at: NOW, signs: KID, verifies: [KID, kidOf(OLDER)] };
  return { ...heard(reportOf({ ...fine, instance })), ...changes };
}

function diagnosed(replicas: readonly HeardReport[], changes: Partial<Compared> = {}): readonly Problem[] {
  return diagnose({
    ring: RING,
    place: 'keyring.json',
    shared: false,
    profile: 'dev',
    roots: [],
    configFiles: [],
    apps: [undefined],
    skew: 60,
    lease: 30,
    now: NOW,
    replicas,
    silent: new Map(),
    unheardOf: undefined,
    otherApps: [],
    ...changes,
  });
}

const SHARED: Partial<Compared> = { shared: true, roots: [KID] };
const FOUND: ReadonlyArray<readonly [Problem['kind'], readonly Problem[]]> = [
  [
    'document_lost',
    diagnosed([], { place: undefined, lostDocument: { path: '/srv/keyring.json', instances: ['a'] } }),
  ],
  ['other_profile', diagnosed([replica('a', { profile: 'prod' })])],
  ['other_config', diagnosed([replica('a', { ...thisProcess(), configFiles: ['/srv/keyturn.toml'] })])],
  ['other_app', diagnosed([], { otherApps: [{ app: 'shop', instances: ['a'] }] })],
  ['other_source', diagnosed([replica('a', { ring: undefined })])],
  ['other_secret', diagnosed([replica('a', { roots: [kidOf(COMING)] })], SHARED)],
  ['without_shared', diagnosed([replica('a')], SHARED)],
  ['unheard_of', diagnosed([], { unheardOf: { until: NOW + 60_000, verifies: [], signs: undefined } })],
  ['own_clock', diagnosed([replica('a')], { clockAhead: -61_000 })],
  ['forked', diagnosed([replica('a', { ring: 'another', fingerprint: 'other' })])],
  ['outdated', diagnosed([replica('a', { generation: 4, fingerprint: 'other' })])],
  ['behind', diagnosed([replica('a', { generation: 2, fingerprint: 'other' })])],
  ['other_keyring', diagnosed([replica('a', { fingerprint: 'other' })], { place: undefined })],
  ['no_keyring', diagnosed([replica('a', { signs: undefined, degraded: 'it is away' })])],
  ['degraded', diagnosed([replica('a', { degraded: 'the file is gone' })])],
  ['silent', diagnosed([replica('a')], { silent: new Map([['a', NOW + 60_000]]) })],
  ['unverified', diagnosed([replica('a', { authentic: false })])],
  ['clock_differs', diagnosed([replica('a', { dated: NOW - 120_000 })])],
];

test.each(FOUND)('%s is found, and nothing else', (kind, problems) => {
  expect(problems).toMatchObject([{ kind }]);
});

test.each([
  ['degraded', { degraded: 'the keyring found has generation 3, and 4 is in force' }, 'degraded'],
  ['not confirmed', { authentic: false }, 'unverified'],
  ['silent', {}, 'silent'],
])('one that is %s, and holds a newer ring, stops the steps that are refused because of it', (_, how, kind) => {
  const ahead = replica('a', { generation: 4, fingerprint: 'other', ...how });
  const silent = new Map(kind === 'silent' ? [['a', NOW + 60_000] as const] : []);
  const problems = diagnosed([ahead], { silent });
  expect(problems.map((problem) => problem.kind)).toEqual(['outdated', kind]);
  expect(problems.map(stopsSteps)).toEqual([true, false]);
  const self = { profile: 'dev', roots: undefined, words: COMMAND_WORDS };
  expect(() => refuseDisagreement(RING, self, [ahead])).toThrow(/^a has generation 4 /);
});

test.each([
  ['has no keyring yet: it is at fault itself', { signs: undefined, degraded: 'sealed' }, false],
  ['signs', {}, true],
])('one of another secret that %s', (_, how, stops) => {
  const other = replica('a', { roots: [kidOf(COMING)], ...how });
  const found = diagnosed([other], SHARED).filter(({ kind }) => kind === 'other_secret');
  expect(found.map(stopsSteps)).toEqual([stops]);
  const self = { profile: 'dev', roots: ringOf(1, [[STRONG, 'active']]), words: COMMAND_WORDS };
  const refuse = () => refuseDisagreement(RING, self, [other]);
  if (stops) expect(refuse).toThrow(/^a has the signing secret/);
  else expect(refuse).not.toThrow();
});

test('several are told of as several', () => {
  const all = ['a', 'b', 'c'].map((name) =>
    replica(name, { generation: 4, fingerprint: 'other', authentic: false }),
  );
  expect(diagnosed(all).map((problem) => problemText(problem, 'the doctor', String))).toEqual([
    expect.objectContaining({
      what: 'a, b and c have generation 4 of the keyring in force, and what is kept is generation 3',
    }),
    expect.objectContaining({
      hint: expect.stringMatching(/^look whether they are processes of yours: --gone, with/),
    }),
  ]);
});

test('of one that is fine there is nothing to say', () => {
  expect(diagnosed([replica('a'), replica('b')])).toEqual([]);
});

test('those of whom the same is found are named together, and many are counted', () => {
  const [problem, ...more] = diagnosed(
    'abcdefgh'.split('').map((name) => replica(name, { degraded: 'gone' })),
  );
  expect(more).toEqual([]);
  expect(problemText(problem as Problem, 'the doctor', String).what).toBe(
    'a, b, c, d, e and 3 more are degraded: gone',
  );
});

test('where the clock of whoever asks is wrong no replica is at fault', () => {
  const late = replica('a', { dated: NOW - 90_000 });
  expect(diagnosed([late], { clockAhead: 90_000 })).toMatchObject([{ kind: 'own_clock', ahead: 90_000 }]);
  // Within what clocks may differ by, it is the one of the replica.
  expect(diagnosed([late], { clockAhead: 59_000 })).toMatchObject([{ kind: 'clock_differs' }]);
  const [problem] = diagnosed([], { ...SHARED, place: 'Redis (keyturn)', clockAhead: -3 * 3_600_000 });
  expect(problemText(problem as Problem, 'this command', String).what).toBe(
    'the clock that this command goes by is 3 h behind that of Redis (keyturn), which is more than clock_skew',
  );
});

describe('the same words, in the same order', () => {
  const problems = FOUND.flatMap(([, found]) => found);
  const status = {
    keys: [],
    movingIn: [],
    replicas: [],
    problems,
    silent: new Map(),
    ring: { id: RING.id, generation: 3, fingerprint: RING.fingerprint },
    source: 'it',
    format: 'document',
    place: 'keyring.json',
    profile: 'dev',
    shared: false,
    now: NOW,
  } as unknown as Status;
  const resolution = { hidden: [], settings: { get: () => undefined } };
  const whats = (asker: string) => problems.map((problem) => problemText(problem, asker, () => '…').what);
  /** Moments are said in another way by each. */
  const withoutMoments = (text: string) => text.replace(/(until) [^;\n]*/, '$1 …');

  test('by status', () => {
    const view = { status, resolution, hidden: [], sealedUnder: [], next: {} } as unknown as View;
    const told = lines(view)
      .map((line) => (typeof line === 'string' ? line : ''))
      .filter((line) => line.startsWith('replicas: '))
      .map((line) => withoutMoments(line.slice('replicas: '.length)));
    expect(told).toHaveLength(problems.length);
    for (const [n, what] of whats('this command').entries()) expect(told[n]).toContain(`${what}; `);
  });

  test('by the doctor', () => {
    const told = fleet({ ring: { status }, resolution } as unknown as Facts).map(({ detail }) => detail);
    expect(told.slice(0, -1).map(withoutMoments)).toEqual(whats('the doctor'));
  });

  test('by what comes next: the first that keeps steps from being taken', () => {
    const stops = problems.flatMap((problem) => {
      const { remark } = nextOf({ ...status, problems: [problem] }, resolution as never, { options: '' });
      return remark.startsWith('first ') ? [[problem, remark] as const] : [];
    });
    expect(stops.map(([{ kind }]) => kind)).toEqual([
      'document_lost',
      'other_profile',
      'other_source',
      'other_secret',
      'without_shared',
      'own_clock',
      'forked',
      'outdated',
    ]);
    for (const [problem, remark] of stops) {
      const { what, hint } = problemText(problem, 'this command', String);
      expect(remark).toBe(`first ${hint}: ${what}`);
    }
    const { remark } = nextOf(status, resolution as never, { options: '' });
    expect(remark).toBe(stops[0]?.[1]);
  });
});

test('one that is behind is given until its next report; then waiting is no advice any more, and it is said since when', () => {
  const stepped = (ago: number) => {
    const { id, generation, marks, keys } = RING;
    const ring = new Keyring(keys, { id, generation, marks, history: [{ at: NOW - ago, what: 'stage' }] });
    const [problem] = diagnosed([replica('a', { ring: ring.id, generation: 2, fingerprint: 'other' })], {
      ring,
    });
    return problemText(problem as Problem, 'this command', (at) => `${(NOW - at) / 1000} s ago`).hint;
  };
  expect(stepped(11_000)).toMatch(/^wait a second: it loads the newest by itself/);
  expect(stepped(12_000)).toBe(
    'it has been late since 12 s ago: look at the process, which may stand still or be unable to read the keyring; if that does not help, restart a',
  );
});

test('the doctor calls a replica by the name that its operator gave it, with its id beside it', () => {
  const named = replica('vm-1-aaaa', { unit: 'replica-c', degraded: 'the file is gone' });
  const status = {
    problems: diagnosed([named]),
    replicas: [named],
    place: 'keyring.json',
    ring: RING,
  } as unknown as Status;
  const [point] = fleet({ ring: { status } } as unknown as Facts);
  expect(point?.detail).toBe('replica-c (vm-1-aaaa) is degraded: the file is gone');
});
