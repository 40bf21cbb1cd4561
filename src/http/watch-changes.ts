// A view of a session that is not saved any more. It reads like the session itself, and reports every change: an app that
// writes after its response would else lose data without a word.

/** Calls `changed` for each change of `target`, or of what it holds. The change is made all the same. */
export function watchChanges<T extends object>(target: T, changed: () => void): T {
  const isOurs = !isData(target);
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key, object);
      // A session's methods need what is private to it; those of a list must come through here to be seen.
      if (typeof value === 'function') return isOurs ? value.bind(object) : value;
      return isData(value) && !Object.isFrozen(object) ? watchChanges(value, changed) : value;
    },
    set(object, key, value) {
      changed();
      return Reflect.set(object, key, value, object);
    },
    defineProperty(object, key, description) {
      changed();
      return Reflect.defineProperty(object, key, description);
    },
    deleteProperty(object, key) {
      changed();
      return Reflect.deleteProperty(object, key);
    },
  });
}

/** Lists and records, as JSON has them. Anything else has methods that need the object itself. */
function isData(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
