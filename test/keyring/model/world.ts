// The state of the model. model.test.ts says what it stands for and what it assumes.
import type { Ring, View } from './rings.js';
import type { Rules } from './rules.js';
import type { Issue } from './tokens.js';

/** What is explored: how much of it, under which assumptions, and with which rules. */
export interface Conditions {
  /** At most so many run at once; or any number, which crowd.ts explores as one. */
  readonly replicas: number | 'any';
  /** How often a key is staged. */
  readonly rotations: number;
  /**
   * - `none`: nobody reports. A replica starts with the ring before the newest only while that is fresh enough
   *   for its lateness to stay within the lag.
   * - `kept`: every replica reports before it is ready, and may start with the ring before the newest at any time.
   *   What it said of its last signatures outlives it.
   * - `forgotten`: the same, but what a replica said goes with it.
   */
  readonly reports: 'none' | 'kept' | 'forgotten';
  /** Whether each step is taken on a machine of its own, or all on one, whose boot and uptime they find again. */
  readonly operators: 'machines apart' | 'one machine';
  /** Whether keys may be staged so that they take over by themselves. */
  readonly plans: boolean;
  readonly rules: Rules;
  /** Whether only refused tokens count, and not the invariants of re-signing. */
  readonly onlyRefusals?: boolean;
}

/** A ready replica. */
export interface Replica {
  readonly name: string;
  readonly generation: number;
  readonly view: View;
  /** Ticks until it must have loaded a newer ring; {@link UP_TO_DATE} when it has the newest. */
  readonly due: number;
  /** Ticks since it last signed with each key, where the model keeps that with the replica. */
  readonly signed: readonly number[];
}

export interface World {
  /** Ticks and things that have happened so far: for traces only. */
  readonly time: number;
  readonly step: number;
  readonly generation: number;
  readonly ring: Ring;
  /** The ring before the newest. */
  readonly former: View | undefined;
  /** Ticks since the newest ring was published; not counted beyond the lag. */
  readonly age: number;
  readonly replicas: readonly Replica[];
  /** For each key the ticks until its last token has expired on the slowest clock. */
  readonly tokens: readonly number[];
  /** How that token came about: for traces only. */
  readonly issues: readonly (Issue | undefined)[];
  /** For each key when anybody last signed with it, as reported: ticks from now. */
  readonly signed: readonly number[];
  /** What replicas that died without goodbye last reported: it lingers for a lease of one tick. */
  readonly lingering: readonly View[];
  /** How often a key was staged. */
  readonly staged: number;
  /** Keys that a revocation let sign before every replica could verify with them: one bit for each. */
  readonly hurried: number;
  readonly broken: Violation | undefined;
}

/** What must never be. */
export type Violation =
  | { readonly what: 'refuses'; readonly replica: Replica; readonly key: number; readonly expires: number }
  | { readonly what: 'moves back'; readonly from: number; readonly to: number }
  | { readonly what: 'changes dates'; readonly from: number; readonly to: number };

export const UP_TO_DATE = -1;

/** It must load a newer ring before anything else happens than what replicas do. */
export function isOverdue({ due }: Replica): boolean {
  return due === 0;
}

export const NEVER = -99;

const NO_VIEW = 0xffff;

/** Equal for worlds from which the same can happen: names, absolute times and what nobody asks again left out. */
export function keyOf(world: World): string {
  const { ring, former, replicas, tokens } = world;
  const codes = [ring.number, former?.number ?? NO_VIEW, world.age, world.staged, replicas.length];
  for (const replica of replicas) {
    codes.push(replica.view.number, replica.due + 1);
    for (const ticks of replica.signed) codes.push(ticks - NEVER);
  }
  let hurried = 0;
  for (let key = 0; key < tokens.length; key++) {
    const state = ring.view.states[key];
    // Tokens of a revoked key matter while somebody who has not heard of it may re-sign them.
    const gone = state === 'revoked' && !holds(world, (view) => view.verifies[key] === true);
    codes.push(gone ? 0 : (tokens[key] as number));
    if (isHurried(world, key) && holds(world, (view) => view.states[key] === undefined)) hurried += 1 << key;
  }
  codes.push(hurried * 2 + (world.broken === undefined ? 0 : 1));
  for (const ticks of world.signed) codes.push(ticks - NEVER);
  for (const view of world.lingering) codes.push(view.number);
  return String.fromCharCode(...codes);
}

/** Whether a ring that a replica has, or can start with, is such. */
function holds({ replicas, former }: World, such: (view: View) => boolean): boolean {
  return (former !== undefined && such(former)) || replicas.some(({ view }) => such(view));
}

function isHurried({ hurried }: World, key: number): boolean {
  return (hurried & (1 << key)) !== 0;
}

/**
 * A token that somebody ready refuses although it has not expired.
 *
 * Exempt is a token of a key that the newest ring calls revoked; and a token of a key that a revocation let sign
 * at once, where the replica does not know the key yet: it still holds a ring from before that revocation.
 */
export function refusal(world: World): Violation | undefined {
  if (world.broken !== undefined) return world.broken;
  const { states } = world.ring.view;
  for (let key = 0; key < world.tokens.length; key++) {
    const expires = world.tokens[key] as number;
    if (expires <= 0 || states[key] === 'revoked') continue;
    for (const replica of world.replicas) {
      if (replica.view.verifies[key] === true) continue;
      if (isHurried(world, key) && replica.view.states[key] === undefined) continue;
      return { what: 'refuses', replica, key, expires: world.time + expires };
    }
  }
  return undefined;
}

/** Sorted, so that replicas that differ in name only make one world. */
export function sorted(replicas: readonly Replica[]): readonly Replica[] {
  return [...replicas].sort(compareReplicas);
}

export function compareReplicas(a: Replica, b: Replica): number {
  if (a.view !== b.view) return a.view.number - b.view.number;
  if (a.due !== b.due) return a.due - b.due;
  for (let key = 0; key < a.signed.length; key++) {
    const difference = (a.signed[key] as number) - (b.signed[key] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
