// The examples for Bun, Deno and workerd, each on its runtime.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS, installRuntimes, runtimeNamed } from '../../scripts/runtimes.js';
import { type Example, startExample, startRefused, useExample } from '../examples/example.js';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const worker = mkdtempSync(join(tmpdir(), 'keyturn-worker-'));

beforeAll(async () => {
  expect(installRuntimes()).toBe(true);
  copyFileSync(join(EXAMPLES, 'workerd/config.capnp'), join(worker, 'config.capnp'));
  const bundle = await rolldown({
    input: join(EXAMPLES, 'workerd/worker.js'),
    external: [/^node:/],
    platform: 'node',
    logLevel: 'silent',
  });
  await bundle.write({ file: join(worker, 'bundle.js'), format: 'es', codeSplitting: false });
  await bundle.close();
});

afterAll(() => rmSync(worker, { recursive: true }));

describe.each(['bun', 'deno', 'workerd'])('on %s', (name) => {
  const example = (): Example => {
    const runtime = runtimeNamed(name) as string;
    if (name === 'workerd')
      return {
        command: [runtime, 'serve', 'config.capnp', '--socket-addr', 'http=localhost:PORT'],
        cwd: worker,
      };
    const [program, ...args] = COMMANDS[name as 'bun' | 'deno'](runtime) as string[];
    return { command: [program as string, ...args, join(EXAMPLES, name, 'server.js')] };
  };

  test('signs in, shows a message once, takes a form, signs out', async () => {
    const { url } = await startExample(example());
    await useExample(url);
  });

  test('without a secret it ends with an error and no open port', async () => {
    const { code, said, isOpen } = await startRefused(example());
    expect([code, isOpen]).toEqual([1, false]);
    // A variable that is not set is the text "null" in workerd.
    expect(said).toMatch(/no signing secret is configured|SIGNING_SECRET is too weak/);
  });
});
