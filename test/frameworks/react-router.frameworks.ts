// The example for React Router, compiled and built, on a Node that it runs on.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startExample, startRefused, useExample } from '../examples/example.js';
import { installed, NEWER_NODE } from './installed.js';

const cwd = installed('react-router');
const example = {
  cwd,
  command: [
    NEWER_NODE,
    join(cwd, 'node_modules/@react-router/serve/bin.cjs'),
    'build/server/index.js',
  ] as const,
};

beforeAll(() => {
  const run = (...args: string[]) =>
    execFileSync(NEWER_NODE, args, { cwd, stdio: 'pipe', env: { ...process.env, NODE_ENV: 'production' } });
  const cli = 'node_modules/@react-router/dev/bin.cjs';
  run(cli, 'typegen');
  run('node_modules/typescript/bin/tsc', '-p', '.');
  run(cli, 'build');
});

test('signs in, shows a message once, takes a form, signs out', async () => {
  const { url } = await startExample(example);
  await useExample(url);
});

test('without a secret it ends with an error and no open port', async () => {
  const { code, said, isOpen } = await startRefused(example);
  expect([code, isOpen]).toEqual([1, false]);
  expect(said).toContain('no signing secret is configured');
});
