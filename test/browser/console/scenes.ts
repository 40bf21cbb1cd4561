// Scenes of the console that a test cannot wait for: what its pages are made of is made up, by the functions that make it
// of the real thing. The app that serves them is the real one.
import type { Counts, CountsSpan } from '../../../src/fleet/counts.js';
import {
  countsOf,
  DAY,
  HOUR,
  kidAt,
  LATE,
  type Made,
  MID_ROTATION,
  MINUTE,
  NOW,
  SECOND,
  type World,
  world,
} from '../../console/made.js';

export interface Scene {
  readonly world: World;
  /** Undefined where nobody keeps them. */
  readonly counts: (span: CountsSpan) => Counts | undefined;
  readonly app: string | undefined;
  /** Whose console it is. */
  readonly who: string;
}

interface SceneParts extends Made {
  readonly counts?: Parameters<typeof countsOf>[1];
  readonly app?: string;
  readonly who?: string;
}

/** The sessions of a day move from one key to the next. */
const moving: Parameters<typeof countsOf>[1] = (share) => {
  const over = Math.max(0, (share - 0.66) * 3);
  return [
    [kidAt(2), 'session', Math.round(600 * (1 - over))],
    [kidAt(1), 'session', Math.round(600 * over)],
    [kidAt(1), 'csrf', over > 0 ? 40 : 0],
    [kidAt(2), 'csrf', over > 0 ? 0 : 60],
  ];
};

/** Names that would do something if they were taken for anything but text. */
export const HOSTILE: readonly string[] = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "'-alert(3)-'",
  '<svg/onload=alert(4)>',
  'javascript:alert(5)',
  '</title></style></textarea><iframe srcdoc="<script>alert(6)</script>">',
  '\u001b]0;title\u0007\u202egnp.exe\u2066',
  '&lt;b&gt;{{7*7}}{alert(7)}',
];

const LONG =
  'a-very-long-name-of-a-deployment-in-production-eu-central-1-7d9f8b6c5-x2v4q.team.svc.cluster.local';

const PARTS: Readonly<Record<string, SceneParts>> = {
  empty: { keys: [{ state: 'active', dates: { active: NOW } }] },
  calm: {
    keys: [
      { state: 'active', dates: { staged: NOW - 9 * DAY, active: NOW - 8 * DAY } },
      {
        state: 'retired',
        dates: { active: NOW - 99 * DAY, retiring: NOW - 8 * DAY, retired: NOW - 7 * DAY },
      },
    ],
    replicas: [{}, {}, {}],
    counts: (share) => [[kidAt(0), 'session', Math.round(300 + 200 * Math.sin(share * 12))]],
  },
  middle: { ...MID_ROTATION, counts: moving, app: 'locker' },
  waiting: {
    keys: [
      { state: 'staged', dates: { staged: NOW - 20 * SECOND } },
      { state: 'active', dates: { active: NOW - 80 * DAY } },
    ],
    lag: 60,
    replicas: [{}, { verifies: [kidAt(1)], ...LATE, at: NOW - 12 * SECOND }, {}],
    counts: () => [[kidAt(1), 'session', 40]],
  },
  early: {
    keys: [
      { state: 'staged', dates: { staged: NOW - 20 * SECOND } },
      { state: 'active', dates: { active: NOW - 80 * DAY } },
    ],
    lag: 60,
    replicas: [{}, {}],
  },
  after: {
    keys: [
      { state: 'active', dates: { staged: NOW - 2 * DAY, active: NOW - DAY } },
      { state: 'retiring', dates: { active: NOW - 90 * DAY, retiring: NOW - DAY } },
    ],
    replicas: [{}, {}],
    counts: () => [[kidAt(0), 'session', 40]],
  },
  alarm: {
    ...MID_ROTATION,
    replicas: [{}, { profile: 'dev' }, { degraded: 'the file is not whole' }, {}],
    counts: moving,
  },
  silence: { ...MID_ROTATION, replicas: [], silence: 'Redis does not answer' },
  variable: { keys: [{ state: 'active' }], from: 'variable' },
  array: { keys: [{ state: 'active' }, { state: 'retiring' }], from: 'array' },
  shared: { ...MID_ROTATION, from: 'shared', counts: moving },
  thirty: {
    keys: Array.from({ length: 30 }, (_, place) => ({
      state: place === 0 ? ('active' as const) : ('retiring' as const),
      dates: {
        staged: NOW - (place * 12 + 6) * DAY,
        active: NOW - (place * 12 + 5) * DAY,
        ...(place === 0 ? {} : { retiring: NOW - (place * 12 - 7) * DAY }),
      },
    })),
    lifetime: (400 * DAY) / 1000,
    replicas: [{}, {}],
    counts: () => Array.from({ length: 30 }, (_, place) => [kidAt(place), 'session', 100 - 3 * place]),
    history: Array.from({ length: 300 }, (_, line) => ({
      at: NOW - (300 - line) * DAY,
      what: (['stage', 'promote', 'retire'] as const)[line % 3] ?? 'stage',
      kid: kidAt(line % 30),
      who: line % 2 === 0 ? 'ada' : 'grace',
      ...(line % 7 === 0 ? { why: 'the quarter is over' } : {}),
    })),
  },
  years: {
    keys: Array.from({ length: 30 }, (_, place) =>
      place === 0
        ? { state: 'active' as const, dates: { staged: NOW - 6 * DAY, active: NOW - 5 * DAY } }
        : {
            state: place === 4 ? ('revoked' as const) : ('retired' as const),
            dates: {
              staged: NOW - (place * 25 + 6) * DAY,
              active: NOW - (place * 25 + 5) * DAY,
              retiring: NOW - (place * 25 - 20) * DAY,
              [place === 4 ? 'revoked' : 'retired']: NOW - (place * 25 - 21) * DAY,
            },
          },
    ),
    replicas: [{}, {}],
    counts: (share) => [[kidAt(share < 0.8 ? 1 : 0), 'session', 3000]],
  },
  thousand: {
    ...MID_ROTATION,
    counts: moving,
    replicas: Array.from({ length: 1000 }, (_, place) => ({
      instance: `pod-${place}-a8f3`,
      ...(place === 17 || place === 803 ? { at: NOW - 5 * MINUTE } : {}),
      ...(place === 500 ? { verifies: [kidAt(1), kidAt(2)], ...LATE } : {}),
      ...(place === 900 ? { degraded: 'the file cannot be read (EACCES)' } : {}),
    })),
  },
  long: {
    ...MID_ROTATION,
    app: 'an-app-with-quite-a-long-name-32',
    who: LONG,
    env: { KEYTURN_PURPOSES__A_PURPOSE_WITH_A_NAME_OF_32_CHA__MAX_AGE: '3h' },
    replicas: [
      { instance: LONG },
      {
        instance: 'B'.repeat(128),
        degraded:
          `the keyring in /var/run/secrets/keyturn/${'x'.repeat(80)}/keyring.json cannot be read; `.repeat(3),
      },
      {},
    ],
    counts: (share) => [
      ...moving(share),
      [kidAt(1), 'a-purpose-with-a-name-of-32-cha', share > 0.9 ? 3_000_000 : 0] as const,
    ],
    history: [
      { at: NOW - 400 * DAY, what: 'folded', lines: 1204, since: NOW - 900 * DAY },
      {
        at: NOW - HOUR,
        what: 'revoke',
        kid: kidAt(3),
        who: LONG,
        why: `${'because '.repeat(50)}${'!'.repeat(100)}`,
        gone: [LONG],
      },
    ],
    movingIn: [
      {
        name: 'express-session',
        phases: ['beside', 'over'],
        until: NOW + 40 * DAY,
        seen: 3,
        seenAt: NOW - 3 * HOUR,
        since: undefined,
      },
    ],
  },
  hostile: {
    ...MID_ROTATION,
    app: HOSTILE[1] as string,
    who: HOSTILE.join(' '),
    replicas: HOSTILE.map((instance, place) => ({
      instance,
      ...(place % 2 === 0 ? { degraded: instance, source: instance } : {}),
    })),
    counts: () => HOSTILE.map((purpose) => [kidAt(1), purpose, 3] as const),
    history: HOSTILE.map((who, place) => ({
      at: NOW - (HOSTILE.length - place) * HOUR,
      what: 'stage' as const,
      kid: kidAt(0),
      who,
      why: who,
    })),
  },
};

export const SCENES: readonly string[] = Object.keys(PARTS);

export async function sceneOf(name: string): Promise<Scene> {
  const { counts, app, who = 'ada', ...made } = PARTS[name] as SceneParts;
  return { world: await world(made), counts: (span) => counts && countsOf(span, counts), app, who };
}
