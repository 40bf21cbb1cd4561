// How an adapter begins: what it has for requests, and what the Keyturn gets from it for sessions outside of them.
import { internalsOf, type Keyturn } from '../keyturn.js';
import type { KeyturnSessions } from '../sessions/outside.js';
import type { HttpCore, HttpOptions } from './core.js';
import { openHttpCore } from './open-http-core.js';

/** @throws KeyturnError as {@link HttpCore.open} */
export async function openCore(keyturn: Keyturn, options: HttpOptions): Promise<HttpCore> {
  const core = await openHttpCore(keyturn, options);
  const { outside } = internalsOf(keyturn);
  // Of several the last: tests make one app after the other.
  outside.begin = async (data) => (await import('./begin-session.js')).beginSession(core, data);
  const { store, user } = options;
  outside.named ??= new Map();
  outside.named.set(store, user !== undefined || outside.named.get(store) === true);
  if (outside.opener === undefined) openOutside(core, keyturn);
  else await outside.alsoOpened?.(options);
  return core;
}

/** Of several adapters the first. Most apps have no WebSockets: what those need is loaded with the first. */
function openOutside(core: HttpCore, keyturn: Keyturn): void {
  const { outside } = internalsOf(keyturn);
  const others = new Set<string>();
  let opening: Promise<KeyturnSessions['open']> | undefined;
  outside.opener = async (request, given) => {
    if (others.size > 0) core.log.otherApp([...others]);
    opening ??= import('./open-outside.js').then(({ outsideOpener }) => outsideOpener(core, keyturn));
    return await (await opening)(request, given);
  };
  outside.alsoOpened = async (options) => {
    const { othersOutside } = await import('./same-options.js');
    for (const name of othersOutside(core.options, options)) others.add(name);
  };
}
