// The unit tests that are to catch mutants: those of the rooms that are mutated, and of what stands on them. Left out
// are tests that take long and play through what others test already: every mutant that they reach would wait for them.
import { defineConfig } from 'vitest/config';
import { PROJECTS } from '../test/projects.js';

const TESTS = [
  'test/{fleet,http,keyring,purposes,sessions,signing}/**/*.test.ts',
  'test/adapters/{clock,fastify-caches,fastify-csrf,retry-after}.test.ts',
  'test/blobs/names.test.ts',
  'test/jwt/{jwt,refresh}.test.ts',
  'test/{app,reachable,single-use}.test.ts',
];
const SLOW = ['test/keyring/{model,fork-model,shared-model}.test.ts', 'test/signing/python.test.ts'];
const unit = PROJECTS.find(({ name }) => name === 'unit');

export default defineConfig({
  test: {
    include: TESTS,
    exclude: [...(unit?.exclude ?? []), ...SLOW],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { KEYTURN_ENV: undefined, NO_COLOR: '1' } as unknown as Record<string, string>,
  },
});
