// What TypeScript says to an app that uses the package, in a folder of its own: nothing, but for the lines that say so.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** The project's own, and further ones that a variable names: folders of the package `typescript`. */
const COMPILERS = [
  join(createRequire(import.meta.url).resolve('typescript/package.json'), '..'),
  ...(process.env.TYPESCRIPT_FOLDERS ?? '').split(delimiter).filter((folder) => folder !== ''),
].map((folder) => {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { version, tsc: join(folder, 'bin/tsc') };
});

const OPTIONS = {
  strict: true,
  module: 'NodeNext',
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  types: ['node'],
  skipLibCheck: false,
  noEmit: true,
};

/** What the compiler finds wrong with an app, the declarations of the package included. */
async function complaints(tsc: string, app: string, options: object): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-types-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(import.meta.dirname, app), folder, { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  for (const name of [
    'fastify',
    'hono',
    'koa',
    'express',
    'express-session',
    'passport',
    'connect-flash',
    '@types',
  ])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  symlinkSync(ROOT, join(folder, 'node_modules/keyturn'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...OPTIONS, ...options }, include: ['*.ts'] }),
  );
  return await promisify(execFile)(process.execPath, [tsc, '-p', folder]).then(
    ({ stdout }) => stdout,
    (error) => error.stdout,
  );
}

test('there is a compiler', () => {
  for (const { tsc } of COMPILERS) expect(existsSync(tsc)).toBe(true);
});

describe.each(COMPILERS)('TypeScript $version', ({ tsc }) => {
  test('an app that declares nothing', async () => {
    expect(await complaints(tsc, 'free', {})).toBe('');
  });

  test('an app that declares its session and its purposes', async () => {
    expect(await complaints(tsc, 'declared', {})).toBe('');
  });

  test('an app of Express, alone and beside the types that others declare', async () => {
    expect(await complaints(tsc, 'express-alone', {})).toBe('');
    expect(await complaints(tsc, 'express', {})).toBe('');
  });

  test('an app of Koa', async () => {
    // What @types/koa itself declares does not compile beside every version of what it is made of.
    expect(await complaints(tsc, 'koa', { skipLibCheck: true })).toBe('');
  });

  test('the same as strict as can be, and through the adapter', async () => {
    const options = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: true };
    expect(await complaints(tsc, 'declared', options)).toBe('');
    expect(await complaints(tsc, 'free', options)).toBe('');
  });
});
