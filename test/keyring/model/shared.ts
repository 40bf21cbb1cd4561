// The model of a ring that replicas share in a store, with a lease. shared-model.test.ts says what it stands for.
import { KeyturnError } from '../../../src/errors.js';
import { type FleetFacts, factsOf } from '../../../src/fleet/facts.js';
import type { FleetTimes } from '../../../src/fleet/fleet-times.js';
import { endedFacts, lastSignedOf, lastSignedUntil } from '../../../src/fleet/replica-facts.js';
import type { ReplicaReport } from '../../../src/fleet/report.js';
import { turn } from '../../../src/keyring/automatic.js';
import { Key, type Material } from '../../../src/keyring/key.js';
import { Keyring } from '../../../src/keyring/keyring.js';
import type { Moment } from '../../../src/keyring/live.js';
import { applyScheduled } from '../../../src/keyring/scheduled.js';
import { promote, retire, rollback, stage } from '../../../src/keyring/transitions.js';
import { knownToAllAt } from '../../../src/keyring/waits.js';
import { RingLease } from '../../../src/runtime/lease.js';
import { heard } from '../../support/heard.js';
import type { Step } from './explore.js';
import { keyName, keyNumber, MATERIALS } from './rings.js';
import { CLOCKS, FACTS, LAG, LIFETIME, moment, SKEW, ticksUntil } from './scale.js';

const SECONDS = (moment(1) - moment(0)) / 1000;

/** In seconds, as the configuration would say it. */
function timesOf({ lease }: SharedConditions): FleetTimes {
  return { maxLag: LAG * SECONDS, lease: lease * SECONDS, skew: SKEW * SECONDS };
}

/** What is explored. Where a rule is not the right one, the check must find it. */
export interface SharedConditions {
  /** How long a replica goes on without hearing of its ring, in ticks. */
  readonly lease: number;
  /** How often a key is staged, and how many steps are taken in all. */
  readonly rotations: number;
  readonly steps: number;
  /** Whether keys are staged by operators, by the ring itself, or by operators with a plan that counts on the lag alone. */
  readonly staging: 'by hand' | 'by itself' | 'scheduled by hand';
  /** Whether the store may lose everything, once. */
  readonly losses: boolean;
  readonly rules: SharedRules;
}

export interface SharedRules {
  /** What becomes of the lease when another ring is in force. */
  readonly changed: (lease: RingLease) => RingLease;
  /** Before that moment the replica is ready. */
  readonly until: (lease: RingLease) => Moment;
  /** Ticks after which its report counts no more. */
  readonly reportLease: (lease: number) => number;
  /** What a report tells, of all that it could. */
  readonly told: (report: ReplicaReport) => ReplicaReport;
  /** What the report knows that stands for those that were lost. */
  readonly standsIn: (ring: Keyring) => readonly string[];
}

export const RULES: SharedRules = {
  changed: (lease) => lease.silent(),
  until: (lease) => lease.until,
  reportLease: (lease) => lease,
  told: (report) => report,
  standsIn: (ring) => ring.live.filter(({ state }) => state !== 'staged').map(({ id }) => id),
};

/** By key id. */
type Moments = Readonly<Record<string, number>>;

interface Reported {
  readonly at: number;
  readonly report: ReplicaReport;
}

/** The one replica that everything happens to. All others hear of everything at once. */
interface Replica {
  readonly ring: Keyring;
  readonly lease: RingLease;
  /** When it last signed with each key, as it would report; milliseconds since 1970. */
  readonly signed: Moments;
  readonly gone: boolean;
}

export interface SharedWorld {
  /** Ticks. */
  readonly now: number;
  readonly ring: Keyring;
  readonly staged: number;
  readonly steps: number;
  readonly lost: boolean;
  readonly replica: Replica;
  readonly report: Reported | undefined;
  /** Stands for reports that were lost. */
  readonly standIn: Reported | undefined;
  /** Milliseconds since 1970. */
  readonly ended: Moments;
  /** When the token of each key that lives longest expires, in ticks. */
  readonly tokens: Moments;
}

export type Violation = string;

type Happen = (what: string, change: Partial<SharedWorld>) => void;

const at = (ticks: number): Moment => ({ now: moment(ticks), monotonic: ticks * SECONDS * 1000 });

export function beginning(conditions: SharedConditions): SharedWorld {
  const key = new Key(MATERIALS[0] as Material, 'active', {
    dates: { active: moment(-50) },
    lifetimes: FACTS.lifetimes,
  });
  const ring = new Keyring([key], { id: 'ring', generation: 1 });
  const lease = new RingLease(timesOf(conditions)).heard(at(0)).reported(at(0), at(0));
  const replica = { ring, lease, signed: {}, gone: false };
  const world: SharedWorld = {
    now: 0,
    ring,
    staged: 0,
    steps: 0,
    lost: false,
    replica,
    report: { at: 0, report: conditions.rules.told(reportOf(replica, 0, conditions)) },
    standIn: undefined,
    ended: {},
    tokens: {},
  };
  return signEverything(world, conditions.rules);
}

/** In a fixed order, since a trace is found again by it. */
export function happenings(
  world: SharedWorld,
  conditions: SharedConditions,
): readonly Step<SharedWorld, string>[] {
  const list: Step<SharedWorld, string>[] = [];
  const happen: Happen = (what, change) =>
    list.push({
      action: `t=${world.now} ${what}`,
      to: signEverything({ ...world, ...change }, conditions.rules),
    });
  replicaActs(world, conditions, happen);
  operates(world, conditions, happen);
  if (conditions.losses && !world.lost) losesAll(world, conditions, happen);
  happen('a tick passes', { now: world.now + 1 });
  return list;
}

function replicaActs(world: SharedWorld, conditions: SharedConditions, happen: Happen): void {
  const { now, ring, replica } = world;
  if (replica.gone) return;
  const { generation } = replica.ring;
  const said = reportOf(replica, now, conditions);
  const heard = replica.lease.heard(at(now));
  happen(`the replica hears of generation ${ring.generation}`, {
    replica: { ...replica, ring, lease: ring === replica.ring ? heard : conditions.rules.changed(heard) },
  });
  happen(`the replica reports generation ${generation}`, {
    replica: { ...replica, lease: replica.lease.reported(at(now), at(now)) },
    report: { at: now, report: conditions.rules.told(said) },
  });
  happen('the replica says goodbye', {
    replica: { ...replica, gone: true, lease: replica.lease.silent() },
    report: undefined,
    ended: latest(world.ended, lastSignedOf(said)),
  });
}

/**
 * Whoever can signs at once: a token forbids nothing, and whoever refuses one refuses the one of the same key that lives
 * longest. What the replica signed it says in its next report; what it signed before that is then said as well.
 */
function signEverything(world: SharedWorld, rules: SharedRules): SharedWorld {
  const { now, ring, replica } = world;
  let { tokens } = world;
  let { signed } = replica;
  const ready = isReady(world, rules);
  for (const clock of CLOCKS) {
    const expires = now + clock + LIFETIME;
    tokens = later(tokens, applyScheduled(ring, moment(now + clock)).active.id, expires);
    if (!ready) continue;
    const key = applyScheduled(replica.ring, moment(now + clock)).active.id;
    tokens = later(tokens, key, expires);
    signed = later(signed, key, moment(now + clock));
  }
  if (tokens === world.tokens && signed === replica.signed) return world;
  return { ...world, tokens, replica: signed === replica.signed ? replica : { ...replica, signed } };
}

function operates(world: SharedWorld, conditions: SharedConditions, happen: Happen): void {
  const { now, ring, staged, steps } = world;
  if (steps === conditions.steps) return;
  const { rotations, staging } = conditions;
  // The later the clock the more is allowed; only where keys take over by themselves it also sees another ring.
  const clocks = staging === 'by hand' ? [SKEW] : CLOCKS;
  const fresh = MATERIALS[ring.keys.length] as Material;
  const found = CLOCKS.map((clock) => tidied(world, conditions, clock));
  const attempt = (
    what: string,
    clock: number,
    change: (facts: FleetFacts) => Keyring,
    more: Partial<SharedWorld> = {},
  ) => {
    const seen = found[clock] as ReturnType<typeof tidied>;
    const next = refused(() => change(seen.facts));
    if (next === undefined || next === ring) return;
    const dated = datedBySlowest(next, seen.facts.now, moment(now));
    const who = `operator${clock === 0 ? '' : ', its clock ahead,'}`;
    happen(`${who} ${what} (generation ${next.generation})`, {
      ...seen.world,
      ring: dated,
      steps: steps + 1,
      ...more,
    });
  };
  if (staged < rotations) {
    const more = { staged: staged + 1 };
    if (staging === 'by hand')
      attempt(`stages ${keyName(ring.keys.length)}`, 0, (facts) => stage(ring, fresh, facts), more);
    if (staging === 'scheduled by hand') {
      attempt(
        `stages ${keyName(ring.keys.length)} to take over`,
        0,
        (facts) => stage(ring, fresh, facts, knownToAllAt(facts)),
        more,
      );
    }
    for (const clock of staging === 'by itself' ? CLOCKS : [])
      attempt(
        '(the ring itself) stages a key',
        clock,
        (facts) => turn(ring, { every: 1, lease: facts.lease }, () => fresh, facts),
        more,
      );
  }
  for (const { id, state } of applyScheduled(ring, moment(now)).keys) {
    if (state !== 'staged' && state !== 'retiring') continue;
    const number = (facts: FleetFacts) => ({ ...facts, expectedReplicas: world.replica.gone ? 1 : 2 });
    for (const clock of clocks)
      attempt(`promotes ${nameOf(id)}`, clock, (facts) => promote(ring, id, number(facts)));
    for (const clock of clocks) attempt(`retires ${nameOf(id)}`, clock, (facts) => retire(ring, id, facts));
  }
  for (const clock of clocks) attempt('rolls back', clock, (facts) => rollback(ring, facts));
}

/** The clock that decides may be ahead; the dates are those of the slowest one. */
function datedBySlowest(ring: Keyring, decided: number, now: number): Keyring {
  if (decided === now) return ring;
  const keys = ring.keys.map(({ id, state, dates, material, lifetimes, scheduledFor }) => {
    const moments = Object.entries(dates).map(([entered, when]) => [entered, when === decided ? now : when]);
    return new Key(material ?? id, state, { dates: Object.fromEntries(moments), lifetimes, scheduledFor });
  });
  return new Keyring(keys, { id: 'ring', generation: ring.generation });
}

/** Somebody puts the ring back at once, and says what those may have said whose reports are lost. */
function losesAll(world: SharedWorld, conditions: SharedConditions, happen: Happen): void {
  const { now } = world;
  const { rules, lease } = conditions;
  const ring = applyScheduled(world.ring, moment(now));
  const verifies = rules.standsIn(ring);
  const report = { ...reportOf(upToDate(world), now, conditions), verifies, standIn: true as const };
  happen('the store loses everything, and gets the ring back', {
    lost: true,
    report: undefined,
    ended: Object.fromEntries(verifies.map((kid) => [kid, moment(now + lease)])),
    standIn: { at: now, report: rules.told(report) },
  });
}

/** Any other replica: they hear of everything at once, and say so. */
function upToDate({ now, ring, replica }: SharedWorld): Replica {
  return { ...replica, ring: applyScheduled(ring, moment(now)), signed: {} };
}

/** What whoever decides finds, and leaves: reports that count no more are cleared away, and what they tell is kept. */
function tidied(world: SharedWorld, conditions: SharedConditions, clock: number) {
  const { rules, lease } = conditions;
  const now = moment(world.now + clock);
  let { ended } = world;
  const read = (reported: Reported | undefined, counts: number): Reported | undefined => {
    if (reported === undefined || world.now - reported.at <= counts) return reported;
    ended = latest(ended, lastSignedUntil(reported.report, moment(reported.at + clock + counts)));
    return undefined;
  };
  const report = read(world.report, rules.reportLease(lease));
  const standIn = read(world.standIn, lease);
  const live = [report, standIn].flatMap((one) =>
    one === undefined ? [] : [heard({ ...one.report, at: now - (world.now - one.at) * SECONDS * 1000 })],
  );
  const other = reportOf(upToDate(world), world.now + clock, conditions);
  const times = timesOf(conditions);
  const facts = factsOf([...live, heard(other)], [endedFacts(ended)], {
    times,
    lifetimes: FACTS.lifetimes,
    now,
  });
  return { facts, world: { report, standIn, ended } };
}

function reportOf({ ring, signed }: Replica, ticks: number, conditions: SharedConditions): ReplicaReport {
  const now = moment(ticks);
  const { maxLag, lease, skew } = timesOf(conditions);
  const present = applyScheduled(ring, now);
  const use = { purpose: 'session', verified: 0, verifiedAt: 0, signed: 1 };
  return {
    instance: 'a replica',
    host: 'host',
    pid: 1,
    at: now,
    profile: 'prod',
    source: '',
    ring: ring.id,
    generation: ring.generation,
    fingerprint: '',
    verifies: present.live.map(({ id }) => id),
    signs: present.active.id,
    scheduled: present.keys.flatMap(({ id, scheduledFor }) =>
      scheduledFor === undefined ? [] : [{ kid: id, from: scheduledFor - skew * 1000 }],
    ),
    loadedAt: now,
    uses: Object.entries(signed).map(([kid, signedAt]) => ({ ...use, kid, signedAt })),
    lifetimes: FACTS.lifetimes,
    maxLag,
    lease,
    degraded: undefined,
  };
}

function isReady({ now, replica }: SharedWorld, { until }: SharedRules): boolean {
  const end = until(replica.lease);
  return at(now).now < end.now && at(now).monotonic < end.monotonic;
}

/** A token that somebody ready refuses although it has not expired. */
export function refusal(world: SharedWorld, { rules }: SharedConditions): Violation | undefined {
  const { now, ring, replica, tokens } = world;
  for (const [key, expires] of Object.entries(tokens)) {
    if (expires <= now) continue;
    if (ring.get(key)?.live !== true) return `t=${now} another refuses the ${nameOf(key)} token`;
    // Having said goodbye it is not ready, and finishes what it was at.
    if (!replica.gone && isReady(world, rules) && replica.ring.get(key)?.live !== true)
      return `t=${now} the replica (generation ${replica.ring.generation}) refuses the ${nameOf(key)} token`;
  }
  return undefined;
}

/** Equal for worlds from which the same can happen: moments as ticks from now, none from before any rule asks. */
export function keyOf(world: SharedWorld, { lease }: SharedConditions): string {
  const { now, ring, staged, steps, lost, replica, report, standIn, ended, tokens } = world;
  const { heard, reported, reportedSince } = replica.lease.facts;
  /** From this age on no rule asks how old something is. */
  const asked = LAG + LIFETIME + 2 * SKEW + lease;
  const ago = (at_: number | undefined, longest = asked) =>
    at_ === undefined ? '' : Math.max(-longest, Math.round(ticksUntil(at_)) - now);
  const moments = (all: Moments) =>
    Object.entries(all)
      .filter(([kid, at_]) => isAsked(ring, kid, at_))
      .map(([kid, at_]) => `${keyNumber(kid)}:${ago(at_)}`);
  const keys = (of: Keyring) =>
    of.keys.map(({ id, state, dates, scheduledFor }) => {
      const since = state === 'staged' ? dates.staged : state === 'retiring' ? dates.retiring : undefined;
      return `${keyNumber(id)}${state}${ago(since)}p${ago(scheduledFor)}`;
    });
  const said = (one: Reported | undefined) => {
    if (one === undefined) return '';
    const { verifies, signs, scheduled = [] } = one.report;
    const plans = scheduled.map(({ kid, from }) => `${keyNumber(kid)}:${ago(from)}`);
    const age = Math.min(now - one.at, asked);
    return [
      age,
      verifies.map(keyNumber),
      keyNumber(signs ?? ''),
      plans,
      moments(lastSignedOf(one.report)),
    ].join(' ');
  };
  const alive = Object.entries(tokens).filter(([, expires]) => expires > now);
  return [
    keys(ring),
    staged,
    steps,
    lost,
    keys(replica.ring),
    replica.gone,
    ago(heard.now, lease + 1),
    ago(reported.now, lease + 1),
    ago(reportedSince.now, lease + LAG + 1),
    moments(replica.signed),
    said(report),
    said(standIn),
    moments(ended),
    alive.map(([kid, expires]) => `${keyNumber(kid)}:${expires - now}`),
  ].join('|');
}

/** Whoever signed before the wait for its key began, or within the lag that it allows for, is waited for anyway. */
function isAsked(ring: Keyring, kid: string, signedAt: number): boolean {
  const key = ring.get(kid);
  if (key?.state === 'retiring') return signedAt > (key.dates.retiring ?? 0) + LAG * SECONDS * 1000;
  return key?.state === 'staged';
}

function nameOf(kid: string): string {
  return keyName(keyNumber(kid));
}

/** With the later of both moments of a key; the same where nothing changes. */
function later(moments: Moments, kid: string, at_: number): Moments {
  return (moments[kid] ?? Number.NEGATIVE_INFINITY) >= at_ ? moments : { ...moments, [kid]: at_ };
}

function latest(one: Moments, other: Moments): Moments {
  return Object.entries(other).reduce((all, [kid, at_]) => later(all, kid, at_), one);
}

function refused(change: () => Keyring): Keyring | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return change();
  } catch (error) {
    if (error instanceof KeyturnError) return undefined;
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
