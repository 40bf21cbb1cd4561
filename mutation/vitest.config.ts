// The tests that are to catch mutants: unit tests of the rooms that are mutated, and of what stands on them, and those
// of session stores on their engines. Left out are tests that take long and play through what others test already:
// every mutant that they reach would wait for them.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const TESTS = [
  'test/sessions/**/*.engines.test.ts',
  'test/adapters/fastify.engines.test.ts',
  'test/{fleet,http,keyring,purposes,sessions,signing}/**/*.test.ts',
  'test/adapters/{clock,fastify-caches,fastify-csrf,retry-after}.test.ts',
  'test/blobs/names.test.ts',
  'test/jwt/{jwt,refresh}.test.ts',
  // Not test/app.test.ts, which reads the sources: they look different here.
  'test/{reachable,single-use}.test.ts',
];
const NOT_THOSE = [
  'test/**/*.package.test.ts',
  'test/keyring/{model,fork-model,shared-model}.test.ts',
  'test/signing/python.test.ts',
];

export default defineConfig({
  resolve: { alias: { '#lists': fileURLToPath(new URL('../src/secret/lists.ts', import.meta.url)) } },
  test: {
    include: TESTS,
    exclude: NOT_THOSE,
    globalSetup: ['test/setup/engines.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { KEYTURN_ENV: undefined, NO_COLOR: '1' } as unknown as Record<string, string>,
  },
});
