// The example for Next: built, started in production, used in Chromium, and edited in development.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { CHROMIUM, launch } from '../browser/chromium.js';
import { useInChromium } from '../browser/use-example.js';
import { startExample, startRefused } from '../examples/example.js';
import { until } from '../support/waiting.js';
import { installed } from './installed.js';

const cwd = installed('next');
const next = (command: string) => ({
  cwd,
  command: [process.execPath, join(cwd, 'node_modules/next/dist/bin/next'), command] as const,
});

describe('in production', () => {
  let browser: Browser | undefined;

  beforeAll(async () => {
    const [node, ...args] = next('build').command;
    execFileSync(node, args, { cwd, stdio: 'pipe', env: { ...process.env, NODE_ENV: 'production' } });
    if (CHROMIUM !== undefined) browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
  });

  test.skipIf(CHROMIUM === undefined)(
    'sign-in, a form, flash, a rotation with open forms, sign-out',
    async () => {
      await useInChromium(browser as Browser, next('start'));
    },
  );

  test('without a secret it ends with an error and no open port', async () => {
    const { code, said, isOpen } = await startRefused(next('start'));
    expect([code, isOpen]).toEqual([1, false]);
    expect(said).toContain('no signing secret is configured');
  });
});

/** Tells of every Keyturn that its module has ever had. */
const EDITED = `
import { kt, version } from '../../lib/keyturn';
const all = ((globalThis as { all?: Set<unknown> }).all ??= new Set());
export async function GET() {
  all.add(await kt.ready());
  return Response.json({ version, keyturns: all.size });
}`;

test('in development a module that is edited 50 times has one Keyturn', async () => {
  const module = join(cwd, 'lib/keyturn.ts');
  const text = readFileSync(module, 'utf8');
  onTestFinished(() => {
    writeFileSync(module, text);
    rmSync(join(cwd, 'app/edited'), { recursive: true });
  });
  let edits = 0;
  const edit = (version: number) =>
    writeFileSync(module, `${text}\nexport const version = ${version}; // ${edits++}\n`);
  edit(0);
  mkdirSync(join(cwd, 'app/edited'));
  writeFileSync(join(cwd, 'app/edited/route.ts'), EDITED);
  const env = { NODE_ENV: 'development', KEYTURN_ENV: 'dev' };
  const { url, said } = await startExample({ ...next('dev'), env });
  for (let version = 1; version <= 50; version++) {
    let answer: { version?: number } = {};
    await until(async () => {
      // Once more where the watcher of Next has missed it.
      if (answer.version !== version) edit(version);
      await setTimeout(500);
      answer = (await (await fetch(`${url}/edited`)).json()) as typeof answer;
      return answer.version === version;
    });
    expect(answer).toEqual({ version, keyturns: 1 });
  }
  expect(said().match(/the keyring is loaded/g)).toHaveLength(1);
});
