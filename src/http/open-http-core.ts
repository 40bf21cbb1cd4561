// What an app has for its requests, with the log that tells of them.
import { rarely } from '#rarely';
import { internalsOf, type Keyturn } from '../keyturn.js';
import { foreignCalls } from '../sessions/foreign.js';
import { HttpCore, type HttpOptions } from './core.js';
import { rareLog } from './later-log.js';

/** @throws KeyturnError as {@link HttpCore.open} */
export async function openHttpCore(keyturn: Keyturn, options: HttpOptions): Promise<HttpCore> {
  // What JSON changes is told outside of production, and found by what only that loads.
  const losses = keyturn.profile === 'prod' ? undefined : await import('../sessions/losses.js');
  const { logger } = internalsOf(keyturn);
  foreignCalls.atOnce(() => rarely().foreignCalls);
  return await HttpCore.open(
    keyturn,
    options,
    rareLog(() => new (rarely().httpLog.HttpLog)(logger, losses?.lossIn)),
  );
}
