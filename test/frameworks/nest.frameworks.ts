// The example for Nest, compiled, on both of its platforms.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startExample, startRefused, useExample } from '../examples/example.js';
import { installed } from './installed.js';

const cwd = installed('nest');

beforeAll(() => {
  execFileSync(process.execPath, [join(cwd, 'node_modules/typescript/bin/tsc'), '-p', '.'], {
    cwd,
    stdio: 'inherit',
  });
});

describe.each(['express', 'fastify'])('on %s', (platform) => {
  const example = { command: [process.execPath, join(cwd, 'dist', `${platform}.js`)] as const };

  test('signs in, shows a message once, takes a form, signs out', async () => {
    const { url } = await startExample(example);
    await useExample(url);
  });

  test('without a secret it ends with an error and no open port', async () => {
    const { code, said, isOpen } = await startRefused(example);
    expect([code, isOpen]).toEqual([1, false]);
    expect(said).toContain('no signing secret is configured');
  });
});
