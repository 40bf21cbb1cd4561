// Signing and re-signing.
//
// A token more never makes anything impossible, and of the tokens of one key whoever refuses one refuses the one
// that lives longest. So a world with all tokens that can have been signed stands for every world with fewer, and
// everybody who can signs at once. The exception is a signature that, once reported, holds up a retirement: there
// both are explored, that it was made and that it was not.
import type { KeyState } from '../../../src/keyring/key.js';
import type { Ring, View } from './rings.js';
import { CLOCKS, LIFETIME, SKEW } from './scale.js';
import {
  type Conditions,
  isOverdue,
  NEVER,
  type Replica,
  sorted,
  type Violation,
  type World,
} from './world.js';

/** A token that came into the world. */
export interface Issue {
  readonly who: 'replica';
  readonly what: 'signs' | 're-signs';
  readonly name: string;
  readonly generation: number;
  readonly key: number;
  /** How far the clock that signed was ahead. */
  readonly clock: number;
  readonly time: number;
  /** After so many steps. */
  readonly step: number;
  readonly expires: number;
  /** For a token that was re-signed: the one that it was made from. */
  readonly from?: Issue;
}

/** Everybody signs and re-signs what can be, except what {@link signOnce} leaves open. */
export function signEverything(world: World, conditions: Conditions): World {
  let signed = world;
  for (const replica of world.replicas) {
    for (const clock of clocks(conditions)) {
      const { signs } = seen(world, replica, clock);
      if (countsAgainst(world, conditions, signs, clock)) continue;
      signed = sign(signed, replica, signs, clock);
    }
  }
  for (let before: World | undefined; before !== signed && signed.broken === undefined; ) {
    before = signed;
    for (const replica of world.replicas) {
      for (const option of resignable(signed, replica, conditions)) {
        if (countsAgainst(world, conditions, option.to, option.clock)) continue;
        signed = resign(signed, replica, option, conditions);
      }
    }
  }
  return signed;
}

/** The signatures that may hold up a retirement: each is made or not. */
export function signOnce(
  world: World,
  slot: number,
  conditions: Conditions,
  happen: (issue: Issue, to: World) => void,
): void {
  if (conditions.reports === 'none') return;
  const replica = world.replicas[slot] as Replica;
  const report = (signed: World, key: number, clock: number) => {
    if (signed !== world || (noted(world, replica)[key] as number) < clock)
      happen(signed.issues[key] as Issue, note(signed, slot, key, clock));
  };
  for (const clock of clocks(conditions)) {
    const { signs } = seen(world, replica, clock);
    if (countsAgainst(world, conditions, signs, clock))
      report(sign(world, replica, signs, clock), signs, clock);
  }
  for (const option of resignable(world, replica, conditions)) {
    const { to, clock } = option;
    if (countsAgainst(world, conditions, to, clock))
      report(resign(world, replica, option, conditions), to, clock);
  }
}

/**
 * Whether a signature that is made now makes a retirement wait longer once it is reported. The wait for a key that
 * is not retiring has not begun; and whoever stopped in time is waited for anyway. operator.ts checks the latter
 * against the transitions.
 */
function countsAgainst({ ring }: World, { reports }: Conditions, key: number, clock: number): boolean {
  return reports !== 'none' && clock > (ring.lastExpected[key] as number);
}

/** Drops what no retirement waits for any longer. */
export function forgetSignatures(signed: readonly number[], ring: Ring, ticks = 0): readonly number[] {
  if (signed.every((at) => at === NEVER)) return signed;
  return signed.map((at, key) =>
    at === NEVER || at - ticks <= (ring.lastExpected[key] as number) ? NEVER : at - ticks,
  );
}

/** The ring of a replica by one clock. While somebody is overdue it is the instant before the tick. */
function seen({ replicas }: World, { view }: Replica, clock: number): View {
  if (view.at[clock] === view) return view;
  return (replicas.some(isOverdue) ? view.before[clock] : view.at[clock]) as View;
}

/** Where nothing else depends on the clock that signs, the fastest one stands for all: its tokens live longest. */
function clocks({ reports, plans }: Conditions): readonly number[] {
  return reports === 'none' && !plans ? [SKEW] : CLOCKS;
}

function sign(world: World, replica: Replica, key: number, clock: number): World {
  const expires = clock + LIFETIME;
  if ((world.tokens[key] as number) >= expires) return world;
  return issue(world, replica, { what: 'signs', key, clock, expires });
}

interface Resignable {
  readonly from: number;
  readonly to: number;
  readonly clock: number;
}

function resignable(world: World, replica: Replica, { rules, plans }: Conditions): readonly Resignable[] {
  const list: Resignable[] = [];
  // The slowest clock takes most tokens; only where keys take over by themselves another one sees another ring.
  for (const clock of plans ? CLOCKS : [0]) {
    const { signs, states, verifies } = seen(world, replica, clock);
    for (let from = 0; from < states.length; from++) {
      if (from === signs || verifies[from] !== true || (world.tokens[from] as number) <= clock) continue;
      if (rules.resigns(states[from] as KeyState)) list.push({ from, to: signs, clock });
    }
  }
  return list;
}

function resign(
  world: World,
  replica: Replica,
  { from, to, clock }: Resignable,
  { rules, onlyRefusals }: Conditions,
): World {
  const expiry = world.tokens[from] as number;
  const expires = rules.resignedExpiry(expiry);
  const state = seen(world, replica, clock).states[from] as KeyState;
  const broken = onlyRefusals === true ? undefined : brokenBy(state, from, to, expires !== expiry);
  if (broken === undefined && expires <= (world.tokens[to] as number)) return world;
  const token = { what: 're-signs', key: to, clock, expires, from: world.issues[from] as Issue } as const;
  return { ...issue(world, replica, token), broken: broken ?? world.broken };
}

/**
 * Re-signing has two invariants of its own:
 * - never back: in the ring that the replica holds, the turn of the token's key was before that of the active one,
 *   which is what `retiring` says. The turn of a staged key is still to come.
 * - a re-signed token keeps its dates.
 */
function brokenBy(state: KeyState, from: number, to: number, redated: boolean): Violation | undefined {
  if (state !== 'retiring') return { what: 'moves back', from, to };
  return redated ? { what: 'changes dates', from, to } : undefined;
}

/** For each key only the token that lives longest is kept. */
function issue(
  world: World,
  { name, generation }: Replica,
  token: Pick<Issue, 'what' | 'key' | 'clock' | 'expires' | 'from'>,
): World {
  const { time, step } = world;
  const made: Issue = {
    who: 'replica',
    name,
    generation,
    time,
    step,
    ...token,
    expires: time + token.expires,
  };
  return {
    ...world,
    tokens: world.tokens.with(token.key, token.expires),
    issues: world.issues.with(token.key, made),
  };
}

function noted(world: World, replica: Replica): readonly number[] {
  return replica.signed.length > 0 ? replica.signed : world.signed;
}

/** The replica says in its report that it has signed. */
function note(world: World, slot: number, key: number, clock: number): World {
  const replica = world.replicas[slot] as Replica;
  const later = (signed: readonly number[]) => signed.with(key, Math.max(signed[key] as number, clock));
  const step = world.step + 1;
  if (replica.signed.length === 0) return { ...world, step, signed: later(world.signed) };
  const reported = { ...replica, signed: later(replica.signed) };
  return { ...world, step, replicas: sorted(world.replicas.with(slot, reported)) };
}
