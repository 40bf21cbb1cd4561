// What `npm run test:examples` runs, with the folder in which it has installed the frameworks.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/frameworks/*.frameworks.ts'],
    setupFiles: ['test/setup/temp-dirs.ts'],
    // Limits against hanging, and no measure.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    env: {
      KEYTURN_ENV: undefined,
      NODE_ENV: undefined,
      NO_COLOR: '1',
      NEXT_TELEMETRY_DISABLED: '1',
    } as unknown as Record<string, string>,
  },
});
