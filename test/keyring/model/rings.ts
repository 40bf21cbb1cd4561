// Rings of the model: real keyrings, each distinct one kept once, with dates relative to the present.
//
// A ring is told apart by what can still matter: the state of each key, and how long ago it was staged or stopped
// signing, up to the age from which no rule looks at the age any more (operator.ts checks that). So a world in which
// nothing happens stops changing, and the exploration needs no limit on time. When a key was retired or revoked is
// forgotten at once: only `rollback` would look at it, to refuse, and a promotion of the key that it then falls back
// to is possible anyway.

import { Key, type KeyState, Material } from '../../../src/keyring/key.js';
import { Keyring } from '../../../src/keyring/keyring.js';
import { applyScheduled } from '../../../src/keyring/scheduled.js';
import { CLOCKS, FACTS, LAG, LIFETIME, moment, SKEW, ticksUntil } from './scale.js';

/** Derived once: it costs HKDF. */
export const MATERIALS: readonly Material[] = [1, 2, 3, 4].map((n) => new Material(`secret number ${n}`));
const KIDS: readonly string[] = MATERIALS.map((material) => material.kid);

/** The number of a key, from 0. */
export function keyNumber(kid: string): number {
  return KIDS.indexOf(kid);
}

export function kidOf(key: number): string {
  return KIDS[key] as string;
}

/** How the keys of the model are called in traces. */
export function keyName(key: number): string {
  return `K${key + 1}`;
}

/** What a replica makes of a ring: all that signing and verifying depend on. */
export interface View {
  readonly number: number;
  readonly states: readonly (KeyState | undefined)[];
  readonly verifies: readonly boolean[];
  readonly signs: number;
  /** The same ring as a clock sees it that is so many ticks ahead: a scheduled key may have taken over. */
  readonly at: readonly View[];
  /** The same the instant before. */
  readonly before: readonly View[];
  /** The same ring a tick later. */
  readonly later: View;
}

/** A published ring. */
export interface Ring {
  readonly number: number;
  /** With dates relative to the present, and without what no rule looks at. */
  readonly keyring: Keyring;
  /** The same with every forgotten age many ticks older: no rule may tell the two apart. */
  readonly older: Keyring;
  readonly view: View;
  /**
   * For each key until when the rules expect somebody to sign with it, whether that is reported or not: ticks from
   * now. Infinite unless it is retiring.
   */
  readonly lastExpected: readonly number[];
  /** The same ring a tick later. */
  readonly later: Ring;
}

/** From this age on, no rule asks how long ago a key was staged or stopped signing. */
const SETTLED_STAGED = LAG + SKEW;
const SETTLED_STOPPED = LAG + LIFETIME + SKEW;
const MUCH_OLDER = 50;

const rings = new Map<string, RingEntry>();
const views = new Map<string, ViewEntry>();

/** The ring with which everything begins: one key signs. */
export function firstRing(): Ring {
  const key = new Key(MATERIALS[0] as Material, 'active', { dates: { active: moment(-MUCH_OLDER) } });
  return ringOf(new Keyring([key], { id: 'ring' }));
}

export function ringOf(keyring: Keyring): Ring {
  const keys = aged(keyring);
  const name = keys.map((key) => `${key.number}${key.state}${key.age}p${key.plan}`).join();
  let ring = rings.get(name);
  if (ring === undefined) {
    ring = new RingEntry(rings.size, keys);
    rings.set(name, ring);
  }
  return ring;
}

/** What a replica with the slowest clock makes of a ring. */
export function viewOf(published: Keyring): View {
  const keyring = applyScheduled(published, moment(0));
  const plan = keyring.keys.find((key) => key.scheduledFor !== undefined)?.scheduledFor;
  const states = KIDS.map((kid) => keyring.get(kid)?.state);
  const name = `${states.join()} ${plan === undefined ? '' : ticksUntil(plan)}`;
  let view = views.get(name);
  if (view === undefined) {
    view = new ViewEntry(views.size, keyring, states);
    views.set(name, view);
  }
  return view;
}

interface AgedKey {
  readonly number: number;
  readonly state: KeyState;
  /** Ticks since it was staged or stopped signing; undefined where that never happened. */
  readonly age: number | undefined;
  /** Forgotten: at least so old. */
  readonly settled: boolean;
  /** Ticks until it takes over by itself. */
  readonly plan: number | undefined;
}

function aged(keyring: Keyring): readonly AgedKey[] {
  return keyring.keys
    .map((key) => {
      const { state, dates, scheduledFor } = key;
      const date = state === 'staged' ? dates.staged : state === 'retiring' ? dates.retiring : undefined;
      const settledAt = state === 'staged' ? SETTLED_STAGED : SETTLED_STOPPED;
      const age = date === undefined ? undefined : Math.min(-ticksUntil(date), settledAt);
      const plan =
        scheduledFor === undefined ? undefined : Math.max(ticksUntil(scheduledFor), -SETTLED_STOPPED);
      return { number: keyNumber(key.id), state, age, settled: age === settledAt, plan };
    })
    .sort((a, b) => a.number - b.number);
}

function keyringOf(keys: readonly AgedKey[], ticksLater: number, extraAge: number): Keyring {
  const made = keys.map(({ number, state, age, settled, plan }) => {
    const date = age === undefined ? undefined : moment(-age - ticksLater - (settled ? extraAge : 0));
    const since = state === 'staged' ? 'staged' : 'retiring';
    return new Key(MATERIALS[number] as Material, state, {
      dates: {
        ...(state === 'active' ? { active: moment(-2 * MUCH_OLDER) } : {}),
        ...(date === undefined ? {} : { [since]: date }),
      },
      // Constant in the model, so it does not matter when they are noted; transitions.test.ts looks at that.
      lifetimes: state === 'staged' ? {} : FACTS.lifetimes,
      scheduledFor: plan === undefined ? undefined : moment(plan - ticksLater),
      // Noted at the date, which is that of the slowest clock: the true time.
      clocks: date === undefined ? undefined : { machine: date },
    });
  });
  return new Keyring(made, { id: 'ring' });
}

class RingEntry implements Ring {
  readonly number: number;
  readonly keyring: Keyring;
  readonly older: Keyring;
  readonly view: View;
  readonly lastExpected: readonly number[];
  readonly #keys: readonly AgedKey[];
  #later: Ring | undefined;

  constructor(number: number, keys: readonly AgedKey[]) {
    this.number = number;
    this.#keys = keys;
    this.keyring = keyringOf(keys, 0, 0);
    this.older = keyringOf(keys, 0, MUCH_OLDER);
    this.view = viewOf(this.keyring);
    const present = applyScheduled(this.keyring, moment(0));
    this.lastExpected = KIDS.map((kid) => {
      const key = present.get(kid);
      return key?.state === 'retiring'
        ? ticksUntil(key.dates.retiring as number) + LAG
        : Number.POSITIVE_INFINITY;
    });
  }

  get later(): Ring {
    this.#later ??= ringOf(keyringOf(this.#keys, 1, 0));
    return this.#later;
  }
}

class ViewEntry implements View {
  readonly number: number;
  readonly states: readonly (KeyState | undefined)[];
  readonly verifies: readonly boolean[];
  readonly signs: number;
  readonly #keyring: Keyring;
  #at: readonly View[] | undefined;
  #before: readonly View[] | undefined;
  #later: View | undefined;

  constructor(number: number, keyring: Keyring, states: readonly (KeyState | undefined)[]) {
    this.number = number;
    this.#keyring = keyring;
    this.states = states;
    this.verifies = KIDS.map((kid) => keyring.get(kid)?.live ?? false);
    this.signs = keyNumber(keyring.active.id);
  }

  get at(): readonly View[] {
    this.#at ??= CLOCKS.map((ahead) => viewOf(applyScheduled(this.#keyring, moment(ahead))));
    return this.#at;
  }

  get before(): readonly View[] {
    this.#before ??= CLOCKS.map((ahead) => viewOf(applyScheduled(this.#keyring, moment(ahead) - 1)));
    return this.#before;
  }

  get later(): View {
    this.#later ??= viewOf(laterKeyring(this.#keyring));
    return this.#later;
  }
}

/** Only plans matter to a view. */
function laterKeyring(keyring: Keyring): Keyring {
  const keys = keyring.keys.map(
    (key) =>
      new Key(key.material ?? key.id, key.state, {
        scheduledFor: key.scheduledFor === undefined ? undefined : key.scheduledFor - (moment(1) - moment(0)),
      }),
  );
  return new Keyring(keys, { id: 'ring' });
}
