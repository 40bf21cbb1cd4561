import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/build.ts', 'test/setup/engines.ts', 'test/setup/wycheproof.ts'],
    // Limits against hanging, and no measure: a machine may have other work.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Most tests wait for processes of their own: two files at a time keep both cores of a small machine busy.
    maxWorkers: 2,
    // Workers inherit nothing that would decide a profile: every test says its own.
    env: { KEYTURN_ENV: undefined, NO_COLOR: '1' } as unknown as Record<string, string>,
  },
});
