// The types of the bridges beside those of the real libraries.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NEIGHBOURS } from './neighbours.js';

const ROOT = join(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
/** Beside the libraries, so that they are found. */
const FOLDER = join(NEIGHBOURS, 'typed');

test('an app in TypeScript compiles with each of them', () => {
  mkdirSync(FOLDER, { recursive: true });
  const files = ['typed.ts', 'typed-cookies.ts'];
  for (const file of files) copyFileSync(join(import.meta.dirname, `apps/${file}.txt`), join(FOLDER, file));
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2024', 'dom'],
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    paths: {
      keyturn: [join(ROOT, 'dist/index.d.ts')],
      'keyturn/bridges/upgrader': [join(ROOT, 'dist/bridges/signed-cookies/index.d.ts')],
      'keyturn/bridges/*': [join(ROOT, 'dist/bridges/*/index.d.ts')],
    },
  };
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const compiled = (...args: string[]) => {
    const { stdout, status } = spawnSync(process.execPath, [TSC, ...args], { encoding: 'utf8' });
    return { stdout, status };
  };
  // The declarations, which are there already wherever anything was compiled.
  expect(compiled('-b', ROOT)).toEqual({ stdout: '', status: 0 });
  expect(compiled('-p', FOLDER)).toEqual({ stdout: '', status: 0 });
});
