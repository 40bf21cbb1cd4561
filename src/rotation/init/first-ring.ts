// What starting a ring takes and what comes of it, wherever the ring is kept.
import { KeyturnError } from '../../errors.js';
import { beginRing } from '../../keyring/begin.js';
import { Key, Material } from '../../keyring/key.js';
import type { Keyring } from '../../keyring/keyring.js';
import { strengthOf } from '../../resolve/key-strength.js';
import type { Resolution } from '../../resolve/resolve.js';
import { generateSecret } from '../../secret/generate.js';
import type { RotationOptions } from '../opening.js';

export interface InitOptions extends Pick<RotationOptions, 'machine' | 'profile' | 'config'> {
  /** Whether the folder was named: otherwise no configuration is begun above that of an app. */
  readonly placeSaid: boolean;
  /** Who does it, for the history. */
  readonly who?: string | undefined;
  /** Secrets of another place to take over, the newest first; empty: the keys in force. */
  readonly imported: readonly Material[];
  /** Looks at the keys before anything is written; refuses them by throwing. */
  readonly approve?: ((keys: FirstKeys, before: Resolution) => void) | undefined;
  /** Whether it is fine that there is a ring already. */
  readonly ifMissing?: boolean | undefined;
  /** The id of the ring in an engine whose place the new one takes. */
  readonly replaces?: string | undefined;
  /** Told that nothing is done for so many milliseconds. */
  readonly waiting?: ((milliseconds: number) => void) | undefined;
}

/** Which keys a ring begins with. */
export interface FirstKeys {
  readonly keys: readonly Key[];
  /** Keys in force that were not among the imported ones and stay, by id. */
  readonly kept: readonly string[];
  /** Secrets that do not come along, by key id: weak ones in force, and imported ones whose key is revoked. */
  readonly left: readonly string[];
}

/** What was made, and what remains to be done. */
export interface InitResult {
  /** Where the ring is kept, as an operator calls it. */
  readonly place: string;
  /** False where there was a ring already: nothing was changed. */
  readonly created: boolean;
  readonly ring: Keyring;
  readonly keys: FirstKeys;
  /** Undefined where the ring is kept in an engine, or is what a command prints. */
  readonly document: InitDocument | undefined;
  /** Variables and settings that the ring replaces. */
  readonly takeAway: readonly string[];
  /** Whether processes may be running by what was in force before: they know no key that is added from now on. */
  readonly restart: boolean;
  /** What is in force now. */
  readonly after: Resolution;
}

/** A keyring document and what names it. */
export interface InitDocument {
  readonly path: string;
  /** The document as keyturn.prod.toml should name it. */
  readonly named: string;
  readonly config: WrittenFile;
  /** What names the document, in production alone. */
  readonly production: WrittenFile;
  /** Whether production finds it now, be it hidden or not. */
  readonly isNamed: boolean;
}

/** A file that is written where there is none. */
export interface WrittenFile {
  readonly path: string;
  /** False where there was one before, or none was needed. */
  readonly written: boolean;
}

/** The command that an operator thinks of. */
export function commandOf({ imported }: InitOptions): 'init' | 'import' {
  return imported.length === 0 ? 'init' : 'import';
}

/**
 * The first generation.
 *
 * @param former the ring whose place it takes: what was revoked there stays so
 * @throws KeyturnError `key_state` where a key was revoked there
 */
export function firstRing(
  options: InitOptions,
  before: Resolution,
  former?: Keyring,
): { readonly ring: Keyring; readonly keys: FirstKeys } {
  const { imported, approve, machine, who, replaces } = options;
  const keys = firstKeys(imported, before.keyring?.keys ?? [], new Material(generateSecret()));
  const revoked = former?.keys.filter(({ state }) => state === 'revoked') ?? [];
  const again = keys.keys.find((key) => key.live && revoked.some(({ id }) => id === key.id));
  if (again !== undefined) {
    throw new KeyturnError(
      'key_state',
      `the key ${again.id} was revoked in the keyring whose place the new one takes`,
      'give the service another signing secret first (keyturn generate)',
    );
  }
  approve?.(keys, before);
  const others = revoked.filter(({ id }) => keys.keys.every((key) => key.id !== id));
  const ring = beginRing([...keys.keys, ...others], {
    at: machine.now(),
    what: commandOf(options),
    who,
    replaces: replaces === undefined ? [] : [replaces, ...(former?.replaces ?? [])],
  });
  return { ring, keys };
}

/** What is said of a ring that was there before. */
export const NOTHING_TAKEN: FirstKeys = { keys: [], kept: [], left: [] };

/**
 * Of secrets that are taken over the first signs and the others verify, and the keys in force go on verifying, so that
 * nobody is logged out. Without any the keys in force keep their states.
 *
 * @param imported the newest first
 * @param fresh signs where there is nothing else
 * @throws KeyturnError `key_state` where the first imported secret is that of a revoked key
 */
export function firstKeys(
  imported: readonly Material[],
  inForce: readonly Key[],
  fresh: Material,
): FirstKeys {
  const [first] = imported;
  if (first === undefined) {
    return { keys: inForce.length > 0 ? inForce : [new Key(fresh, 'active')], kept: [], left: [] };
  }
  const keys = new Map(imported.map((material) => [material.kid, new Key(material, 'retiring')]));
  keys.set(first.kid, new Key(first, 'active'));
  const kept: string[] = [];
  const left: string[] = [];
  for (const key of inForce) {
    const isImported = keys.has(key.id);
    if (!key.live) {
      // Whoever revoked it had a reason: taking it over would accept its tokens again.
      if (key.id === first.kid) {
        const what = `the first of the secrets is that of the key ${key.id}, which is ${key.state}`;
        throw new KeyturnError('key_state', what, 'put another one first');
      }
      if (isImported) left.push(key.id);
      keys.set(key.id, key);
    } else if (!isImported && !strengthOf(key).enough) {
      left.push(key.id);
    } else if (!isImported) {
      keys.set(key.id, verifying(key));
      kept.push(key.id);
    }
  }
  return { keys: [...keys.values()], kept, left };
}

/** The key that has signed until now only verifies from here on. */
function verifying(key: Key): Key {
  if (key.state !== 'active') return key;
  return new Key(key.material ?? key.id, 'retiring', { dates: key.dates, lifetimes: key.lifetimes });
}
