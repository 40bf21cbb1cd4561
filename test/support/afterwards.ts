// What a test leaves behind, taken away when it ends, also where several run together.
import { type TestAPI, test } from 'vitest';

/** Has something done when the test ends, the last first. */
export type Afterwards = (undo: () => unknown) => void;

/** A test that is handed a place for what is to be undone. */
export const tidyTest: TestAPI<{ readonly afterwards: Afterwards }> = test.extend<{
  readonly afterwards: Afterwards;
}>({
  afterwards: async ({ task: _ }, use) => {
    const undos: Array<() => unknown> = [];
    await use((undo) => void undos.push(undo));
    for (const undo of undos.reverse()) await undo();
  },
});
