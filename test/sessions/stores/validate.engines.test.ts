// What stores are given: the same is one user in all of them, and the same is a mistake of the caller. Where it is one no
// engine is asked.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealedStore } from '../../../src/sealed-store.js';
import type { SessionStore } from '../../../src/sessions/stores/contract.js';
import { memoryStore } from '../../../src/sessions/stores/memory.js';
import { ReachableStore } from '../../../src/sessions/stores/reachable.js';
import { userOf } from '../../../src/sessions/stores/validate.js';
import type { ContractEngine, OpenContractEngine } from '../../contract/http-contract.js';
import { testKeyturn } from '../../support/keyturn.js';
import { STORE_ENGINES } from './engines.js';

const memory: ContractEngine = {
  name: 'memory',
  open: async () => ({ store: (clock) => memoryStore({ clock }), close: async () => {} }),
};

const NOW = Date.UTC(2026, 0, 1);
const LATER = NOW + 60_000;
const ODD = ['a\0b', 'a\ud800', '\udc00a', 'x'.repeat(2000)];
const record = (parts: Record<string, unknown> = {}) =>
  ({ text: '{}', createdAt: NOW, expiresAt: LATER, ...parts }) as never;

describe.each([memory, ...STORE_ENGINES])('in $name', ({ open }) => {
  let engine: OpenContractEngine;
  let stores: readonly SessionStore[];
  beforeAll(async () => {
    engine = await open();
    const store = engine.store(() => NOW);
    stores = [store, sealedStore(store, await testKeyturn()), new ReachableStore(store)];
  });
  afterAll(() => engine.close());

  test('a user that is given as a number is the same as its digits, and null is nobody', async () => {
    for (const [index, store] of stores.entries()) {
      const user = 1_000_000 + index;
      const id = `${index}-`;
      expect(await store.put(`${id}1`, record({ user: String(user) }), 0)).toBe('saved');
      expect(await store.put(`${id}2`, record({ user }), 0)).toBe('saved');
      expect(await store.put(`${id}3`, record({ user: null }), 0)).toBe('saved');
      for (const named of [user, String(user)]) {
        const listed = await store.listUser(named);
        expect(listed.map((session) => session.id).sort()).toEqual([`${id}1`, `${id}2`]);
      }
      expect((await store.get(`${id}2`))?.user).toBe(String(user));
      expect((await store.get(`${id}3`))?.user).toBeUndefined();
    }
  });

  test('what not every engine could keep is an error of the caller, with a code', async () => {
    const refused = async (call: () => unknown) =>
      await expect((async () => await call())()).rejects.toMatchObject({ code: 'session_invalid' });
    for (const store of stores) {
      for (const user of [...ODD, '', {}, [], Number.NaN, 1.5, true]) {
        await refused(() => store.put('odd', record({ user }), 0));
        await refused(() => store.listUser(user as never));
      }
      for (const text of ODD.slice(0, 3)) await refused(() => store.put('odd', record({ text }), 0));
      for (const time of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300]) {
        await refused(() => store.put('odd', record({ expiresAt: time }), 0));
        await refused(() => store.destroy('odd', time));
      }
    }
  });

  test('no user of an app can pass for a user of another that has a name', async () => {
    const user = 'shop\u001f42';
    for (const store of stores.filter((one) => one instanceof ReachableStore)) {
      for (const call of [() => store.put('other', record({ user }), 0), () => store.listUser(user)])
        await expect((async () => await call())()).rejects.toMatchObject({ code: 'session_invalid' });
    }
    expect(() => userOf(user)).toThrow('not a valid id');
  });

  test('no session has an odd id: asking for one, as a form may, is no mistake', async () => {
    for (const store of stores) {
      for (const id of ODD) {
        await expect((async () => await store.put(id, record(), 0))()).rejects.toMatchObject({
          code: 'session_invalid',
        });
        expect(await store.get(id)).toBeUndefined();
        expect(await store.ended?.(id)).toBeUndefined();
        expect(await store.touch(id, LATER)).toBe(false);
        expect(await store.destroy(id, LATER)).toBe(false);
      }
    }
  });
});
