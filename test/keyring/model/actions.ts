// Everything that can happen next in a world.
import type { Step } from './explore.js';
import { type Command, commands, type Published } from './operator.js';
import { firstRing, MATERIALS } from './rings.js';
import { LAG } from './scale.js';
import { forgetSignatures, type Issue, signEverything, signOnce } from './tokens.js';
import {
  type Conditions,
  compareReplicas,
  isOverdue,
  NEVER,
  type Replica,
  sorted,
  UP_TO_DATE,
  type World,
} from './world.js';

export type Action =
  | { readonly who: 'time' }
  | { readonly who: 'operator'; readonly command: Command }
  | {
      readonly who: 'replica';
      readonly what: 'reloads' | 'starts' | 'stops' | 'dies';
      readonly name: string;
      readonly generation: number;
    }
  | Issue;

type Happening = Step<World, Action>;

const NOBODY: readonly number[] = MATERIALS.map(() => NEVER);
const NAMES = 'ABC';

/** All replicas run and have the first ring. */
export function beginning(conditions: Conditions): World {
  const ring = firstRing();
  const { replicas: many } = conditions;
  const replicas = [...(many === 'any' ? 'X' : NAMES.slice(0, many))].map((name) => ({
    name,
    generation: 1,
    view: ring.view,
    due: UP_TO_DATE,
    signed: conditions.reports === 'forgotten' ? NOBODY : [],
  }));
  const world: World = {
    time: 0,
    step: 0,
    generation: 1,
    ring,
    former: undefined,
    age: LAG,
    replicas,
    tokens: MATERIALS.map(() => 0),
    issues: MATERIALS.map(() => undefined),
    signed: conditions.reports === 'kept' ? NOBODY : [],
    lingering: [],
    staged: 0,
    hurried: 0,
    broken: undefined,
  };
  return signEverything(world, conditions);
}

/** In a fixed order, since a trace is found again by it. */
export function happenings(world: World, conditions: Conditions): readonly Happening[] {
  if (world.broken !== undefined) return [];
  const list: Happening[] = [];
  const happen = (action: Action, to: World) => list.push({ action, to: signEverything(to, conditions) });
  if (conditions.replicas === 'any') {
    crowdHappenings(world, conditions, happen);
    return list;
  }
  for (let slot = 0; slot < world.replicas.length; slot++) {
    const replica = world.replicas[slot] as Replica;
    const twin = world.replicas[slot - 1];
    if (twin !== undefined && compareReplicas(twin, replica) === 0) continue;
    reload(world, slot, happen);
    stop(world, slot, conditions, happen);
    signOnce(world, slot, conditions, happen);
  }
  if (world.replicas.length < conditions.replicas) start(world, conditions, happen);
  if (!world.replicas.some(isOverdue)) {
    for (const published of commands(world, conditions)) publish(world, published, happen);
    happen({ who: 'time' }, tick(world, conditions));
  }
  return list;
}

/**
 * Any number of replicas: one of each kind that there can be. Nothing is impossible because of a replica more, so
 * nobody ever needs to go, except those whose report forbids a command (they are gone before it), and those that
 * may no longer lag (they are up to date, and so is somebody here already). With room for everybody, a world
 * stands for every one with some of these replicas.
 */
function crowdHappenings(crowd: World, conditions: Conditions, happen: Happen): void {
  const settled = { ...crowd, replicas: crowd.replicas.filter((replica) => !isOverdue(replica)) };
  const grow: Happen = (action, to) => happen(action, { ...to, replicas: everyKind(to, conditions) });
  if (settled.replicas.length < crowd.replicas.length) {
    // The instant of the deadline itself; the step has no name.
    grow({ who: 'time' }, { ...settled, step: settled.step + 1 });
  } else {
    for (const published of commands(crowd, conditions)) {
      const replicas = crowd.replicas.filter((replica) => !published.without.includes(replica.view));
      publish({ ...crowd, replicas }, published, grow);
    }
    grow({ who: 'time' }, tick(crowd, conditions));
  }
  for (let slot = 0; slot < crowd.replicas.length; slot++) signOnce(crowd, slot, conditions, grow);
}

/** With those that can start now. */
function everyKind(world: World, conditions: Conditions): readonly Replica[] {
  const all = [...world.replicas, ...starters(world, conditions, 'X')];
  return sorted(all).filter((replica, index, list) => {
    const twin = list[index - 1];
    return twin === undefined || compareReplicas(twin, replica) !== 0;
  });
}

type Happen = (action: Action, to: World) => void;

function publish(world: World, { command, ring, hurried }: Published, happen: Happen): void {
  const replicas = world.replicas.map((replica) => {
    // Whoever holds the like of the newest ring is as good as up to date.
    const late = replica.due === UP_TO_DATE ? LAG : replica.due;
    const due = replica.view === ring.view ? UP_TO_DATE : late;
    return { ...replica, due, signed: forgetSignatures(replica.signed, ring) };
  });
  happen(
    { who: 'operator', command },
    {
      ...world,
      step: world.step + 1,
      generation: world.generation + 1,
      ring,
      former: world.ring.view,
      age: 0,
      replicas: sorted(replicas),
      signed: forgetSignatures(world.signed, ring),
      staged: world.staged + (command.verb === 'stages' ? 1 : 0),
      hurried: hurried === undefined ? world.hurried : world.hurried | (1 << hurried),
    },
  );
}

/** A tick passes. Nobody ready may be overdue: that is the assumption that the longest lag stands for. */
function tick(world: World, { reports }: Conditions): World {
  const age = Math.min(world.age + 1, LAG);
  const ring = world.ring.later;
  const replicas = world.replicas.map((replica) => ({
    ...replica,
    view: replica.view.later,
    due: replica.due === UP_TO_DATE ? UP_TO_DATE : replica.due - 1,
    signed: forgetSignatures(replica.signed, ring, 1),
  }));
  return {
    ...world,
    step: world.step + 1,
    time: world.time + 1,
    ring,
    // Without reports nobody starts with it any more.
    former: age >= LAG && reports === 'none' ? undefined : world.former?.later,
    age,
    replicas: sorted(replicas),
    tokens: world.tokens.map((ticks) => Math.max(0, ticks - 1)),
    signed: forgetSignatures(world.signed, ring, 1),
    lingering: [],
  };
}

function reload(world: World, slot: number, happen: Happen): void {
  const replica = world.replicas[slot] as Replica;
  if (replica.due === UP_TO_DATE) return;
  const fresh = { ...replica, view: world.ring.view, generation: world.generation, due: UP_TO_DATE };
  change(world, sorted(world.replicas.with(slot, fresh)), fresh, 'reloads', happen);
}

/** A restart is a stop and a start. */
function stop(world: World, slot: number, { reports }: Conditions, happen: Happen): void {
  const replica = world.replicas[slot] as Replica;
  const others = world.replicas.toSpliced(slot, 1);
  change(world, others, replica, 'stops', happen);
  if (reports !== 'kept') return;
  const lingering = [...new Set([...world.lingering, replica.view])].sort((a, b) => a.number - b.number);
  change({ ...world, lingering }, others, replica, 'dies', happen);
}

function start(world: World, conditions: Conditions, happen: Happen): void {
  const name = [...NAMES].find((free) => world.replicas.every((replica) => replica.name !== free)) as string;
  for (const replica of starters(world, conditions, name))
    change(world, sorted([...world.replicas, replica]), replica, 'starts', happen);
}

/** What a replica can start with: the newest ring, or the one before. */
function starters(world: World, { reports }: Conditions, name: string): readonly Replica[] {
  const { ring, former, generation, age } = world;
  const signed = reports === 'forgotten' ? NOBODY : [];
  const current = { name, generation, view: ring.view, due: UP_TO_DATE, signed };
  if (former === undefined || former === ring.view || (reports === 'none' && age >= LAG)) return [current];
  const due = reports === 'none' ? LAG - age : LAG;
  return [current, { name, generation: generation - 1, view: former, due, signed }];
}

function change(
  world: World,
  replicas: readonly Replica[],
  { name, generation }: Replica,
  what: 'reloads' | 'starts' | 'stops' | 'dies',
  happen: Happen,
): void {
  happen({ who: 'replica', what, name, generation }, { ...world, step: world.step + 1, replicas });
}
