// The model check of a source that falls back: a mounted secret is rolled back by one version, a database is restored,
// and somebody goes on from there. model.test.ts assumes that this does not happen.
//
// What is modelled
// - One source, whose ring is changed by the real transitions, without any wait: what they wait for is another model's
//   question. It falls back by one generation once, at any moment, and is stepped on from there.
// - Two replicas that look at the source at any moment, or sleep through any number of steps. They take what
//   requireSuccessor lets them take.
// - Where replicas report, every step is decided by refuseDisagreement over their reports, as the commands do it.
//
// What must hold
// - No replica gives up a live key but by a retire or revoke on its own line: of the steps that led from its ring to the
//   one that it takes.
// - Where replicas report, no step but revoke is taken on a ring that the ring of one of them is not an ancestor of.
//
// Where nobody reports, nobody can keep an operator from forking the ring. Replicas that hold the other line refuse it,
// and that tokens of one line are accepted by whoever starts with the other is not claimed.
import { describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import { refuseDisagreement } from '../../src/fleet/refusals.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { Key, type Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import type { TransitionFacts } from '../../src/keyring/step-facts.js';
import { requireSuccessor } from '../../src/keyring/successor.js';
import { promote, retire, revoke, rollback, stage } from '../../src/keyring/transitions.js';
import { explore } from './model/explore.js';
import { keyName, keyNumber, MATERIALS } from './model/rings.js';

const STEPS = 5;
const NOW = Date.UTC(2026, 0, 1);
const FRESH = MATERIALS.length - 1;

type Takes = (present: Keyring, found: Keyring) => boolean;

/** A ring, and the rings that it came from. */
interface Line {
  readonly ring: Keyring;
  readonly from: readonly Keyring[];
}

interface ForkWorld {
  readonly source: Line;
  readonly former: Line | undefined;
  readonly fellBack: boolean;
  readonly steps: number;
  readonly replicas: readonly [Line, Line];
  readonly broken: string | undefined;
}

interface Conditions {
  readonly reports: boolean;
  readonly takes: Takes;
}

const passes = (question: () => unknown): boolean => {
  try {
    question();
    return true;
  } catch (error) {
    if (error instanceof KeyturnError) return false;
    throw error;
  }
};
const successors: Takes = (present, found) => passes(() => requireSuccessor(present, found));
const sameIdAndLater: Takes = (present, found) =>
  present.id === found.id && found.generation > present.generation;

function beginning(): ForkWorld {
  const dates = { active: NOW };
  const key = new Key(MATERIALS[0] as Material, 'active', { dates });
  const first = { ring: new Keyring([key], { id: 'ring', generation: 1 }), from: [] };
  const replicas = [first, first] as const;
  return { source: first, former: undefined, fellBack: false, steps: 0, replicas, broken: undefined };
}

function happenings(world: ForkWorld, conditions: Conditions) {
  const list: { action: string; to: ForkWorld }[] = [];
  if (world.broken !== undefined) return list;
  const happen = (action: string, change: Partial<ForkWorld>) =>
    list.push({ action, to: { ...world, ...change } });
  const { source, former, replicas } = world;
  if (former !== undefined && !world.fellBack)
    happen('the source falls back', { source: former, former: undefined, fellBack: true });
  for (const [n, replica] of replicas.entries()) {
    if (replica.ring === source.ring || !conditions.takes(replica.ring, source.ring)) continue;
    const taken = replicas.with(n, source) as unknown as ForkWorld['replicas'];
    happen(`replica ${n} takes generation ${source.ring.generation}`, {
      replicas: taken,
      broken: givenUp(replica, source),
    });
  }
  if (world.steps < STEPS) operate(world, conditions, happen);
  return list;
}

function givenUp(replica: Line, taken: Line): string | undefined {
  if (taken.from.includes(replica.ring)) return undefined;
  const lost = replica.ring.live.find(({ id }) => taken.ring.get(id)?.live !== true);
  return lost && `${keyName(keyNumber(lost.id))} is given up by a step on another line`;
}

function operate(
  { source, steps, replicas }: ForkWorld,
  { reports }: Conditions,
  happen: (action: string, change: Partial<ForkWorld>) => void,
): void {
  const { ring } = source;
  // Each step has a moment of its own, so that two lines are told apart by more than their keys.
  const facts: TransitionFacts = {
    now: NOW + steps,
    maxLag: 0,
    skew: 0,
    lifetimes: {},
    replicas: [],
    why: 'why',
  };
  const said = reports ? replicas.map(reportOf) : [];
  const attempt = (what: string, change: () => Keyring) => {
    const isRevoke = what.startsWith('revokes');
    let next: Keyring | undefined;
    const allowed = passes(() => {
      if (!isRevoke) refuseDisagreement(ring, TAKER, said);
      next = change();
    });
    if (!allowed || next === undefined) return;
    const forked =
      reports && !isRevoke && replicas.some((one) => one.ring !== ring && !source.from.includes(one.ring));
    happen(`operator ${what}`, {
      source: { ring: next, from: [...source.from, ring] },
      former: source,
      steps: steps + 1,
      broken: forked ? `${what} on a ring that a replica's is not an ancestor of` : undefined,
    });
  };
  const unused = MATERIALS.slice(1, FRESH).find(({ kid }) => ring.get(kid) === undefined);
  if (unused !== undefined) attempt('stages a key', () => stage(ring, unused, facts));
  attempt('promotes', () => promote(ring, undefined, facts));
  attempt('rolls back', () => rollback(ring, facts));
  for (const { id, live } of ring.keys) {
    if (!live) continue;
    attempt(`retires ${keyName(keyNumber(id))}`, () => retire(ring, id, facts));
    if (ring.get(MATERIALS[FRESH]?.kid ?? '') === undefined)
      attempt(`revokes ${keyName(keyNumber(id))}`, () =>
        revoke(ring, id, MATERIALS[FRESH] as Material, facts),
      );
  }
}

const WORDS = {
  self: 'a command',
  otherProfile: () => '',
  outdated: '',
  forked: '',
  otherSecret: '',
  clock: '',
};
const TAKER = { profile: 'prod', roots: undefined, words: WORDS };

function reportOf({ ring }: Line): ReplicaReport {
  const { id, generation, mark } = ring;
  return { instance: 'a replica', profile: 'prod', ring: id, generation, mark } as ReplicaReport;
}

function keyOf({ source, former, fellBack, steps, replicas, broken }: ForkWorld): string {
  const name = (line: Line | undefined) =>
    line === undefined ? '' : [...line.from, line.ring].map(({ mark }) => mark).join('.');
  const both = replicas.map(name).sort();
  return [name(source), name(former), fellBack, steps, ...both, broken].join(' ');
}

function run(title: string, conditions: Conditions): readonly string[] {
  const { states, steps, found } = explore({
    start: beginning(),
    key: keyOf,
    next: (world) => happenings(world, conditions),
    violation: ({ broken }) => broken,
  });
  console.log(`model: ${title}: ${states.toLocaleString('en')} states, ${steps.toLocaleString('en')} steps`);
  return found === undefined ? [] : [...found.trace.map(({ action }) => action), found.violation];
}

describe('a source that falls back by one generation, and is stepped on from there', () => {
  test.each([
    true,
    false,
  ])('no replica gives up a live key but on its own line (they report: %s)', (reports) => {
    expect(run(`a fork, reports ${reports}`, { reports, takes: successors })).toEqual([]);
  });

  test('the check is able to fail: it finds that ids alone are compared', () => {
    const trace = run('ids alone', { reports: false, takes: sameIdAndLater });
    expect(trace.at(-1)).toMatch(/^K\d is given up by a step on another line$/);
    expect(trace).toContain('the source falls back');
  });
});
