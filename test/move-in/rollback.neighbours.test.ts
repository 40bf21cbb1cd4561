// A rollback from the phase over to the real express-session, and a second move: what the visitor did last at the library
// stands, also where no replica in the phase beside has seen the visitor in between.
import { describe, expect } from 'vitest';
import { neighbour } from '../bridges/neighbours.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import type { ManualClock } from '../support/keyturn.js';
import {
  expressSessionReplica,
  type KeyturnReplica,
  KINDS,
  keyturnReplica,
  oneClock,
  Person,
} from './replicas.js';

const NOBODY = { user: null, cart: [] };

interface Town {
  readonly clock: ManualClock;
  readonly old: string;
  readonly beside: string;
  readonly over: string;
}

async function town(
  afterwards: Afterwards,
  kind: string,
  { cookie, replica: more = {} }: { readonly cookie?: any; readonly replica?: Partial<KeyturnReplica> } = {},
): Promise<Town> {
  const clock = oneClock(afterwards);
  const { default: session } = await neighbour('express-session');
  const oldStore = new session.MemoryStore();
  oldStore.setMaxListeners(0);
  const store = KINDS[kind]?.(clock);
  const moveIn = { 'express-session': { store: oldStore, ...(cookie && { cookie }) } };
  const replica = { clock, moveIn, ...(store && { store }), ...more };
  return {
    clock,
    old: await expressSessionReplica({ store: oldStore, ...(cookie && { cookie }) }, afterwards),
    beside: await keyturnReplica({ ...replica, phase: 'beside' }, afterwards),
    over: await keyturnReplica({ ...replica, phase: 'over' }, afterwards),
  };
}

/** Signed in at the library, and taken over in the phase over. */
async function movedIn({ old, over }: Town, user: string): Promise<Person> {
  const person = new Person();
  await person.post(old, `/sign-in/${user}`);
  await person.post(over, '/cart/tea');
  expect(await person.sees(over)).toEqual({ user, cart: ['tea'] });
  return person;
}

describe.each(Object.keys(KINDS))('sessions of Keyturn %s', (kind) => {
  test('a sign-out at the library stands', async ({ afterwards }) => {
    for (const first of ['beside', 'over'] as const) {
      const all = await town(afterwards, kind);
      const ada = await movedIn(all, 'ada');
      await ada.post(all.old, '/becomes-nobody');
      const copied = ada.copy();
      expect(await ada.sees(all[first])).toEqual(NOBODY);
      for (const url of [all.over, all.beside, all.old]) {
        expect(await copied.copy().sees(url)).toEqual(NOBODY);
        expect(await ada.sees(url)).toEqual(NOBODY);
      }
    }
  });

  test('who signs in at the library in the same session is that person in every phase', async ({
    afterwards,
  }) => {
    for (const first of ['beside', 'over'] as const) {
      const all = await town(afterwards, kind);
      const person = await movedIn(all, 'ada');
      await person.post(all.old, '/becomes-nobody');
      await person.post(all.old, '/becomes/eve');
      for (const url of [all[first], all.over, all.beside, all.old])
        expect(await person.sees(url)).toEqual({ user: 'eve', cart: [] });
    }
  });

  test('who signs in at the library with another session is that person in every phase', async ({
    afterwards,
  }) => {
    for (const first of ['beside', 'over'] as const) {
      const all = await town(afterwards, kind);
      const taken = await movedIn(all, 'ada');
      const begun = new Person();
      await begun.post(all.over, '/sign-in/joan');
      for (const person of [taken, begun]) {
        const former = person.copy();
        await person.post(all.old, '/sign-in/eve');
        for (const url of [all[first], all.over, all.beside, all.old])
          expect((await person.sees(url)).user).toBe('eve');
        if (kind !== 'in a store') continue;
        // Nor does a copy of the former cookie bring the other one back.
        for (const name of former.browser.cookies.keys())
          if (name === 'connect.sid') former.browser.cookies.delete(name);
        expect(await former.sees(all.over)).toEqual(NOBODY);
      }
    }
  });

  test('what was changed at the library meanwhile is there', async ({ afterwards }) => {
    for (const first of ['beside', 'over'] as const) {
      const all = await town(afterwards, kind);
      const ada = await movedIn(all, 'ada');
      await ada.post(all.old, '/cart/jam');
      for (const url of [all[first], all.over, all.beside, all.old])
        expect(await ada.sees(url)).toEqual({ user: 'ada', cart: ['jam'] });
      await ada.post(all.over, '/cart/milk');
      for (const url of [all.over, all.beside, all.old])
        expect(await ada.sees(url)).toEqual({ user: 'ada', cart: ['jam', 'milk'] });
    }
  });

  test('nothing was done at the library: what Keyturn has stays', async ({ afterwards }) => {
    const all = await town(afterwards, kind);
    const ada = await movedIn(all, 'ada');
    await ada.sees(all.old);
    for (const url of [all.over, all.beside, all.over, all.old])
      expect(await ada.sees(url)).toEqual({ user: 'ada', cart: ['tea'] });
  });
});

test('over: what was taken over once is not taken over again when max_age ends it', async ({
  afterwards,
}) => {
  const replica = { settings: { session: { idle: '1d', max_age: '2d' } } };
  const cookie = { maxAge: 30 * 86_400_000 };
  const all = await town(afterwards, 'in a store', { cookie, replica });
  const direct = await movedIn(all, 'ada');
  const byWayOf = new Person();
  await byWayOf.post(all.old, '/sign-in/grace');
  await byWayOf.sees(all.beside);
  expect((await byWayOf.sees(all.over)).user).toBe('grace');
  all.clock.advance(2 * 86_400 + 60);
  for (const person of [direct, byWayOf]) expect(await person.sees(all.over)).toEqual(NOBODY);
});
