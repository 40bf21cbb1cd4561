// Where a demo keeps its keyring: in the Redis of this machine where it finds one, else a document in a temporary folder.

import { openRedis } from '../engines/open-redis.js';
import { commandOf } from '../engines/redis.js';
import { withTimeout } from '../engines/watch.js';
import { KeyturnError } from '../errors.js';
import type { Machine } from '../resolve/machine.js';
import { generateSecret } from '../secret/generate.js';
import { DemoFault } from './fault.js';
import { newFolder } from './folder.js';
import { redisKeysOf } from './left-behind.js';
import type { Belongings } from './messages.js';
import type { Pace } from './pace.js';

export type DemoStore = 'redis' | 'document';

const USUAL_REDIS = 'redis://127.0.0.1:6379';
/** A Redis of this machine answers at once, in milliseconds. */
const PATIENCE = 2000;
/** Of the machine's variables those without which no process runs. No other may have a say in what is shown. */
const NEEDED = ['PATH', 'Path', 'SystemRoot', 'TEMP', 'TMP', 'TMPDIR', 'TZ'];

export interface Place extends Belongings {
  readonly store: DemoStore;
  /** What every process of the demo goes by. */
  readonly settings: Readonly<Record<string, string>>;
  /** What names the keyring besides, once there is one: with Redis, where it is and the secret that seals it. */
  readonly keyring: (secret: string) => Readonly<Record<string, string>>;
}

/** @param wanted default: Redis where it can be used. @throws DemoFault where it is wanted and cannot be */
export async function openPlace(
  machine: Pick<Machine, 'env'>,
  pace: Pace,
  wanted: DemoStore | undefined,
): Promise<Place> {
  const ring = `demo-${generateSecret(4)}`;
  const url =
    machine.env.KEYTURN_SECURITY__KEYRING__REDIS__URL ??
    machine.env.KEYTURN_SESSION__REDIS__URL ??
    USUAL_REDIS;
  const trouble = wanted === 'document' ? 'it is not wanted' : await troubleWith(url, ring);
  if (wanted === 'redis' && trouble !== undefined)
    throw new DemoFault(`Redis cannot be used: ${trouble}`, 'leave out --store, and a document does');
  const store = trouble === undefined ? 'redis' : 'document';
  const needed = NEEDED.flatMap((name) => {
    const value = machine.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    store,
    folder: newFolder(),
    redis: store === 'redis' ? { url, ring } : undefined,
    settings: { ...Object.fromEntries(needed), ...settingsOf(pace) },
    keyring: (secret) =>
      store === 'document'
        ? {}
        : {
            KEYTURN_SECURITY__SIGNING_SECRET: secret,
            KEYTURN_SECURITY__KEYRING__STORE: 'redis',
            KEYTURN_SECURITY__KEYRING__NAME: ring,
            KEYTURN_SECURITY__KEYRING__REDIS__URL: url,
          },
  };
}

/** What a demo of this pace sets, for whatever looks at its keyring. */
export function settingsOf({ life, maxLag, clockSkew, lease }: Pace): Record<string, string> {
  const lives = `${life}s`;
  return {
    KEYTURN_ENV: 'prod',
    KEYTURN_LOG__LEVEL: 'error',
    KEYTURN_SECURITY__KEYRING__MAX_LAG: `${maxLag}s`,
    KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: `${clockSkew}s`,
    KEYTURN_SECURITY__KEYRING__LEASE: `${lease}s`,
    KEYTURN_SESSION__IDLE: lives,
    KEYTURN_CSRF__MODE: 'headers',
    // What the app does not sign with holds no key up.
    KEYTURN_PURPOSES__BUILTIN: 'session',
    KEYTURN_PURPOSES__CSRF__MAX_AGE: lives,
    KEYTURN_PURPOSES__CSRF_ID__MAX_AGE: lives,
    KEYTURN_PURPOSES__FLASH__MAX_AGE: lives,
  };
}

/** Why this Redis cannot be used; undefined where it can. */
async function troubleWith(url: string, ring: string): Promise<string | undefined> {
  try {
    const { client, close } = await openRedis(url);
    try {
      const ask = commandOf(client);
      const key = `${redisKeysOf(ring)}:trial`;
      await withTimeout(ask(key, ['SET', key, '', 'PX', '1']), PATIENCE);
      return undefined;
    } finally {
      await close();
    }
  } catch (error) {
    // What a client says may quote the URL, and a password with it.
    return error instanceof KeyturnError ? error.message : 'it does not answer, or lets nobody write';
  }
}
