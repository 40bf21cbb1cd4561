// Stores around a store.
import type { Awaitable, SessionStore } from './contract.js';

/**
 * A store that does what another does, but for what it changes.
 *
 * @param changes methods of its own; what it leaves out is handed on
 * @param ask how what is handed on is asked for, such as once more after a failure; default: at once
 */
export function wrapStore(
  store: SessionStore,
  changes: Partial<SessionStore>,
  ask: <T>(call: () => Awaitable<T>) => Awaitable<T> = (call) => call(),
): SessionStore {
  return {
    ...(store.compareAndSet === undefined ? {} : { compareAndSet: store.compareAndSet }),
    get: (id) => ask(() => store.get(id)),
    put: (id, record, expected) => ask(() => store.put(id, record, expected)),
    touch: (id, expiresAt, seenAt) => ask(() => store.touch(id, expiresAt, seenAt)),
    destroy: (id, until, next) => ask(() => store.destroy(id, until, next)),
    ended: (id) => ask(() => store.ended?.(id)),
    listUser: (user) => ask(() => store.listUser(user)),
    ...changes,
  };
}
