// What an app hears whose client package is not installed: the compiled package in a folder with nothing else.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { SECRET } from '../support/keyturn.js';

const folder = mkdtempSync(join(tmpdir(), 'keyturn-alone-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
cpSync('dist', join(folder, 'dist'), { recursive: true });
for (const part of ['data', 'package.json']) cpSync(part, join(folder, part), { recursive: true });
mkdirSync(join(folder, 'node_modules'));
symlinkSync(resolve('node_modules/smol-toml'), join(folder, 'node_modules/smol-toml'));

/** Starts a Keyturn there; what it was refused with, or "started". */
async function start(env: Readonly<Record<string, string>>): Promise<string> {
  const program = `
    import { createKeyturn } from './dist/index.js';
    try {
      const keyturn = await createKeyturn();
      await keyturn.close();
      console.log('started');
    } catch ({ code, message, hint }) {
      console.log([code, message, hint].join(' | '));
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      KEYTURN_ENV: 'prod',
      KEYTURN_LOG__LEVEL: 'silent',
      KEYTURN_SECURITY__SIGNING_SECRET: SECRET,
      ...env,
    },
  });
  return stdout.trim();
}

const REDIS = {
  KEYTURN_SESSION__BACKEND: 'redis',
  KEYTURN_SESSION__REDIS__URL: 'redis://:planted-password@127.0.0.1:1',
};

test('none is needed where no engine is named', async () => {
  expect(await start({})).toBe('started');
});

test('Redis', async () => {
  expect(await start(REDIS)).toBe(
    'engine_missing | no client for Redis is installed | npm install redis (or ioredis)',
  );
});

test('PostgreSQL', async () => {
  const url = 'postgres://u:planted-password@127.0.0.1:1/x';
  const env = { KEYTURN_SESSION__BACKEND: 'postgres', KEYTURN_SESSION__POSTGRES__URL: url };
  expect(await start(env)).toBe('engine_missing | no client for PostgreSQL is installed | npm install pg');
});

test('ioredis alone is enough', async () => {
  const ioredis = join(folder, 'node_modules/ioredis');
  symlinkSync(resolve('node_modules/ioredis'), ioredis);
  try {
    expect(await start(REDIS)).toBe('started');
  } finally {
    rmSync(ioredis);
  }
});

test('a package that is there and broken is no missing one', async () => {
  const broken = join(folder, 'node_modules/pg');
  mkdirSync(broken);
  writeFileSync(join(broken, 'package.json'), '{"type":"module","exports":"./index.js"}');
  writeFileSync(join(broken, 'index.js'), "import 'something-it-needs';");
  try {
    const url = 'postgres://127.0.0.1:1/x';
    const env = { KEYTURN_SESSION__BACKEND: 'postgres', KEYTURN_SESSION__POSTGRES__URL: url };
    expect(await start(env)).toBe(
      'engine_missing | the package pg could not be loaded | install it anew: npm install pg',
    );
  } finally {
    rmSync(broken, { recursive: true });
  }
});
