// Every pair of what requests do to a session, at every order of their calls to the store: a finished sign-out is never
// undone, and nothing that was saved is lost without a word. A scheduler holds each call until it is its turn, so an
// order is a list of names and no matter of time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHttpCore } from '../../src/http/open-http-core.js';
import { Visit } from '../../src/http/visit.js';
import { sealedStore } from '../../src/sealed-store.js';
import type { SessionStore } from '../../src/sessions/stores/contract.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { signOutEverywhere } from '../../src/sign-out.js';
import type { OpenContractEngine } from '../contract/http-contract.js';
import { testClock, testKeyturn } from '../support/keyturn.js';
import { cookiesOf, requestOf } from '../support/visits.js';
import { STORE_ENGINES } from './stores/engines.js';

/** Lets one call through at a time, in the order that a list of names says; then whoever is there. */
class Turns {
  readonly #order: string[];
  readonly #waiting = new Map<string, Array<() => void>>();
  readonly #alive: Set<string>;
  readonly taken: string[] = [];
  #busy = false;

  constructor(order: readonly string[], names: readonly string[]) {
    this.#order = [...order];
    this.#alive = new Set(names);
  }

  /** Runs one side; its calls pass through {@link gate}. */
  async run(name: string, work: (store: SessionStore) => Promise<void>, inner: SessionStore): Promise<void> {
    try {
      await work(this.#gated(name, inner));
    } finally {
      this.#alive.delete(name);
      this.#next();
    }
  }

  #gated(name: string, inner: SessionStore): SessionStore {
    const gate = async <T>(call: () => T | Promise<T>): Promise<T> => {
      await new Promise<void>((go) => {
        this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), go]);
        this.#next();
      });
      try {
        return await call();
      } finally {
        this.#busy = false;
        this.#next();
      }
    };
    return {
      get: (...parts) => gate(() => inner.get(...parts)),
      put: (...parts) => gate(() => inner.put(...parts)),
      touch: (...parts) => gate(() => inner.touch(...parts)),
      destroy: (...parts) => gate(() => inner.destroy(...parts)),
      ended: (...parts) => gate(() => inner.ended?.(...parts)),
      listUser: (...parts) => gate(() => inner.listUser(...parts)),
    };
  }

  /** Once every side that is still under way waits, the one whose turn it is goes on. */
  #next(): void {
    if (this.#busy || [...this.#alive].some((name) => !this.#waiting.has(name))) return;
    while (this.#order.length > 0 && !this.#waiting.has(this.#order[0] as string)) this.#order.shift();
    const name = this.#order.shift() ?? [...this.#waiting.keys()][0];
    if (name === undefined) return;
    const [go, ...others] = this.#waiting.get(name) as Array<() => void>;
    if (others.length === 0) this.#waiting.delete(name);
    else this.#waiting.set(name, others);
    this.#busy = true;
    this.taken.push(name);
    go?.();
  }
}

/** What a side did, and the session cookie that it sent, if any: `''` removes it. */
interface Outcome {
  failed?: string;
  cookie?: string;
}

interface Side {
  readonly name: string;
  /** Whether nobody may be signed in afterwards with what was given out before or beside it. */
  readonly signsOut?: true;
  /** Whether it begins a session by itself, so that somebody may be signed in again. */
  readonly signsIn?: true;
  /** The property that it sets, and has saved where it did not fail and the session was not ended. */
  readonly sets?: string;
  readonly edit?: (visit: Visit) => void | Promise<void>;
}

const SIDES: readonly Side[] = [
  {
    name: 'edits',
    sets: 'edited',
    edit: ({ session }) => {
      session.edited = true;
    },
  },
  {
    name: 'updates',
    sets: 'updated',
    edit: async ({ session }) => {
      await session.update((data) => {
        data.updated = true;
      });
    },
  },
  { name: 'rolls', edit: () => {} },
  {
    name: 'takes a new id',
    edit: ({ session }) => {
      session.regenerate({ keep: true });
    },
  },
  {
    name: 'takes a new id and edits',
    edit: ({ session }) => {
      session.regenerate({ keep: ['user'] });
      session.elevated = true;
    },
  },
  {
    name: 'signs in',
    signsIn: true,
    edit: ({ session }) => {
      session.regenerate();
      session.user = 'ada';
    },
  },
  { name: 'signs out', signsOut: true, edit: ({ session }) => session.destroy() },
  { name: 'signs out everywhere', signsOut: true },
];

const DAY = 86_400;
const SID = 'keyturn.sid';

/** One world: a signed-in session that is due to be extended, and a way to run two sides on it. */
class World {
  readonly clock = testClock();
  readonly #open: (clock: () => number) => SessionStore;
  #keyturn: Awaited<ReturnType<typeof testKeyturn>> | undefined;
  #user = '';

  constructor(open: (clock: () => number) => SessionStore) {
    this.#open = open;
  }

  async start(sealed: boolean): Promise<SessionStore> {
    this.#user = `ada-${Math.random().toString(36).slice(2)}`;
    this.#keyturn ??= await testKeyturn({ clock: this.clock });
    const store = this.#open(this.clock.read);
    return sealed ? sealedStore(store, this.#keyturn) : store;
  }

  async visit(store: SessionStore, cookie: string | undefined): Promise<Visit> {
    const user = this.#user;
    const core = await openHttpCore(this.#keyturn as never, {
      store,
      user: (data) => (data.user === undefined ? undefined : user),
    });
    return new Visit(core, requestOf({ cookie }));
  }

  /** One request from beginning to end. */
  async request(
    store: SessionStore,
    cookie: string | undefined,
    edit: (visit: Visit) => void | Promise<void>,
  ): Promise<Outcome> {
    const visit = await this.visit(store, cookie);
    try {
      await visit.parts.own.open();
      await edit(visit);
      const cookies = await cookiesOf(visit);
      const sent = cookies.find((each) => each.startsWith(`${SID}=`))?.split(';')[0];
      return sent === undefined ? {} : { cookie: sent === `${SID}=` ? '' : sent };
    } catch (error) {
      return { failed: (error as { code?: string }).code ?? String(error) };
    }
  }

  async everywhere(store: SessionStore): Promise<Outcome> {
    await signOutEverywhere(this.#keyturn as never, this.#user, { store });
    return {};
  }

  async dataOf(store: SessionStore, cookie: string | undefined): Promise<Record<string, unknown>> {
    let data: Record<string, unknown> = {};
    await this.request(store, cookie, ({ session }) => {
      data = { ...session };
    });
    return data;
  }

  list(store: SessionStore) {
    return store.listUser(this.#user);
  }
}

/** All orders of `a` calls of one side and `b` of the other. */
function orders(a: number, b: number): readonly string[][] {
  if (a === 0) return [Array(b).fill('b')];
  if (b === 0) return [Array(a).fill('a')];
  return [
    ...orders(a - 1, b).map((rest) => ['a', ...rest]),
    ...orders(a, b - 1).map((rest) => ['b', ...rest]),
  ];
}

/** Runs two sides in one order and says what is wrong with what came of it. */
async function play(world: World, sealed: boolean, sides: readonly [Side, Side], order: readonly string[]) {
  const store = await world.start(sealed);
  const begun = await world.request(store, undefined, ({ session }) => {
    session.regenerate();
    session.user = 'ada';
  });
  world.clock.advance(DAY);
  const turns = new Turns(order, ['a', 'b']);
  const outcomes: Outcome[] = [{}, {}];
  const run = (index: 0 | 1) =>
    turns.run(
      index === 0 ? 'a' : 'b',
      async (gated) => {
        const { edit } = sides[index];
        outcomes[index] =
          edit === undefined ? await world.everywhere(gated) : await world.request(gated, begun.cookie, edit);
      },
      store,
    );
  await Promise.all([run(0), run(1)]);
  return { taken: turns.taken, wrong: await judge(world, store, sides, outcomes, begun.cookie) };
}

async function judge(
  world: World,
  store: SessionStore,
  sides: readonly [Side, Side],
  outcomes: readonly Outcome[],
  first: string | undefined,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const cookies = [first, ...outcomes.map(({ cookie }) => cookie)].filter((cookie) => cookie);
  const seen = await Promise.all(cookies.map((cookie) => world.dataOf(store, cookie)));
  const signedIn = seen.filter(({ user }) => user !== undefined).length;
  const signsOut = sides.some((side) => side.signsOut);
  const signsIn = sides.some((side) => side.signsIn);
  if (signsOut && !signsIn && signedIn > 0) wrong.push('somebody is signed in after the sign-out');
  if (signsOut && !signsIn && (await world.list(store)).length > 0)
    wrong.push('a session is left of the user');
  if (!signsOut && signedIn === 0) wrong.push('nobody is signed in, and nobody has signed out');
  for (const [index, { sets }] of sides.entries()) {
    const other = sides[1 - index] as Side;
    const { failed } = outcomes[index] as Outcome;
    if (failed !== undefined && failed !== 'session_ended') wrong.push(`${sides[index]?.name}: ${failed}`);
    // Beside one that keeps the session, what was saved is there, or the writer was told.
    if (sets !== undefined && other.sets !== undefined && failed === undefined)
      if (!seen.some((data) => data[sets] === true)) wrong.push(`what was saved as "${sets}" is lost`);
  }
  return wrong;
}

/** Every order of a pair: as many as there are until no further call is made. */
async function explore(world: World, sealed: boolean, pair: readonly [Side, Side]): Promise<number> {
  const tried = new Set<string>();
  // How many calls a side makes depends on the other; more than seven none of them makes.
  const lengths = [
    (await play(world, sealed, pair, Array(20).fill('a'))).taken.filter((name) => name === 'a').length,
    (await play(world, sealed, pair, Array(20).fill('b'))).taken.filter((name) => name === 'b').length,
  ] as const;
  for (const order of orders(lengths[0], lengths[1])) {
    const { taken, wrong } = await play(world, sealed, pair, order);
    tried.add(taken.join(''));
    expect(wrong, `${pair[0].name} | ${pair[1].name}: ${taken.join(' ')}`).toEqual([]);
  }
  return tried.size;
}

const PAIRS = SIDES.flatMap((one, at) => SIDES.slice(at).map((other) => [one, other] as const));

describe('two requests on one session, in every order of their calls to the store', () => {
  describe.each([false, true])('in memory, sealed: %s', (sealed) => {
    const world = new World((clock) => memoryStore({ clock }));
    test.each(PAIRS.map((pair) => ({ pair, name: `${pair[0].name} | ${pair[1].name}` })))('$name', async ({
      pair,
    }) => {
      expect(await explore(world, sealed, pair)).toBeGreaterThan(2);
    });
  });

  // The orders are the same; an engine is asked whether it answers as memory does.
  describe.each(STORE_ENGINES.filter(({ name }) => !/cache|ioredis/.test(name)))('in $name', ({ open }) => {
    let engine: OpenContractEngine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    const decisive = PAIRS.filter(
      (pair) => pair.some(({ signsOut }) => signsOut) && pair.some(({ name }) => name.includes('new id')),
    );
    test.each(decisive.map((pair) => ({ pair, name: `${pair[0].name} | ${pair[1].name}` })))('$name', async ({
      pair,
    }) => {
      await explore(new World((clock) => engine.store(clock)), false, pair);
    });
  });
});
