// An object that libraries take once and ask every time.

/** What is answered where names are asked for. */
interface Names<Value> {
  /** What is found by whoever goes through the names. Asked for once each time. */
  readonly list: () => readonly string[];
  readonly isListed: (name: string) => boolean;
  readonly get: (name: string) => Value | undefined;
  readonly has: (name: string) => boolean;
}

/**
 * An object that is asked anew every time. It has no prototype: a seal names an entry by any word, also by `constructor`.
 * What prints it sees an empty object.
 */
export function liveObject<Value>({ list, isListed, get, has }: Names<Value>): Record<string, Value> {
  const asked = (name: string | symbol) => (typeof name === 'string' ? get(name) : undefined);
  return new Proxy(Object.create(null) as Record<string, Value>, {
    has: (_target, name) => typeof name === 'string' && has(name),
    // JSON would list what is listed.
    get: (_target, name) => (name === 'toJSON' ? () => ({}) : asked(name)),
    ownKeys: () => [...list()],
    getOwnPropertyDescriptor: (_target, name) =>
      typeof name === 'string' && has(name)
        ? { configurable: true, enumerable: isListed(name), value: get(name), writable: false }
        : undefined,
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  });
}
