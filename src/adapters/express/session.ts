// `req.session` as users of express-session know it: the session itself, with methods that take callbacks.
import { KeyturnError } from '../../errors.js';
import type { Session, SessionValues } from '../../sessions/session.js';
import { type CookieHost, sessionCookie } from './session-cookie.js';
import type { Callback, ExpressSession } from './types.js';

/** What the session of a request needs of the request. */
export interface SessionHost extends CookieHost {
  /** The session as it is now: an object that watches for late changes once the response is out. */
  readonly current: Session;
  /** What `req.session` is from now on: another object, the session that has begun anew, or undefined after a sign-out. */
  replaced(by: 'another' | 'itself' | undefined): void;
  /** @throws KeyturnError while it is being saved */
  requireSettled(): void;
  /** Saves it, or that it has ended, and not only with the response. */
  save(): Promise<void>;
  /** Opens it anew. @returns whether there is one still */
  reload(): Promise<boolean>;
}

/** The session of a request, for the app. */
export function expressSession(host: SessionHost): ExpressSession {
  return new Proxy(host.current, new Handler(host)) as unknown as ExpressSession;
}

/** What takes a callback here, or is not there in other frameworks. */
const METHODS = {
  regenerate: true,
  destroy: true,
  save: true,
  reload: true,
  touch: true,
  resetMaxAge: true,
} as const;

class Handler implements ProxyHandler<Session> {
  readonly #host: SessionHost;
  /** What it had, after another session has taken its place. */
  #former: SessionValues | undefined;
  #made: Readonly<Record<string, unknown>> | undefined;

  constructor(host: SessionHost) {
    this.#host = host;
  }

  /** Made when the first is asked for: most requests ask for data alone. */
  get #methods(): Readonly<Record<string, unknown>> {
    this.#made ??= this.#makeMethods(this.#host);
    return this.#made;
  }

  #makeMethods(host: SessionHost): Record<keyof typeof METHODS, unknown> {
    return {
      regenerate: (...given: unknown[]) => {
        const callback = callbackOf(given);
        return done(callback, () => {
          host.requireSettled();
          const { current } = host;
          if (callback !== undefined) this.#former = Object.freeze({ ...current });
          host.replaced(callback === undefined ? 'itself' : 'another');
          current.regenerate(...(given as []));
        });
      },
      destroy: (...given: unknown[]) =>
        saved(callbackOf(given), () => {
          host.current.destroy(...(given as []));
          host.replaced(undefined);
          return host.save();
        }),
      save: (callback?: Callback) => saved(callback, () => host.save()),
      reload: (callback?: Callback) => doneLater(callback, this.#reload()),
      touch: (callback?: Callback) => done(callback, () => {}),
      resetMaxAge: () => {},
    };
  }

  get #data(): Session {
    return (this.#former ?? this.#host.current) as Session;
  }

  async #reload(): Promise<void> {
    if (await this.#host.reload()) return;
    throw new KeyturnError(
      'session_ended',
      // Apps compare it with what express-session says.
      'failed to load session',
      'it was signed out, or there is none yet: treat the request as signed out',
    );
  }

  get(_target: Session, key: string | symbol): unknown {
    if (key === 'cookie') return this.#former === undefined ? sessionCookie(this.#host) : undefined;
    if (key === 'isPopulated') return Object.keys(this.#data).length > 0;
    if (typeof key === 'string' && Object.hasOwn(METHODS, key)) return this.#methods[key];
    const data = this.#data;
    const value: unknown = Reflect.get(data, key, data);
    // A method of the session itself needs the object that it belongs to.
    return typeof value === 'function' && !Object.hasOwn(data, key) ? value.bind(data) : value;
  }

  set(_target: Session, key: string | symbol, value: unknown): boolean {
    return Reflect.set(this.#writable(), key, value, this.#data);
  }

  deleteProperty(_target: Session, key: string | symbol): boolean {
    return Reflect.deleteProperty(this.#writable(), key);
  }

  defineProperty(_target: Session, key: string | symbol, description: PropertyDescriptor): boolean {
    return Reflect.defineProperty(this.#writable(), key, description);
  }

  has(_target: Session, key: string | symbol): boolean {
    return Reflect.has(this.#data, key);
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#data);
  }

  getOwnPropertyDescriptor(_target: Session, key: string | symbol): PropertyDescriptor | undefined {
    const found = Reflect.getOwnPropertyDescriptor(this.#data, key);
    // What is frozen is so on another object than the one that this stands for.
    return found && { ...found, configurable: true };
  }

  #writable(): Session {
    if (this.#former === undefined) return this.#data;
    throw new KeyturnError(
      'session_invalid',
      'a session was changed after regenerate(callback) had put another in its place',
      'write to req.session, and not to a variable that holds the former one',
    );
  }
}

/** Takes the callback from the end of what was given. */
function callbackOf(given: unknown[]): Callback | undefined {
  return typeof given.at(-1) === 'function' ? (given.pop() as Callback) : undefined;
}

/** Without a callback a mistake is thrown at once: not everybody waits for the promise. */
function done(callback: Callback | undefined, work: () => void): Promise<void> | undefined {
  if (callback === undefined) {
    work();
    return Promise.resolve();
  }
  try {
    work();
    queueMicrotask(() => callback());
  } catch (error) {
    queueMicrotask(() => callback(error));
  }
  return undefined;
}

/** The same for what takes a while. Who does not wait loses nothing: what has failed is done again with the response. */
function saved(callback: Callback | undefined, work: () => Promise<void>): Promise<void> | undefined {
  let saving: Promise<void>;
  try {
    saving = work();
  } catch (error) {
    if (callback === undefined) throw error;
    saving = Promise.reject(error);
  }
  saving.catch(() => {});
  return doneLater(callback, saving);
}

function doneLater(callback: Callback | undefined, work: Promise<void>): Promise<void> | undefined {
  if (callback === undefined) return work;
  // Away from the promise: what a callback throws is not to be taken for a failure of it.
  work.then(
    () => setImmediate(callback),
    (error: unknown) => setImmediate(callback, error),
  );
  return undefined;
}
