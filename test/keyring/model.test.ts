// The model check: nobody is logged out by a rotation.
//
// Explores, with the transitions of src/keyring/transitions.ts themselves, everything that replicas and operators can
// do in up to two rotations, in every order, and looks in every state for a ready replica that refuses a token that
// has not expired. There is no limit on time: the exploration ends when nothing new can happen (see model/rings.ts).
// What takes minutes is explored by `npm run proof:model`.
//
// What is modelled
// - Time in ticks of 1000 s: a token lives 2, the longest lag is 1, clocks differ by at most 1.
// - A clock shows, whenever it is looked at, the true time plus 0 or 1 tick: it may even jump about in that band. A
//   token expires by the clock of its signer and is checked by that of whoever verifies it. An operator's command is
//   decided by the fastest clock and leaves the dates of the slowest one in the ring: several operators on machines
//   of their own. Or all on one, where a clock that nobody sets says how long ago a key was staged.
// - A replica signs and verifies with the ring that it has loaded. It loads a newer one as late as it likes, but not
//   later than the lag allows; at the tick of its deadline it still acts before any operator does and before time
//   goes on, so "just before the deadline" is in. It stops, and starts again as another one, at any time; a restart
//   is a stop and a start. It starts with the newest ring, or with the one before it.
// - On a token whose key is retiring in its ring a replica may answer with the same token signed by the active key.
// - Operators stage (at most twice), promote the staged or any retiring key, roll back, retire and revoke whatever
//   the transitions allow, at any time and in any number. One fresh key may replace a revoked one.
//
// What it rests on
// - Without reports (a read-only mount): every ready replica has a ring within `max_lag` of its publication, roll-backs
//   of deploys included. A replica starts one step behind only while that keeps to it.
// - With reports: a replica may start one step behind at any time, and then catches up within a lag. It reports
//   before it is ready. One that dies without goodbye is reckoned with for a lease of one tick. Until the tokens that
//   it may have signed have expired, its last signatures are remembered, although it has ended (`ended` in
//   ReplicaFacts): the check finds what happens otherwise. Re-signing counts as signing. No command comes between a
//   replica's report and its start. With `expectedReplicas` the number is true, and whoever starts afterwards is not
//   two steps behind.
// - A ring is published at the moment of its date. Where it is not, as with a pipeline, `max_lag` counts from the date.
// - A key that takes over by itself at a scheduled time is not held back by reports: it needs the first assumption,
//   and the check finds what happens otherwise.
// - Lifetimes do not change; transitions.test.ts looks at how they are noted.
//
// What is exempt: a token of a key that the newest ring calls revoked; and, when a revoked active key was replaced by
// one that could not have been promoted yet, a token of the replacement at a replica that does not know it yet. That
// replica has a ring from before the revocation, and by the first assumption gets the new one within a lag. The tokens
// of every other key are not exempt, not even during a revocation.
//
// Why less than everything is enough
// - A token forbids nothing, and whoever refuses one refuses the one of the same key that lives longest: so all that
//   can be signed is signed at once, and one expiry per key is kept. Only where a reported signature delays a
//   retirement are both ways explored.
// - Replicas that differ in name only are one. Any number of replicas can be explored as a crowd: nothing becomes
//   impossible by a replica more, except a command that its report forbids, before which it is gone. A world then
//   holds one replica of each kind that there can be, so what is not found in it is not found with three either.
// - What rings and reports leave out is checked to make no difference, at every single question (operator.ts).
//
// Re-signing has two invariants of its own. Never back: in the ring of whoever re-signs, the turn of the token's key
// was before that of the active key. And a re-signed token keeps its dates. Breaking the first is not by itself a
// refusal: the windows cover it. But it puts sign-ins made with the new key under the old one again, so that revoking
// the old key, which should cost only older sign-ins, ends them too. Breaking the second leads to refused tokens.
import { describe, expect, test } from 'vitest';
import { check } from './model/check.js';
import { describeTrace } from './model/describe.js';
import { explore } from './model/explore.js';
import * as faults from './model/faults.js';
import { inFull } from './model/full.js';
import { RULES } from './model/rules.js';
import type { Conditions } from './model/world.js';

/** Far more than it takes. What does not finish has failed. */
const PATIENCE = 1_800_000;

const RIGHT: Conditions = {
  replicas: 'any',
  rotations: 2,
  reports: 'none',
  plans: false,
  operators: 'machines apart',
  rules: RULES,
};

function run(title: string, conditions: Partial<Conditions>): readonly string[] {
  const started = performance.now();
  const { states, steps, found } = check({ ...RIGHT, ...conditions });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const trace = found === undefined ? [] : describeTrace(found);
  const count = `${states.toLocaleString('en')} states, ${steps.toLocaleString('en')} steps, ${seconds} s`;
  console.log([`model: ${title}: ${count}`, ...trace.map((line) => `  ${line}`)].join('\n'));
  return trace;
}

describe('no ready replica refuses a token that has not expired', () => {
  test.each<[string, Partial<Conditions>]>([
    ['any number of replicas, two rotations, no reports', {}],
    [
      'any number of replicas, two rotations, no reports, operators on one machine',
      { operators: 'one machine' },
    ],
    ['any number of replicas, two rotations, no reports, scheduled promotions', { plans: true }],
    ['any number of replicas, one rotation, with reports', { rotations: 1, reports: 'kept' }],
    ...inFull<[string, Partial<Conditions>]>([
      ['three replicas, two rotations, no reports', { replicas: 3 }],
      ['three replicas, one rotation, with reports', { replicas: 3, rotations: 1, reports: 'kept' }],
      ['any number of replicas, two rotations, with reports', { reports: 'kept' }],
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
  const REFUSES = /^t=\d+ replica [A-C] \(generation \d+\) refuses the K\d token, expires t=\d+$/;
  const BACK = /^t=\d+ the K2 token moves back to K1, whose turn was before$/;
  const DATES = /^t=\d+ the K1 token gets other dates when K2 re-signs it$/;
  const SMALL: Partial<Conditions> = { replicas: 2, rotations: 1 };

  test.each<[string, Partial<Conditions>, RegExp]>([
    ["seed 000's order: the new key signs at once", { rules: faults.SIGNS_AT_ONCE }, REFUSES],
    ['promotion on zero reports', { rules: faults.SILENCE_IS_CONSENT }, REFUSES],
    ['retirement counted from the promotion', { rules: faults.COUNTED_FROM_PROMOTION }, REFUSES],
    [
      'retirement counted from the promotion, whatever is reported',
      { rules: faults.COUNTED_FROM_PROMOTION, reports: 'kept' },
      REFUSES,
    ],
    ['a rollback that drops the newer key', { rules: faults.ROLLBACK_DROPS_NEWER }, REFUSES],
    ['retirement one tick early', { rules: faults.RETIRES_EARLY }, REFUSES],
    ["a staged key's token re-signed with the old key", { rules: faults.RESIGNS_STAGED }, BACK],
    ['re-signing that extends the expiry', { rules: faults.RESIGNING_EXTENDS }, DATES],
    [
      'that a token re-signed with a later expiry outlives the grace window',
      { rules: faults.RESIGNING_EXTENDS, onlyRefusals: true },
      REFUSES,
    ],
    ['last signatures that are forgotten with the process', { reports: 'forgotten' }, REFUSES],
    ['a promotion that forgets by how much clocks differ', { rules: faults.FORGETS_SKEW }, REFUSES],
    ['a promotion that counts by the clock of another machine', { rules: faults.TAKES_ANY_CLOCK }, REFUSES],
    [
      'a scheduled promotion while a replica may start one step behind at any time',
      { plans: true, reports: 'kept' },
      REFUSES,
    ],
  ])(
    '%s',
    (title, conditions, last) => {
      const trace = run(title, { ...SMALL, ...conditions });
      expect(trace.at(-1)).toMatch(last);
      // What two replicas can do a crowd can do.
      if (conditions.reports !== 'forgotten')
        expect(check({ ...RIGHT, ...SMALL, ...conditions, replicas: 'any' }).found).toBeDefined();
    },
    PATIENCE,
  );

  test("the shortest way: seed 000's order takes four lines", () => {
    expect(describeTrace(check({ ...RIGHT, ...SMALL, rules: faults.SIGNS_AT_ONCE }).found as never)).toEqual([
      't=0 operator stages K2 (generation 2)',
      't=0 replica A reloads (generation 2)',
      't=0 replica A (generation 2), its clock 1 ahead, signs a token with K2, expires t=3',
      't=0 replica B (generation 1) refuses the K2 token, expires t=3',
    ]);
  });

  test('but no refusal in a token that moves back: the windows cover it', () => {
    const conditions = { ...RIGHT, rotations: 1, rules: faults.RESIGNS_STAGED, onlyRefusals: true };
    expect(check(conditions).found).toBeUndefined();
    expect(check({ ...conditions, reports: 'kept' }).found).toBeUndefined();
  });
});

describe('the search', () => {
  const numbers = (last: number) => ({
    start: 1,
    key: String,
    next: (n: number) => [n + 1, n * 2].filter((to) => to <= last).map((to) => ({ action: to - n, to })),
    violation: (n: number) => (n === 20 ? 'twenty' : undefined),
  });

  test('visits every state once', () => {
    expect(explore(numbers(19))).toEqual({ states: 19, steps: 27, found: undefined });
  });

  test('finds a shortest way', () => {
    const { found } = explore(numbers(100));
    expect(found?.violation).toBe('twenty');
    expect(found?.trace.map(({ to }) => to)).toEqual([2, 4, 5, 10, 20]);
  });

  test('fails rather than stop early', () => {
    expect(() => explore(numbers(19), 10)).toThrow('more than 10 states: the exploration did not finish');
  });
});
