// The store of docs/own-store.md: compiled against the package, and held to the contract, as it stands there.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { sessionStoreContract } from '../../src/testing/index.js';

const ROOT = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

test('the example compiles and passes the contract', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-own-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/keyturn'));
  symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const page = readFileSync(join(ROOT, 'docs/own-store.md'), 'utf8');
  const files = [...page.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)];
  expect(files.map(([, name]) => name)).toEqual(['own-store.ts', 'own-store.test.ts']);
  for (const [, name, code] of files) writeFileSync(join(folder, name as string), code as string);
  const compilerOptions = {
    strict: true,
    module: 'NodeNext',
    target: 'ES2022',
    types: ['node'],
    outDir: 'out',
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));

  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const compiled = await run(process.execPath, [compiler], { cwd: folder }).catch((error) => error);
  expect(compiled.stdout).toBe('');
  // Without the variables by which the runner of Node's tests takes itself for part of another.
  const env = { PATH: process.env.PATH };
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'out/own-store.test.js'], {
    cwd: folder,
    env,
  });
  const count = sessionStoreContract(() => ({}) as never).length;
  expect(stdout).toContain(`# pass ${count}\n`);
  expect(stdout).toContain('# fail 0\n');
});
