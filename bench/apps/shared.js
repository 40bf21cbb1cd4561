// What the servers of the comparison have in common.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createKeyturn } from 'keyturn';

/** What a session holds. */
export const USER = { userId: 100_042, name: 'Ada Lovelace', roles: ['admin', 'editor'], theme: 'dark' };
export const SECRET = '0f6a1c9be2d4783051a6c7d8e9f0b1a2c3d4e5f60718293a4b5c6d7e8f901234';
export const REDIS = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** @param session settings of sessions: `{ backend: 'memory' }` */
export async function keyturnWith(session) {
  return await createKeyturn({
    // As in production: what helps developers is not measured.
    profile: 'prod',
    env: { KEYTURN_SECURITY__SIGNING_SECRET: SECRET },
    // No session is due to be extended during a run, and none stays in Redis for long after it.
    config: { session: { idle: '1h', roll_after: '50m', redis: { url: REDIS }, ...session } },
    logger: quiet,
  });
}

const peers = createRequire(new URL('../peers/package.json', import.meta.url));

/** A library of the comparison, of the version that bench/peers pins. */
export async function peer(name) {
  const module = await import(pathToFileURL(peers.resolve(name)));
  return module.default ?? module;
}
