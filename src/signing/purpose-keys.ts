// The keys of one ring for one purpose. They are derived when the purpose is first used under that ring, and the child of
// a day when the first token of the day is made or comes in: never once per request.
import type { AppName, AppNames } from '../config/app.js';
import type { Key, Material } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { Usage, Use } from './usage.js';

/**
 * Which child of a ring key signs: `none`, the key itself; `day`, one child per UTC day of issue. Both verify
 * always, so the setting can be changed on one replica after another, in any order.
 */
export type Epoch = 'none' | 'day';

const DAY_SECONDS = 86_400;
/** A clock that is ahead may already be in tomorrow. */
const AHEAD_SECONDS = 3600;

/** Makes what a purpose works with from a secret: MACs, or the key of a cipher. */
export type Derive<K> = (material: Material, purpose: string, app: AppName) => K;

/** One key of the ring, for one purpose. */
export class PurposeKey<K> {
  readonly key: Key;
  readonly use: Use;
  /** How many values of `turn` {@link candidate} takes. */
  readonly turns: number;
  readonly #material: Material;
  readonly #purpose: string;
  readonly #derive: Derive<K>;
  readonly #app: AppName;
  readonly #own: K;
  readonly #days = new Map<number, K>();
  /** The same key under the other name of the app, while the name changes. */
  readonly #other: PurposeKey<K> | undefined;

  constructor(
    key: Key,
    material: Material,
    purpose: string,
    use: Use,
    derive: Derive<K>,
    [own, ...others]: AppNames,
  ) {
    this.key = key;
    this.use = use;
    this.#material = material;
    this.#purpose = purpose;
    this.#derive = derive;
    this.#app = own;
    this.#own = derive(material, purpose, own);
    const [next, ...rest] = others;
    this.#other =
      others.length === 0 ? undefined : new PurposeKey(key, material, purpose, use, derive, [next, ...rest]);
    this.turns = 2 + (this.#other?.turns ?? 0);
  }

  /** What makes a token that is issued at a moment, in seconds since 1970. */
  at(epoch: Epoch, issuedAt: number): K {
    return epoch === 'none' ? this.#own : this.#day(Math.floor(issuedAt / DAY_SECONDS));
  }

  /**
   * What may have made a token, the likely one first: the key itself, or its child of that day; then the same for the
   * other name of the app, while that changes.
   *
   * @param turn less than {@link turns}
   * @param now seconds since 1970
   * @param maxAge seconds; days further back can have no living token, and deriving them would be work for nothing
   * @returns undefined when nothing is left to try in this turn
   */
  candidate(turn: number, epoch: Epoch, issuedAt: number, now: number, maxAge: number): K | undefined {
    if (turn > 1) return this.#other?.candidate(turn - 2, epoch, issuedAt, now, maxAge);
    if ((turn === 0) === (epoch === 'none')) return this.#own;
    const day = Math.floor(issuedAt / DAY_SECONDS);
    const tomorrow = day > Math.floor((now + AHEAD_SECONDS) / DAY_SECONDS);
    return !tomorrow && day >= Math.floor((now - maxAge) / DAY_SECONDS) - 1 ? this.#day(day) : undefined;
  }

  #day(day: number): K {
    let child = this.#days.get(day);
    if (child === undefined) {
      const date = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
      child = this.#derive(this.#material.child(date), this.#purpose, this.#app);
      this.#days.set(day, child);
    }
    return child;
  }
}

/** All keys of a ring that verify, by id. */
export interface PurposeKeys<K> {
  readonly ring: Keyring;
  readonly active: PurposeKey<K>;
  readonly byId: ReadonlyMap<string, PurposeKey<K>>;
}

export function purposeKeys<K>(
  ring: Keyring,
  purpose: string,
  usage: Usage,
  derive: Derive<K>,
  apps: AppNames,
): PurposeKeys<K> {
  const byId = new Map<string, PurposeKey<K>>();
  for (const key of ring.keys) {
    if (key.material !== undefined)
      byId.set(key.id, new PurposeKey(key, key.material, purpose, usage.of(key.id, purpose), derive, apps));
  }
  return { ring, byId, active: byId.get(ring.active.id) as PurposeKey<K> };
}
