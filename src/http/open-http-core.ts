// What an app has for its requests, with the log that tells of them.
import { internalsOf, type Keyturn } from '../keyturn.js';
import { HttpCore, type HttpOptions } from './core.js';
import { HttpLog } from './http-log.js';

/** @throws KeyturnError as {@link HttpCore.open} */
export async function openHttpCore(keyturn: Keyturn, options: HttpOptions): Promise<HttpCore> {
  return await HttpCore.open(keyturn, options, await httpLogOf(keyturn));
}

/** What JSON changes is told outside of production, and found by what only that loads. */
export async function httpLogOf(keyturn: Keyturn): Promise<HttpLog> {
  const losses = keyturn.profile === 'prod' ? undefined : await import('../sessions/losses.js');
  return new HttpLog(internalsOf(keyturn).logger, losses?.lossIn);
}
