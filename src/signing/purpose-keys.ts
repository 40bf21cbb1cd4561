// The keys of one ring for one purpose, derived when the ring comes into force and not per request.
import type { Key, Material } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import { Hmac, sameMac } from './hmac.js';
import type { Usage, Use } from './usage.js';

/**
 * Which child of a ring key signs: `none`, the key itself; `day`, one child per UTC day of issue. Both verify
 * always, so the setting can be changed on one replica after another, in any order.
 */
export type Epoch = 'none' | 'day';

const DAY_SECONDS = 86_400;
/** A clock that is ahead may already be in tomorrow. */
const AHEAD_SECONDS = 3600;

/** The two MACs of a purpose: over tokens, and over what they are bound to. */
export interface Macs {
  readonly sign: Hmac;
  readonly bind: Hmac;
}

/** One key of the ring, for one purpose. */
export class PurposeKey {
  readonly key: Key;
  readonly use: Use;
  readonly #material: Material;
  readonly #purpose: string;
  readonly #own: Macs;
  readonly #days = new Map<number, Macs>();

  constructor(key: Key, material: Material, purpose: string, use: Use) {
    this.key = key;
    this.use = use;
    this.#material = material;
    this.#purpose = purpose;
    this.#own = macsOf(material, purpose);
  }

  /** What signs a token issued at a moment, in seconds since 1970. */
  macs(epoch: Epoch, issuedAt: number): Macs {
    return epoch === 'none' ? this.#own : this.#day(Math.floor(issuedAt / DAY_SECONDS));
  }

  /**
   * The MACs under which a token is genuine.
   *
   * @param now seconds since 1970
   * @param maxAge seconds; days further back can have no living token, and deriving them would be work for nothing
   * @returns `null` when the text is no ASCII, undefined when no MAC matches
   */
  match(
    signed: string,
    mac: string,
    epoch: Epoch,
    issuedAt: number,
    now: number,
    maxAge: number,
  ): Macs | null | undefined {
    const first = epoch === 'none' ? this.#own : undefined;
    if (first !== undefined) {
      const computed = first.sign.mac(signed);
      if (computed === undefined) return null;
      if (sameMac(computed, mac)) return first;
    }
    const day = Math.floor(issuedAt / DAY_SECONDS);
    if (
      day <= Math.floor((now + AHEAD_SECONDS) / DAY_SECONDS) &&
      day >= Math.floor((now - maxAge) / DAY_SECONDS) - 1
    ) {
      const child = this.#day(day);
      const computed = child.sign.mac(signed);
      if (computed === undefined) return null;
      if (sameMac(computed, mac)) return child;
    }
    if (first !== undefined) return undefined;
    const computed = this.#own.sign.mac(signed);
    if (computed === undefined) return null;
    return sameMac(computed, mac) ? this.#own : undefined;
  }

  #day(day: number): Macs {
    let macs = this.#days.get(day);
    if (macs === undefined) {
      macs = macsOf(
        this.#material.child(new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10)),
        this.#purpose,
      );
      this.#days.set(day, macs);
    }
    return macs;
  }
}

/** All keys of a ring that verify, by id. */
export interface PurposeKeys {
  readonly ring: Keyring;
  readonly active: PurposeKey;
  readonly byId: ReadonlyMap<string, PurposeKey>;
}

export function purposeKeys(ring: Keyring, purpose: string, usage: Usage): PurposeKeys {
  const byId = new Map<string, PurposeKey>();
  for (const key of ring.keys) {
    if (key.material !== undefined)
      byId.set(key.id, new PurposeKey(key, key.material, purpose, usage.of(key.id, purpose)));
  }
  return { ring, byId, active: byId.get(ring.active.id) as PurposeKey };
}

function macsOf(material: Material, purpose: string): Macs {
  return {
    sign: new Hmac(material.derive('sign', purpose)),
    bind: new Hmac(material.derive('bind', purpose)),
  };
}
