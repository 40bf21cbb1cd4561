// A store around a store: whatever keeps the inner one from answering becomes one typed error, so that every app
// answers 503 and goes on, and nothing of a client's own error, which may hold addresses, reaches a visitor.
import { KeyturnError } from '../errors.js';
import type {
  Awaitable,
  PutOutcome,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from './store.js';

/** Answers as the inner store does, at once or later. Throws, or rejects with, `engine_unavailable`. */
export class ReachableStore implements SessionStore {
  readonly #inner: SessionStore;

  constructor(inner: SessionStore) {
    this.#inner = inner;
  }

  get(id: string): Awaitable<StoredSession | undefined> {
    return asked(() => this.#inner.get(id));
  }

  put(id: string, record: SessionRecord, expected: number): Awaitable<PutOutcome> {
    return asked(() => this.#inner.put(id, record, expected));
  }

  touch(id: string, expiresAt: number): Awaitable<boolean> {
    return asked(() => this.#inner.touch(id, expiresAt));
  }

  destroy(id: string, until: number): Awaitable<void> {
    return asked(() => this.#inner.destroy(id, until));
  }

  listUser(user: string): Awaitable<readonly UserSession[]> {
    return asked(() => this.#inner.listUser(user));
  }
}

function asked<T>(ask: () => Awaitable<T>): Awaitable<T> {
  try {
    const answer = ask();
    if (typeof (answer as Partial<PromiseLike<T>> | null | undefined)?.then !== 'function') return answer;
    // Database clients return thenables that are no `Promise`.
    return Promise.resolve(answer).catch((error) => {
      throw unavailable(error);
    });
  } catch (error) {
    throw unavailable(error);
  }
}

/** What a store has thrown, for whoever asked it. Errors of Keyturn know better themselves. */
function unavailable(error: unknown): KeyturnError {
  if (error instanceof KeyturnError) return error;
  return new KeyturnError(
    'engine_unavailable',
    'the place where sessions are kept cannot be reached',
    'see that it runs, and that its address and password are right; the cause says more',
    { cause: plain(error) },
  );
}

/** What an operator wants to read: some clients hang onto their errors what was to be kept, sessions and all. */
function plain(error: unknown): Error {
  const { name, message, code, stack } = (error ?? {}) as Partial<Error> & { readonly code?: unknown };
  // Of several addresses that were tried in vain Node tells only the code.
  const told = Object.assign(new Error(message || String(code ?? error)), code === undefined ? {} : { code });
  told.name = name ?? 'Error';
  if (stack !== undefined) told.stack = stack;
  return told;
}
