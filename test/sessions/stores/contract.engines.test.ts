// The public contract of session stores, on every engine: by a clock that is moved, by the real one, and sealed.
import { afterAll, beforeAll, describe, test } from 'vitest';
import { sealedStore } from '../../../src/sealed-store.js';
import { manualClock, sessionStoreContract } from '../../../src/testing/index.js';
import type { OpenContractEngine } from '../../contract/http-contract.js';
import { testKeyturn } from '../../support/keyturn.js';
import { STORE_ENGINES } from './engines.js';

const START = Date.UTC(2026, 0, 1);

describe.each(STORE_ENGINES)('the contract of session stores, $name', ({ open }) => {
  let engine: OpenContractEngine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.close());

  describe('by the clock of the app, which is not that of the engine', () => {
    const make = () => {
      const clock = manualClock(START);
      const pass = (milliseconds: number) => clock.advance(milliseconds / 1000);
      return { store: engine.store(clock.read), now: clock.read, pass, keepsNotes: true };
    };
    for (const { name, run } of sessionStoreContract(make)) test(name, run);
  });

  describe('as time passes', () => {
    const pass = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));
    const make = () => ({ store: engine.store(Date.now), now: Date.now, pass, keepsNotes: true });
    for (const { name, run } of sessionStoreContract(make)) test(name, run);
  });

  describe('sealed', () => {
    const make = async () => {
      const clock = manualClock(START);
      const pass = (milliseconds: number) => clock.advance(milliseconds / 1000);
      const keyturn = await testKeyturn({ clock: clock as never });
      return {
        store: sealedStore(engine.store(clock.read), keyturn),
        now: clock.read,
        pass,
        keepsNotes: true,
      };
    };
    for (const { name, run } of sessionStoreContract(make)) test(name, run);
  });
});
