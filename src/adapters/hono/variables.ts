// What handlers find in `c.var`, looked up when they ask for it.
import type { Context } from 'hono';
import { BINDING } from '../../http/bound.js';
import type { Flash } from '../../http/flash.js';
import { sessionReplaced } from '../../http/session-replaced.js';
import type { Session } from '../../sessions/session.js';
import type { KeyturnEnv, KeyturnVariables } from './env.js';
import type { HonoVisit, Visited } from './visit.js';

/**
 * Hono's variables are values, set before anybody asks for them, and a session that was opened for every request would
 * cost every request its verification. So these four are looked up when they are read; all others are Hono's own.
 */
class Variables implements KeyturnVariables {
  readonly #visits: HonoVisit;

  constructor(visits: HonoVisit, theirs: Readonly<Record<string, unknown>>) {
    this.#visits = visits;
    const shown = { enumerable: true, configurable: true, writable: true };
    for (const name of Object.keys(theirs))
      if (!isOurs(name)) Object.defineProperty(this, name, { ...shown, value: theirs[name] });
  }

  get session(): Session {
    return this.#visits.session;
  }

  get flash(): Flash {
    return this.#visits.flash;
  }

  get csrfToken(): () => string {
    return this.#visits.csrfToken;
  }

  get checkCsrf(): (token: unknown) => void {
    return this.#visits.checkCsrf;
  }
}

const isOurs = (name: string): name is keyof KeyturnVariables =>
  name === 'session' || name === 'flash' || name === 'csrfToken' || name === 'checkCsrf';

/** One function for all contexts: an accessor of its own would give each a shape of its own, which holds it in memory. */
const VAR: PropertyDescriptor = {
  configurable: true,
  get(this: Context<KeyturnEnv>) {
    const theirs = Reflect.get(Object.getPrototypeOf(this), 'var', this);
    return new Variables((this as Visited)[BINDING] as HonoVisit, theirs);
  },
};

/** Call it once for a context that has its visit. */
export function showVariables(context: Context<KeyturnEnv>): void {
  const get = context.get as (name: string) => unknown;
  const set = context.set as (name: string, value: unknown) => void;
  Object.assign(context, {
    get: (name: string) => (isOurs(name) ? ((context as Visited)[BINDING] as HonoVisit)[name] : get(name)),
    set: (name: string, value: unknown) => {
      if (name === 'session') throw sessionReplaced('c.var.session', value);
      set(name, value);
    },
  });
  Object.defineProperty(context, 'var', VAR);
}
