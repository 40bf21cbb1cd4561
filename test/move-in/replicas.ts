// Replicas of one app, some on the old library and some on Keyturn, with one clock and one store each.

import { vi } from 'vitest';
import keyturnExpress from '../../src/adapters/express/index.js';
import type { Keyring } from '../../src/keyring/keyring.js';
import type { Keyturn } from '../../src/keyturn.js';
import type { MoveInOption } from '../../src/move-in/options.js';
import type { SessionStore } from '../../src/sessions/stores/contract.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { listen } from '../bridges/apps/listen.mjs';
import { neighbour } from '../bridges/neighbours.js';
import { Visitor } from '../bridges/visitor.js';
import type { Afterwards } from '../support/afterwards.js';
import { type ManualClock, testClock, testKeyturn, useRing } from '../support/keyturn.js';

export const OLD_SECRET = 'd51d1c0b9e8a4f27ab36c10b7f52e94c6fd0837be5a14d29';
export const OLDER_SECRET = '4bb90e7d2c61f8a3907a5ce84d1f63b2a97c0e58d36f41b7';

/** Both clocks: that of Keyturn, and that of the libraries and their stores. */
export function oneClock(afterwards: Afterwards): ManualClock {
  const clock = testClock();
  vi.useFakeTimers({ toFake: ['Date'], now: clock.read() });
  afterwards(() => vi.useRealTimers());
  return {
    ...clock,
    read: clock.read,
    advance: (...given: Parameters<ManualClock['advance']>) => {
      clock.advance(...given);
      vi.setSystemTime(clock.read());
    },
  };
}

export interface KeyturnReplica {
  readonly phase?: 'beside' | 'over';
  readonly clock: ManualClock;
  /** Where Keyturn keeps its sessions; default: in the cookie. */
  readonly store?: SessionStore;
  readonly moveIn: MoveInOption;
  readonly secrets?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly until?: string;
  /** Default: one of the secret that all have. */
  readonly ring?: Keyring;
  readonly user?: (data: any) => string | undefined;
}

/** A Keyturn that moves in from one library. */
export async function movingKeyturn(
  { phase = 'beside', clock, moveIn, secrets, settings, until, ring }: KeyturnReplica,
  afterwards: Afterwards,
): Promise<Keyturn> {
  const [name = ''] = Object.keys(moveIn);
  return await keyturnWith({ name, phase, clock, secrets, settings, until, ring }, afterwards);
}

/** A Keyturn with a section under `[move_in]`: for sessions that move in, or for a bridge. */
export async function keyturnWith(
  {
    name,
    phase,
    clock,
    secrets = [OLD_SECRET],
    settings = {},
    until,
    ring,
  }: {
    readonly name: string;
    readonly phase: 'beside' | 'over';
    readonly clock: ManualClock;
    readonly secrets?: readonly string[] | undefined;
    readonly settings?: Readonly<Record<string, unknown>> | undefined;
    readonly until?: string | undefined;
    readonly ring?: Keyring | undefined;
  },
  afterwards: Afterwards,
): Promise<Keyturn> {
  const section = {
    secrets: secrets.map((text) => ({ text })),
    phase,
    ...(until === undefined ? {} : { until }),
  };
  const keyturn = await testKeyturn({ clock, config: { ...settings, move_in: { [name]: section } } });
  afterwards(() => keyturn.close());
  if (ring !== undefined) useRing(keyturn, ring);
  return keyturn;
}

/** The routes of the app: the same for both, as far as its code goes. */
export async function expressApp(middleware: (...given: any[]) => unknown, load = neighbour): Promise<any> {
  const { default: express } = await load('express');
  const app = express();
  app.use(middleware);
  app.get('/', ({ session }: any, response: any) => {
    response.json({ user: session?.passport?.user ?? null, cart: session?.cart ?? [] });
  });
  // What forms are bound to, at Keyturn.
  app.get('/id', (request: any, response: any) => {
    response.send(request.sessionID ?? '');
  });
  app.post('/sign-in/:user', (request: any, response: any, next: any) => {
    request.session.regenerate((error: unknown) => {
      if (error) return next(error);
      request.session.passport = { user: request.params.user };
      response.end();
    });
  });
  app.post('/sign-in-and-:then/:user', (request: any, response: any, next: any) => {
    const { params } = request;
    const done = (error: unknown) => {
      if (error) return next(error);
      request.session.cart = ['tea'];
      response.end();
    };
    request.session.regenerate((error: unknown) => {
      if (error) return next(error);
      request.session.passport = { user: params.user };
      request.session.save((failure: unknown) =>
        failure || params.then === 'save' ? done(failure) : request.session.reload(done),
      );
    });
  });
  app.post('/cart/:thing', (request: any, response: any) => {
    request.session.cart = [...(request.session.cart ?? []), request.params.thing];
    response.end();
  });
  // As apps do that keep the session of a visitor over a sign-in and a sign-out.
  app.post('/becomes/:user', (request: any, response: any) => {
    request.session.passport = { user: request.params.user };
    response.end();
  });
  app.post('/becomes-nobody', (request: any, response: any) => {
    delete request.session.passport;
    request.session.seen = true;
    response.end();
  });
  app.post('/sign-out', (request: any, response: any, next: any) => {
    request.session.destroy((error: unknown) => (error ? next(error) : response.end()));
  });
  return app;
}

/** What an adapter is given of it. */
export function forAdapter({ store, moveIn, user }: KeyturnReplica) {
  return { moveIn, ...(store && { store }), ...(user && { user }) };
}

/** One on Keyturn. */
export async function keyturnReplica(
  replica: KeyturnReplica,
  afterwards: Afterwards,
  load = neighbour,
): Promise<string> {
  const keyturn = await movingKeyturn(replica, afterwards);
  const middleware = keyturnExpress({
    keyturn,
    csrf: 'manual',
    ...forAdapter(replica),
  });
  await middleware.ready();
  const { url, close } = await listen(await expressApp(middleware as any, load));
  afterwards(close);
  return url;
}

/** One on the real express-session. */
export async function expressSessionReplica(
  options: Readonly<Record<string, unknown>>,
  afterwards: Afterwards,
  load = neighbour,
): Promise<string> {
  const { default: session } = await load('express-session');
  const middleware = session({ secret: OLD_SECRET, resave: false, saveUninitialized: false, ...options });
  const { url, close } = await listen(await expressApp(middleware, load));
  afterwards(close);
  return url;
}

export const KINDS: Readonly<Record<string, (clock: ManualClock) => SessionStore | undefined>> = {
  'in a store': (clock) => memoryStore({ clock: clock.read }),
  'in the cookie': () => undefined,
};

/** Somebody with a browser. */
export class Person {
  readonly browser: Visitor = new Visitor();

  async post(url: string, path: string): Promise<number> {
    const headers = { 'sec-fetch-site': 'same-origin' };
    return (await this.browser.fetch(`${url}${path}`, { method: 'POST', headers })).status;
  }

  async sees(url: string): Promise<{ readonly user: string | null; readonly cart: readonly string[] }> {
    const response = await this.browser.fetch(`${url}/`);
    return (await response.json()) as { readonly user: string | null; readonly cart: readonly string[] };
  }

  /** With the cookies of another browser: what was copied, or what was sent before an answer came. */
  copy(): Person {
    const other = new Person();
    for (const [name, value] of this.browser.cookies) other.browser.cookies.set(name, value);
    return other;
  }
}
