// Beside libraries that seal sessions with iron: the map of passwords that they take, with the keys of the ring in it, live.
//
// A seal names its password by an id. Whoever opens one looks the id up; whoever seals takes one entry. So all that verify
// can be looked up, and one is offered.
import { requireDuration } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import type { BridgeKey, BridgeKeyring, BridgeKeys } from './keys.js';

interface IronEntry {
  readonly id: string;
  readonly key: BridgeKey;
}

/** Those of one moment. */
interface IronRing {
  readonly of: BridgeKeyring;
  readonly byId: ReadonlyMap<string, IronEntry>;
  readonly signing: IronEntry;
}

/** 48 bits, as an integer: the largest is still exact as a number, which is what iron-session makes of it. */
const numberOf = (id: string): string => String(Buffer.from(id, 'base64url').readUIntBE(0, 6));

export class IronKeys {
  readonly #keys: BridgeKeys;
  readonly #oldId: (at: number, count: number) => string | undefined;
  #made: IronRing | undefined;

  /**
   * @param oldId what the library has called an old secret: the one at that place of the list, of so many
   * @throws KeyturnError `argument_invalid` where one has no name
   */
  constructor(keys: BridgeKeys, oldId: (at: number, count: number) => string | undefined) {
    this.#keys = keys;
    this.#oldId = oldId;
    const { secrets = [] } = keys.moving ?? {};
    for (const { kid } of secrets) this.#nameOld(kid);
  }

  get current(): IronRing {
    const of = this.#keys.current;
    if (this.#made?.of === of) return this.#made;
    const entries = of.all.map((key) => ({
      id: key.state === 'old' ? this.#nameOld(key.kid) : numberOf(key.id),
      key,
    }));
    const byId = new Map<string, IronEntry>();
    for (const entry of entries) if (!byId.has(entry.id)) byId.set(entry.id, entry);
    this.#made = { of, byId, signing: entries[0] as IronEntry };
    return this.#made;
  }

  /** Before something is sealed; it counts as signed. @throws KeyturnError `keyring_unavailable` */
  seal(): IronEntry {
    this.#keys.signed(this.#keys.signing);
    return this.current.signing;
  }

  #nameOld(kid: string): string {
    const secrets = this.#keys.moving?.secrets ?? [];
    const at = secrets.findIndex((secret) => secret.kid === kid);
    const id = this.#oldId(at, secrets.length);
    if (id !== undefined) return id;
    throw new KeyturnError(
      'argument_invalid',
      `a seal names its password, and nothing says how the old secrets of move_in.${this.#keys.name} were called`,
      'pass oldIds: [1] to the bridge: the ids that the library had them under, in the order of the secrets',
    );
  }
}

/** The longest of what is said, in seconds; undefined where nothing is. */
export function longestOf(said: ReadonlyArray<number | string | undefined>): number | undefined {
  const known = said.filter((one) => one !== undefined).map((one) => requireDuration(one, 'maxAge'));
  return known.length === 0 ? undefined : Math.max(...known);
}
