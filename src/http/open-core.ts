// How an adapter begins: what it has for requests, and what the Keyturn gets from it for sessions outside of them.
import { internalsOf, type Keyturn } from '../keyturn.js';
import { HttpCore, type HttpOptions } from './core.js';
import { SessionWatches } from './session-watch.js';

/** @throws KeyturnError as {@link HttpCore.open} */
export async function openCore(keyturn: Keyturn, options: HttpOptions): Promise<HttpCore> {
  const core = await HttpCore.open(keyturn, options);
  const { outside, ring, sessionStore } = internalsOf(keyturn);
  // Of several the last: tests make one app after the other.
  outside.begin = async (data) => (await import('./begin-session.js')).beginSession(core, data);
  // Of several adapters the first. What is ended by way of its store, or of the Keyturn's own, is heard of at once.
  if (outside.opener !== undefined) return core;
  const watches = new SessionWatches(ring);
  for (const store of new Set([core.store, sessionStore])) store?.onDestroy((id) => watches.ended(id));
  outside.opener = async (request, given) => {
    const { openOutside } = await import('./open-outside.js');
    return await openOutside(core, watches, request, given);
  };
  return core;
}
