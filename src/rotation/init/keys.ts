// Which keys a ring begins with: those in force, and secrets of another place that are taken over.
import { KeyturnError } from '../../errors.js';
import { Key, type Material } from '../../keyring/key.js';
import { strengthOf } from '../../resolve/weak-keys.js';

export interface FirstKeys {
  readonly keys: readonly Key[];
  /** Keys in force that were not among the imported ones and stay, by id. */
  readonly kept: readonly string[];
  /** Secrets that do not come along, by key id: weak ones in force, and imported ones whose key is revoked. */
  readonly left: readonly string[];
}

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
  const keys = new Map<string, Key>();
  for (const material of imported) {
    if (!keys.has(material.kid))
      keys.set(material.kid, new Key(material, material === first ? 'active' : 'retiring'));
  }
  const kept: string[] = [];
  const left: string[] = [];
  for (const key of inForce) {
    const isImported = keys.has(key.id);
    if (!key.live) {
      // Whoever revoked it had a reason: taking it over would accept its tokens again.
      if (key.id === first.kid) throw gone(key);
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

function gone({ id, state }: Key): KeyturnError {
  return new KeyturnError(
    'key_state',
    `the first of the secrets is that of the key ${id}, which is ${state}`,
    'put another one first',
  );
}
