// Session stores as the contract needs them.
import { setImmediate } from 'node:timers/promises';
import type { SessionStore } from '../../sessions/stores/contract.js';
import { memoryStore } from '../../sessions/stores/memory.js';

/** A store whose every answer goes through a function. */
export function wrappedStore(
  store: SessionStore,
  wrap: <R>(name: keyof SessionStore, answer: () => R | Promise<R>) => R | Promise<R>,
): SessionStore {
  return {
    get: (...parts) => wrap('get', () => store.get(...parts)),
    put: (...parts) => wrap('put', () => store.put(...parts)),
    touch: (...parts) => wrap('touch', () => store.touch(...parts)),
    destroy: (...parts) => wrap('destroy', () => store.destroy(...parts)),
    ended: (...parts) => wrap('ended', () => store.ended?.(...parts)),
    listUser: (...parts) => wrap('listUser', () => store.listUser(...parts)),
  };
}

/** Memory as if it were in another process: every answer takes a moment. */
export function laterStore(clock: () => number): SessionStore {
  return wrappedStore(memoryStore({ clock }), async (_name, answer) => {
    await setImmediate();
    return await answer();
  });
}
