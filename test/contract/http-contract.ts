// Runs the contract of adapters under vitest.
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { SessionStore } from '../../src/sessions/stores/contract.js';
import { type HttpContractDriver, httpContract } from '../../src/testing/index.js';

/** Sessions on an engine: what concerns stores runs with each. */
export interface ContractEngine {
  readonly name: string;
  open(): Promise<OpenContractEngine>;
}

export interface OpenContractEngine {
  /** Another store of the same sessions. */
  store(clock: () => number): SessionStore;
  close(): Promise<void>;
}

/** @param engines what keeps sessions besides memory; one adapter that is tried with them is enough */
export function registerHttpContract(
  name: string,
  driver: HttpContractDriver,
  engines: readonly ContractEngine[] = [],
): void {
  const opened = new Map<string, OpenContractEngine>();
  const stores = engines.map(({ name }) => ({
    name,
    make: (clock: () => number) => (opened.get(name) as OpenContractEngine).store(clock),
  }));
  describe(`the contract of adapters, ${name}`, () => {
    beforeAll(async () => {
      for (const { name, open } of engines) opened.set(name, await open());
    });
    afterAll(async () => {
      for (const engine of opened.values()) await engine.close();
    });
    for (const { name, skipped, run } of httpContract(driver, { stores }))
      test(skipped === undefined ? name : `${name} (${skipped})`, { skip: skipped !== undefined }, run);
  });
}
