// The tests that are to catch mutants: unit tests of the rooms that are mutated, and of what stands on them, and those
// of session stores on their engines. Left out are tests that take long and play through what others test already:
// every mutant that they reach would wait for them.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const TESTS = [
  'test/sessions/**/*.engines.test.ts',
  'test/adapters/fastify.engines.test.ts',
  'test/{fleet,http,keyring,purposes,sessions,signing}/**/*.test.ts',
  'test/adapters/{clock,fastify-caches,fastify-csrf,retry-after}.test.ts',
  'test/blobs/names.test.ts',
  'test/move-in/settings.test.ts',
  'test/rotation/{impact,wait}.test.ts',
  'test/start/sodium.alone.test.ts',
  'test/runtime/{follow,lease,shared-news}.test.ts',
  'test/jwt/{jwt,refresh}.test.ts',
  // Not test/app.test.ts, which reads the sources: they look different here.
  'test/{reachable,single-use}.test.ts',
];
const NOT_THOSE = [
  'test/**/*.package.test.ts',
  'test/keyring/{model,fork-model,shared-model}.test.ts',
  // It runs what is compiled.
  'test/sessions/stores/postgres-processes.engines.test.ts',
];
/** From the command line. */
const CHOSEN = (process.env.MUTATION_TESTS ?? '').split(' ').filter(Boolean);

/** A mutant is done with its first failure: what is quick goes first. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const slow = ({ moduleId }: TestSpecification): number => Number(moduleId.includes('.engines.'));
    return files.sort((one, other) => slow(one) - slow(other));
  }
}

export default defineConfig({
  resolve: {
    alias: {
      '#lists': fileURLToPath(new URL('../src/secret/lists.ts', import.meta.url)),
      '#rarely': fileURLToPath(new URL('../src/rarely/bundled.ts', import.meta.url)),
    },
  },
  test: {
    include: CHOSEN.length > 0 ? CHOSEN : TESTS,
    exclude: NOT_THOSE,
    globalSetup: ['test/setup/engines.ts'],
    sequence: { sequencer: QuickFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { KEYTURN_ENV: undefined, NO_COLOR: '1' } as unknown as Record<string, string>,
  },
});
