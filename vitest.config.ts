import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { PROJECTS, type ProjectName } from './test/projects.js';

/** What is done once before the files of a project run, and only if any of them do. */
const SETUP: Readonly<Record<ProjectName, string[]>> = {
  unit: ['test/setup/wycheproof.ts'],
  alone: [],
  package: ['test/setup/build.ts'],
  // Some move sessions in from a library whose store is in an engine.
  engines: ['test/setup/build.ts', 'test/setup/engines.ts', 'test/setup/neighbours.ts'],
  browser: ['test/setup/build.ts', 'test/setup/engines.ts'],
  neighbours: ['test/setup/neighbours.ts'],
};

export default defineConfig({
  // What package.json names is compiled: a unit test takes the source.
  resolve: {
    alias: {
      '#lists': fileURLToPath(new URL('./src/secret/lists.ts', import.meta.url)),
      '#rarely': fileURLToPath(new URL('./src/rarely/bundled.ts', import.meta.url)),
    },
  },
  test: {
    // Limits against hanging, and no measure: a machine may have other work.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Most tests wait for processes of their own: three files at a time keep both cores of a small machine busy. All
    // projects share the three, since they have the same `maxWorkers` and no order.
    maxWorkers: 3,
    setupFiles: ['test/setup/temp-dirs.ts'],
    // Workers inherit nothing that would decide a profile: every test says its own.
    env: { KEYTURN_ENV: undefined, NO_COLOR: '1' } as unknown as Record<string, string>,
    projects: PROJECTS.map((files) => ({
      extends: true as const,
      // A process for each file takes a third of the time of the small ones.
      test: { ...files, globalSetup: SETUP[files.name], isolate: files.name !== 'unit' },
    })),
  },
});
