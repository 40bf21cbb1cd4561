// The keys of a ring as a library beside Keyturn takes them: the same for a bridge, and for sessions that move in from one.
import type { AppNames } from '../config/app.js';
import { Material } from './key.js';
import type { Keyring } from './keyring.js';

export interface LibraryRingKey {
  /** Of the key of the ring. */
  readonly kid: string;
  /** What a token names it by: an app with a name has keys of its own, and ids of its own for them. */
  readonly id: string;
  readonly state: 'active' | 'staged' | 'retiring';
  /** 43 characters of base64url. */
  readonly secret: string;
  /** The 32 bytes behind those characters. */
  readonly bytes: Uint8Array;
}

/** All that are live, the active one first. @param name of the library's purpose, or of its section under `[move_in]` */
export function libraryKeys(ring: Keyring, apps: AppNames, name: string): readonly LibraryRingKey[] {
  const order = ['active', 'retiring', 'staged'];
  const keys = ring.live.toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state));
  return apps.flatMap((app) =>
    keys.map((key) => {
      const bytes = (key.material as Material).derive('bridge', name, app);
      const state = key.state as LibraryRingKey['state'];
      return {
        kid: key.id,
        id: app === undefined ? key.id : new Material(bytes).kid,
        // Under the other name of the app a key only verifies.
        state: app !== apps[0] && state === 'active' ? 'retiring' : state,
        secret: Buffer.from(bytes).toString('base64url'),
        bytes,
      };
    }),
  );
}
