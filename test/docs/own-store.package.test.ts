// The store of docs/own-store.md: compiled against the package, and held to the contract, as it stands there.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { sessionStoreContract } from '../../src/testing/index.js';
import { ROOT } from './blocks.js';
import { compile } from './compile.js';

const run = promisify(execFile);

test('the example compiles and passes the contract', async () => {
  const { complaints, out } = await compile(['docs/own-store.md'], [], [join(ROOT, 'node_modules')]);
  expect(complaints).toEqual([]);
  // Without the variables by which the runner of Node's tests takes itself for part of another.
  const env = { PATH: process.env.PATH };
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'own-store.test.js'], {
    cwd: join(out, 'own-store'),
    env,
  });
  const count = sessionStoreContract(() => ({}) as never).length;
  expect(stdout).toContain(`# pass ${count}\n`);
  expect(stdout).toContain('# fail 0\n');
});
