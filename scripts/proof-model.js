// npm run proof:model
//
// Explores every order in which replicas and operators can act, in full: `npm test` has what takes seconds of it
// (test/keyring/model.test.ts and shared-model.test.ts say what is modelled). Ends with the count of states and steps.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './proof-tools.js';

const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const models = ['model', 'shared-model', 'fork-model'].map((name) => `test/keyring/${name}.test.ts`);
const { status } = spawnSync(process.execPath, [vitest, 'run', ...models], {
  cwd: root,
  env: { ...process.env, KEYRING_MODEL: 'full' },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
