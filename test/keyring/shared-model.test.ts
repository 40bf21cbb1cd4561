// The model check of a ring that replicas share in Redis or PostgreSQL. model.test.ts explores the steps of a key's life
// under the assumption that every ready replica has a ring within `max_lag`. Here nothing is assumed of that: a replica
// hears of the ring whenever it likes, or never again, and its lease (src/runtime/lease.ts) says whether it is ready.
// What takes minutes is explored by `npm run proof:model`.
//
// What is modelled
// - Time in ticks of 1000 s, clocks and dates as in model.test.ts; a lease is 4 ticks unless something else is said.
// - One replica to which everything happens, and any number that hear of everything at once. That is enough: of two
//   that are both behind, what the one further ahead signs, or refuses, those that are up to date sign and refuse too.
// - The replica hears of the ring, reports, and says goodbye, at any moment and in any order. Whoever decides finds its
//   last report while that counts, and clears it away afterwards (src/fleet, src/keyring-stores/shared-fleet.ts).
// - Operators stage, promote, roll back and retire whatever the transitions allow, and say truly how many replicas there
//   are. Or the ring stages a key by itself, which takes over by the clock (src/keyring/automatic.ts).
// - The store may lose everything at any moment, once. Somebody puts the ring back, and a report that stands for those
//   that are lost.
//
// What it rests on
// - Durations are measured alike by a replica and by the engine: neither clock runs faster, and the engine's is not set
//   forward. That the replica's may be put back is what its second clock is for (lease.test.ts).
// - A ring is published at the moment of its date.
// - Revoking is exempt, and not modelled; neither is re-signing, of which model.test.ts shows that it changes nothing.
import { describe, expect, test } from 'vitest';
import type { Moment } from '../../src/keyring/live.js';
import { explore } from './model/explore.js';
import { inFull } from './model/full.js';
import {
  beginning,
  happenings,
  keyOf,
  RULES,
  refusal,
  type SharedConditions,
  type SharedRules,
} from './model/shared.js';

/** Far more than it takes. What does not finish has failed. */
const PATIENCE = 1_800_000;

const RIGHT: SharedConditions = {
  lease: 4,
  rotations: 1,
  steps: 4,
  staging: 'by hand',
  losses: false,
  rules: RULES,
};

function run(title: string, change: Partial<SharedConditions>): readonly string[] {
  const conditions = { ...RIGHT, ...change };
  const started = performance.now();
  const { states, steps, found } = explore({
    start: beginning(conditions),
    key: (world) => keyOf(world, conditions),
    next: (world) => happenings(world, conditions),
    violation: (world) => refusal(world, conditions),
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const happened =
    found?.trace.map(({ action }) => action).filter((what) => !what.endsWith('a tick passes')) ?? [];
  const trace = found === undefined ? [] : [...happened, found.violation];
  const count = `${states.toLocaleString('en')} states, ${steps.toLocaleString('en')} steps, ${seconds} s`;
  console.log([`model: ${title}: ${count}`, ...trace.map((line) => `  ${line}`)].join('\n'));
  return trace;
}

describe('no ready replica refuses a token that has not expired, whenever it hears of anything', () => {
  test.each<[string, Partial<SharedConditions>]>([
    ['a rotation by itself, and a step by hand', { staging: 'by itself', steps: 2 }],
    ['a takeover that an operator plans, and a step by hand', { staging: 'scheduled by hand', steps: 2 }],
    ['three steps by hand, and a store that loses everything', { losses: true, lease: 2, steps: 3 }],
    ...inFull<[string, Partial<SharedConditions>]>([
      ['four steps by hand', {}],
      ['a rotation by itself, and two steps by hand', { staging: 'by itself', steps: 3 }],
      [
        'a takeover that an operator plans, and two steps by hand',
        { staging: 'scheduled by hand', steps: 3 },
      ],
    ]),
  ])(
    '%s',
    (title, conditions) => {
      expect(run(title, conditions)).toEqual([]);
    },
    PATIENCE,
  );
});

describe('the check is able to fail: it finds', () => {
  const REFUSES = /^t=\d+ (the replica \(generation \d+\)|another) refuses the K\d token$/;
  const ticksLater = ({ now, monotonic }: Moment, ticks: number): Moment => ({
    now: now + ticks * 1_000_000,
    monotonic: monotonic + ticks * 1_000_000,
  });
  const by = (rules: Partial<SharedRules>): Partial<SharedConditions> => ({ rules: { ...RULES, ...rules } });

  test.each<[string, Partial<SharedConditions>]>([
    [
      'a lease that is counted from the last look alone',
      by({ until: ({ facts }) => ticksLater(facts.heard, RIGHT.lease) }),
    ],
    [
      'a report that makes up for the time before it',
      by({
        until: ({ until, facts }) =>
          facts.reported.now < facts.heard.now ? until : ticksLater(facts.heard, RIGHT.lease),
      }),
    ],
    [
      'a report that counts for less than the lease of its replica',
      by({ reportLease: (lease) => lease - 1 }),
    ],
    ['a report of the ring that was in force before', by({ changed: (lease) => lease })],
    [
      'that a replica may have signed unseen with a key that took over by itself',
      {
        ...by({ told: ({ scheduled, ...report }) => report }),
        staging: 'by itself',
        steps: 3,
      },
    ],
    [
      'that a lost report may have been one without the staged key',
      { ...by({ standsIn: ({ live }) => live.map(({ id }) => id) }), losses: true },
    ],
  ])(
    '%s',
    (title, conditions) => {
      expect(run(title, conditions).at(-1)).toMatch(REFUSES);
    },
    PATIENCE,
  );
});
