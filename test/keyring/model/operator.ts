// What an operator can do to a ring: every command that the rules allow, with every clock.
import { KeyturnError } from '../../../src/errors.js';
import { Key, type Material } from '../../../src/keyring/key.js';
import { Keyring } from '../../../src/keyring/keyring.js';
import type { ReplicaFacts, TransitionFacts } from '../../../src/keyring/step-facts.js';
import { promote } from '../../../src/keyring/transitions.js';
import { keyNumber, kidOf, MATERIALS, type Ring, ringOf, type View } from './rings.js';
import type { Rules } from './rules.js';
import { CLOCKS, FACTS, LAG, moment, SKEW, STEADY } from './scale.js';
import { type Conditions, NEVER, type Replica, type World } from './world.js';

export interface Command {
  readonly verb: 'stages' | 'promotes' | 'rolls back' | 'retires' | 'revokes';
  readonly key: number;
  /** How far the clock of the operator is ahead. */
  readonly clock: number;
  /** Ticks until the key takes over by itself. */
  readonly plan?: number;
  /** Whether the operator says how many replicas there are. */
  readonly counted?: boolean;
}

export interface Published {
  readonly command: Command;
  readonly ring: Ring;
  /** A key that now signs although promoting it would have been refused: only revoking does that. */
  readonly hurried: number | undefined;
  /** Replicas that had to be gone for it; where any number of replicas is explored. */
  readonly without: readonly View[];
}

/** The transitions are pure: each question is asked once. */
const answers = new WeakMap<Conditions, Map<string, readonly Published[]>>();
const alone = new WeakMap<Conditions, Map<string, boolean>>();

/** Everything that an operator can publish now. */
export function commands(world: World, conditions: Conditions): readonly Published[] {
  const known = memo(answers, conditions);
  const question = questionOf(world, conditions);
  let answer = known.get(question);
  if (answer === undefined) {
    answer = possible(world, conditions).flatMap((command) => {
      const published = ask(command, world, conditions);
      return published === undefined ? [] : [published];
    });
    known.set(question, answer);
  }
  return answer;
}

/** All that the answer depends on. */
function questionOf({ ring, staged, replicas, lingering, signed }: World, { reports }: Conditions): string {
  let question = `${ring.number} ${staged}`;
  if (reports === 'none') return question;
  for (const replica of replicas) question += ` ${replica.view.number}.${replica.signed.join()}`;
  for (const view of lingering) question += ` +${view.number}`;
  return `${question} ${signed.join()}`;
}

function ask(command: Command, world: World, conditions: Conditions): Published | undefined {
  const { rules } = conditions;
  const { keyring } = world.ring;
  const without = conditions.replicas === 'any' ? hindrances(command, world, conditions) : [];
  const facts = factsFor(command, world, conditions, without);
  const next = attempt(() => carryOut(command, keyring, rules, facts));
  checkForgetting(command, world.ring, conditions, facts, next !== undefined);
  if (next === undefined) return undefined;
  const promotion = { ...facts, now: moment(0), clocks: STEADY };
  return {
    command,
    ring: ringOf(datedBySlowest(next, facts.now)),
    hurried: hurriedBy(command, keyring, next, promotion),
    without,
  };
}

/** What the replicas of a crowd hold that must be gone for a command to be allowed. */
function hindrances(command: Command, world: World, conditions: Conditions): readonly View[] {
  if (conditions.reports === 'none') return [];
  const allowed = (replicas: readonly Replica[]) => {
    const facts = factsFor(command, { ...world, replicas }, conditions, []);
    return attempt(() => carryOut(command, world.ring.keyring, conditions.rules, facts)) !== undefined;
  };
  const known = memo(alone, conditions);
  const question = `${world.ring.number} ${command.verb} ${command.key} ${command.clock} ${command.counted} ${world.signed}`;
  const hinders = (replica: Replica) => {
    const about = `${question} ${replica.view.number}`;
    const answer = known.get(about) ?? !allowed([replica]);
    known.set(about, answer);
    return answer;
  };
  const without = new Set(world.replicas.filter(hinders).map((replica) => replica.view));
  const rest = world.replicas.filter((replica) => !without.has(replica.view));
  if (rest.length > 0 && !allowed(rest))
    throw new Error('no rule may refuse replicas together that it takes one by one');
  return [...without];
}

function memo<Answer>(
  answers: WeakMap<Conditions, Map<string, Answer>>,
  conditions: Conditions,
): Map<string, Answer> {
  const known = answers.get(conditions) ?? new Map<string, Answer>();
  answers.set(conditions, known);
  return known;
}

/** The clock that decides may be ahead; the dates are those of the slowest one. */
function datedBySlowest(ring: Keyring, now: number): Keyring {
  const keys = ring.keys.map((key) => {
    const dates = Object.entries(key.dates).map(([state, at]) => [state, at === now ? moment(0) : at]);
    const { lifetimes, scheduledFor } = key;
    return new Key(key.material ?? key.id, key.state, {
      dates: Object.fromEntries(dates),
      lifetimes,
      scheduledFor,
    });
  });
  return new Keyring(keys, { id: 'ring' });
}

/** What the model leaves out of its rings and reports must make no difference to any rule. */
function checkForgetting(
  command: Command,
  { keyring, older, lastExpected }: Ring,
  { reports, rules }: Conditions,
  facts: TransitionFacts,
  allowed: boolean,
): void {
  // Signatures that the rules reckon with anyway: to be told of them changes nothing.
  const expected = lastExpected.map((ticks) => (Number.isFinite(ticks) ? ticks : NEVER));
  const told = { ...facts, replicas: [...facts.replicas, endedReport(expected)] };
  const same =
    allowed === (attempt(() => carryOut(command, older, rules, facts)) !== undefined) &&
    (reports === 'none' ||
      allowed === (attempt(() => carryOut(command, keyring, rules, told)) !== undefined));
  if (!same) throw new Error(`a rule looks at what the model forgets: ${JSON.stringify(command)}`);
}

/** Whatever is worth asking for; the transitions decide. */
function possible(world: World, conditions: Conditions): readonly Command[] {
  const { rotations, plans, reports } = conditions;
  const { ring, staged } = world;
  const { keys } = ring.keyring;
  // A fresh key may take the place of a revoked one once.
  const spare = keys.length === 1 + staged;
  const list: Command[] = [];
  if (staged < rotations) {
    list.push({ verb: 'stages', key: keys.length, clock: 0 });
    if (plans) list.push({ verb: 'stages', key: keys.length, clock: 0, plan: LAG + SKEW });
  }
  // The later the clock the more is allowed; only where keys take over by themselves it also sees another ring.
  for (const clock of plans ? CLOCKS : [SKEW]) {
    const { states, signs } = ring.view.at[clock] as View;
    const waiting = states.indexOf('staged');
    list.push({ verb: 'rolls back', key: signs, clock });
    for (let key = 0; key < keys.length; key++) {
      const state = states[key];
      if (state === 'staged') {
        const promotes = { verb: 'promotes', key, clock } as const;
        list.push(promotes);
        if (reports !== 'none') list.push({ ...promotes, counted: true });
      }
      if (state === 'retiring') list.push({ verb: 'promotes', key, clock });
      if (state === 'staged' || (state === 'retiring' && clock === SKEW))
        list.push({ verb: 'retires', key, clock });
      const another = spare || waiting >= 0 || key !== signs;
      if (ring.view.verifies[key] === true && another) list.push({ verb: 'revokes', key, clock });
    }
  }
  return list;
}

function carryOut(
  { verb, key, plan }: Command,
  ring: Keyring,
  rules: Rules,
  facts: TransitionFacts,
): Keyring {
  const unused = MATERIALS[ring.keys.length] as Material;
  switch (verb) {
    case 'stages':
      return rules.stage(ring, unused, facts, plan === undefined ? undefined : moment(plan));
    case 'promotes':
      return rules.promote(ring, kidOf(key), facts);
    case 'rolls back':
      return rules.rollback(ring, facts);
    case 'retires':
      return rules.retire(ring, kidOf(key), facts);
    case 'revokes':
      return rules.revoke(ring, kidOf(key), unused, facts);
  }
}

function attempt(transition: () => Keyring): Keyring | undefined {
  // Refusals are many and nobody reads where they come from.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return transition();
  } catch (error) {
    if (error instanceof KeyturnError) return undefined;
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function factsFor(
  { clock, counted }: Command,
  world: World,
  { reports, operators }: Conditions,
  without: readonly View[],
): TransitionFacts {
  const replicas = world.replicas.filter((replica) => !without.includes(replica.view));
  return {
    ...FACTS,
    now: moment(clock),
    clocks: operators === 'one machine' ? STEADY : undefined,
    replicas: reports === 'none' ? [] : reportsOf(world, replicas),
    expectedReplicas: counted === true ? replicas.length : undefined,
    why: 'the model wants it',
  };
}

function hurriedBy(
  { verb }: Command,
  before: Keyring,
  after: Keyring,
  facts: TransitionFacts,
): number | undefined {
  const successor = after.active.id;
  if (verb !== 'revokes' || successor === before.active.id) return undefined;
  const allowed = before.get(successor) !== undefined && attempt(() => promote(before, successor, facts));
  return allowed ? undefined : keyNumber(successor);
}

function reportsOf(world: World, replicas: readonly Replica[]): readonly ReplicaFacts[] {
  return [
    ...replicas.map((replica) => reportOf(replica.view, replica.signed)),
    ...world.lingering.map((view) => reportOf(view, [])),
    endedReport(world.signed),
  ];
}

const reports = new Map<View, ReplicaFacts>();

function reportOf(view: View, signed: readonly number[]): ReplicaFacts {
  let report = reports.get(view);
  if (report === undefined) {
    const verifies = view.verifies.flatMap((verifies, key) => (verifies ? [kidOf(key)] : []));
    report = { instance: 'a replica', verifies, signs: kidOf(view.signs) };
    reports.set(view, report);
  }
  return signed.length === 0 ? report : { ...report, lastSigned: lastSigned(signed) };
}

/** Of those that signed it does not matter who still runs. */
function endedReport(signed: readonly number[]): ReplicaFacts {
  return { instance: 'all together', ended: true, verifies: [], signs: '', lastSigned: lastSigned(signed) };
}

function lastSigned(signed: readonly number[]): Record<string, number> {
  return Object.fromEntries(
    signed.flatMap((ticks, key) => (ticks === NEVER ? [] : [[kidOf(key), moment(ticks)]])),
  );
}
