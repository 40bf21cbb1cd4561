// The first line of status and of the console, in every state that a ring can be in.
import { describe, expect, test } from 'vitest';
import type { HeardReport } from '../../src/fleet/authentic.js';
import type { Problem } from '../../src/fleet/diagnosis.js';
import type { KeyStatus, Status } from '../../src/rotation/status.js';
import { sentenceOf } from '../../src/words/sentence.js';
import { heard, reportOf } from '../support/heard.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const HOUR = 3_600_000;

function key(id: string, state: KeyStatus['state'], more: Partial<KeyStatus> = {}): KeyStatus {
  return {
    id,
    state,
    dates: {},
    lifetimes: {},
    scheduledFor: undefined,
    knownBy: 0,
    lastVerifiedAt: undefined,
    lastSignedAt: undefined,
    safeAt: undefined,
    waitsFor: undefined,
    ...more,
  };
}

function replica(instance: string, verifies: readonly string[], signs = 'x'): HeardReport {
  return heard(reportOf({ instance, verifies, signs }));
}

const STEPS: Status = {
  profile: 'prod',
  profileSaid: true,
  source: 'the file',
  format: 'document',
  place: 'keyring.json',
  writable: true,
  shared: false,
  forward: undefined,
  ring: { id: 'ring', generation: 1, fingerprint: 'AAAAAAAAAAA' },
  keys: [key('x', 'active')],
  movingIn: [],
  replicas: [],
  silent: new Map(),
  unheardOf: undefined,
  otherApps: [],
  silence: undefined,
  differing: [],
  problems: [],
  deploy: undefined,
  now: NOW,
};

const VARIABLES: Partial<Status> = {
  format: 'secret',
  place: undefined,
  ring: { id: undefined, generation: 0, fingerprint: 'AAAAAAAAAAA' },
};

/** Moments are said as words.time has it; here only that one is. */
function said(changes: Partial<Status>): [tone: string, text: string] {
  const { tone, parts } = sentenceOf({ ...STEPS, ...changes }, (at) => `+${(at - NOW) / HOUR} h`);
  for (const part of parts) expect(part).toMatch(/^[A-Zdt-z0-9].*\.$/);
  return [tone, parts.join(' ')];
}

const three = (...verifies: readonly string[]) => ['a', 'b', 'c'].map((name) => replica(name, verifies));
const staged = (more: Partial<KeyStatus> = {}) => key('y', 'staged', { safeAt: NOW, knownBy: 3, ...more });
const retiring = (more: Partial<KeyStatus> = {}) => key('w', 'retiring', { safeAt: NOW + 2 * HOUR, ...more });
const active = key('x', 'active');

describe('calm', () => {
  test.each([
    ['no replicas, and nobody knows of any', [], 'No replica reports.'],
    ['one', [replica('a', ['x'])], '1 replica reports.'],
    ['three', three('x'), '3 replicas report.'],
  ])('%s', (_, replicas, known) => {
    expect(said({ replicas })).toEqual(['calm', `Key x signs. ${known} No rotation is under way.`]);
  });

  test('keys that are gone are nothing that is under way', () => {
    expect(said({ keys: [active, key('v', 'retired'), key('u', 'revoked')] })[0]).toBe('calm');
  });

  test('a secret alone, of development or of a variable', () => {
    for (const deploy of [undefined, 0] as const)
      expect(said({ ...VARIABLES, deploy })).toEqual([
        'calm',
        'Key x signs. No replica reports. No rotation is under way.',
      ]);
  });
});

describe('nothing is under way, and a replica is not there', () => {
  const wait = (changes: Partial<Status>) => {
    const { tone, title, parts } = sentenceOf({ ...STEPS, ...changes });
    return [tone, title, parts.join(' ')];
  };
  const silent = (...names: readonly string[]) => new Map(names.map((name) => [name, NOW + 1]));
  const left = (instance: string, unit?: string) => ({ instance, unit, at: NOW - 12_000 });

  test('since it is silent', () => {
    expect(wait({ replicas: three('x'), silent: silent('b') })).toEqual([
      'wait',
      'A replica is silent',
      'Key x signs. 3 replicas report, of which 1 is silent. No rotation is under way.',
    ]);
    const replicas = Array.from({ length: 1000 }, (_, index) => replica(`web-${index}`, ['x']));
    expect(wait({ replicas, silent: silent('web-1', 'web-2') })).toEqual([
      'wait',
      'Replicas are silent',
      'Key x signs. 1,000 replicas report, of which 2 are silent. No rotation is under way.',
    ]);
  });

  test('since it reported a moment ago, and does not any more', () => {
    expect(wait({ replicas: three('x').slice(1), left: [left('vm-1-aaaa', 'replica-c')] })).toEqual([
      'wait',
      'Fewer replicas report than before',
      'Key x signs. 2 replicas report. replica-c reported until 11:59:48 UTC (12 s ago), and does not any more: see whether it was meant to end. No rotation is under way.',
    ]);
    expect(wait({ left: ['a', 'b', 'c'].map((name) => left(name)) })).toEqual([
      'wait',
      'No replica reports',
      'Key x signs. No replica reports any more. a and 2 others reported until 11:59:48 UTC (12 s ago), and do not any more: see whether they were meant to end. No rotation is under way.',
    ]);
  });

  test('since all have ended: whoever asks for the first time knows of them by what they signed', () => {
    expect(wait({ endedAt: NOW - 60_000 })).toEqual([
      'wait',
      'No replica reports',
      'Key x signs. No replica reports any more. The last process that has ended signed until 11:59:00 UTC (60 s ago). No rotation is under way.',
    ]);
  });

  test('during a rotation it is said as well', () => {
    const keys = [staged(), active];
    expect(said({ keys, replicas: three('x', 'y'), left: [left('d')] })[1]).toMatch(
      /^Key x signs\. d reported until .* 3 of 3 replicas know y: it can take over now\./,
    );
  });
});

describe('ready', () => {
  test('after a rollback, to promote the newer key again, which is not taken for the old one', () => {
    const back = retiring({ id: 'y' });
    expect(sentenceOf({ ...STEPS, keys: [active, back], forward: back }).title).toBe('Rolled back');
    expect(said({ keys: [active, back], forward: back })).toEqual([
      'ready',
      'Key x signs again. y, which was rolled back, can be promoted again now. It may go at +2 h. Nobody would be signed out.',
    ]);
    const due = retiring({ id: 'y', safeAt: NOW });
    expect(said({ keys: [active, due], forward: due })[1]).toContain(
      'y, which was rolled back, can be promoted again or retired now.',
    );
  });

  test('to take over', () => {
    expect(said({ keys: [staged(), active], replicas: three('x', 'y') })).toEqual([
      'ready',
      'Key x signs. 3 of 3 replicas know y: it can take over now. Nobody would be signed out.',
    ]);
  });

  test('to take over, by the time alone', () => {
    expect(said({ keys: [staged({ knownBy: 0 }), active] })).toEqual([
      'ready',
      'Key x signs. No replica reports that it knows y: it can take over now. Nobody would be signed out.',
    ]);
  });

  test('to take over, while another one has to wait', () => {
    expect(said({ keys: [staged(), active, retiring()], replicas: three('x', 'y', 'w') })).toEqual([
      'ready',
      'Key x signs. 3 of 3 replicas know y: it can take over now. w may go at +2 h. Nobody would be signed out.',
    ]);
  });

  test('to go, with others that may go, and others that may not', () => {
    const others = [
      retiring({ id: 'v', safeAt: NOW - 1 }),
      retiring({ id: 'u', safeAt: NOW - 2 }),
      retiring({ id: 't' }),
    ];
    expect(said({ keys: [active, retiring(), ...others] })).toEqual([
      'ready',
      'Key x signs. v may go now. So may 1 other key. 2 other keys may go later. Nobody would be signed out.',
    ]);
  });
});

describe('wait', () => {
  test('for the clock', () => {
    expect(said({ keys: [staged({ safeAt: NOW + HOUR }), active], replicas: three('x', 'y') })).toEqual([
      'wait',
      'Key x signs. 3 of 3 replicas know y. It may take over at +1 h. Keyturn refuses to promote y until then.',
    ]);
  });

  test('for the one replica that there is', () => {
    const late = { keys: [staged({ knownBy: 0 }), active], replicas: [replica('a', ['x'])] };
    expect(said(late)).toEqual([
      'wait',
      'Key x signs. 0 of 1 replica knows y. It may not take over yet: unknown to a. Keyturn refuses to promote y until a knows it.',
    ]);
  });

  test('for a replica that signs with the old key, and others wait for the clock', () => {
    const keys = [active, retiring({ safeAt: NOW - 1 }), retiring({ id: 'v' })];
    expect(said({ keys, replicas: [replica('a', ['x', 'w'], 'w')] })).toEqual([
      'wait',
      'Key x signs. v may go at +2 h. 1 other key may go later. Keyturn refuses to retire v until then.',
    ]);
    expect(said({ keys: keys.slice(0, 2), replicas: [replica('a', ['x', 'w'], 'w')] })).toEqual([
      'wait',
      'Key x signs. w may not go yet: still signed with by a. Keyturn refuses to retire w until a signs with another key.',
    ]);
  });

  test('for a replica and for the clock: each step that is refused is named', () => {
    const keys = [staged({ knownBy: 0 }), active, retiring()];
    expect(said({ keys, replicas: [replica('a', ['x', 'w'])] })).toEqual([
      'wait',
      'Key x signs. 0 of 1 replica knows y. It may not take over yet: unknown to a. w may go at +2 h. Keyturn refuses to promote y and to retire w until each is safe.',
    ]);
  });

  test('for many replicas: not all of them are named', () => {
    const replicas = Array.from({ length: 1000 }, (_, index) => replica(`web-${index}`, ['x']));
    const [tone, text] = said({ keys: [staged({ knownBy: 0 }), active], replicas });
    expect(tone).toBe('wait');
    expect(text).toContain('0 of 1,000 replicas know y.');
    expect(text.length).toBeLessThan(300);
  });

  test('for a key that takes over by itself: there is nothing to do', () => {
    const keys = [staged({ scheduledFor: NOW + HOUR }), active];
    expect(said({ keys, replicas: three('x', 'y') })).toEqual([
      'wait',
      'Key x signs. 3 of 3 replicas know y: it takes over by itself at +1 h. Nothing has to be done for it.',
    ]);
    expect(said({ keys: [...keys, retiring()], replicas: three('x', 'y') })[1]).toMatch(
      /w may go at \+2 h\. Keyturn refuses to retire w until then\.$/,
    );
  });

  test('for the next deploy, where the secret is in variables', () => {
    const first = { ...VARIABLES, deploy: 1, keys: [active, key('y', 'staged')] } as const;
    expect(said(first)).toEqual([
      'wait',
      'Key x signs. No replica reports that it knows y. Deploy 1 of 3 is in force here: with deploy 2 it signs.',
    ]);
    const second = { ...VARIABLES, deploy: 2, keys: [active, key('w', 'retiring')] } as const;
    expect(said(second)).toEqual([
      'wait',
      'Key x signs. w still verifies. Deploy 2 of 3 is in force here: with deploy 3 the old secret is taken away.',
    ]);
  });

  test('where an array has two secrets nothing tells how far a rotation is', () => {
    expect(said({ ...VARIABLES, keys: [active, key('w', 'retiring'), key('v', 'retiring')] })).toEqual([
      'wait',
      'Key x signs. w, v verify too. An array of secrets does not show how far a rotation has got.',
    ]);
  });
});

describe('alarm', () => {
  const apart: Problem = { kind: 'without_shared', instances: ['a'], live: true };

  test('what keeps every step from being taken comes first, with what to do', () => {
    const [tone, text] = said({ keys: [staged(), active], problems: [apart], replicas: three('x', 'y') });
    expect(tone).toBe('alarm');
    expect(text).toMatch(
      /^Key x signs\. First give every replica the same settings under .*: a runs without the shared keyring/,
    );
    expect(text).not.toContain('take over');
  });

  test('replicas that cannot be asked', () => {
    expect(said({ silence: 'Redis does not answer' })).toEqual([
      'alarm',
      'Key x signs. Replicas cannot be asked: Redis does not answer.',
    ]);
  });

  test('a ring without a key that signs', () => {
    expect(said({ keys: [] })[1]).toMatch(/^No key signs\./);
  });
});
