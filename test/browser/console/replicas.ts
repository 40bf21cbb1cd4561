// Replicas of one app, each with the console in it: by Express and over node:http, on one document or on one Redis.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Machine } from '../../../src/resolve/machine.js';
import { monotonicClock } from '../../../src/resolve/monotonic-clock.js';
import { startKeyturn } from '../../../src/start/start.js';
import { keyturn as command } from '../../cli/run.js';
import { APPS, type AppOptions, type ConsoleApp } from '../../console/apps.js';
import { memoryLogger } from '../../support/keyturn.js';
import { FILE, STRONG } from '../../support/machine.js';
import { afterwards, documentOf, newFolder } from '../../support/ring-file.js';

export type Variables = Readonly<Record<string, string>>;

/** Steps become safe within seconds. */
const SHORT: Variables = {
  KEYTURN_ENV: 'prod',
  KEYTURN_SECURITY__KEYRING__MAX_LAG: '1s',
  KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: '1s',
  KEYTURN_SECURITY__KEYRING__LEASE: '60s',
};

/** What is signed is over within seconds, too: a key can go. */
export const SHORT_LIVES: Variables = {
  KEYTURN_PURPOSES__BUILTIN: 'session',
  KEYTURN_SESSION__IDLE: '8s',
  KEYTURN_PURPOSES__CSRF__MAX_AGE: '8s',
  KEYTURN_PURPOSES__CSRF_ID__MAX_AGE: '8s',
  KEYTURN_PURPOSES__FLASH__MAX_AGE: '8s',
};

export interface Replicas {
  readonly first: ConsoleApp;
  readonly second: ConsoleApp;
  /** What an operator types on another machine. */
  command(...args: readonly string[]): Promise<string>;
}

export interface ReplicasOptions extends Pick<AppOptions, 'guard'> {
  /** Default: a document of their own. */
  readonly place?: Variables;
  readonly env?: Variables;
  readonly steps?: boolean;
}

export async function twoReplicas({
  place,
  env: more = {},
  steps = true,
  guard,
}: ReplicasOptions = {}): Promise<Replicas> {
  const cwd = newFolder();
  const path = join(cwd, 'keyring.json');
  if (place === undefined)
    await writeFile(path, documentOf(1, [[STRONG, 'active', { dates: { active: Date.now() } }]]), {
      mode: 0o600,
    });
  const env = { ...SHORT, ...more, ...(place ?? { [FILE]: path }) };
  const run = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await command(args, { cwd, env });
    if (code !== 0) throw new Error(`keyturn ${args.join(' ')} returned ${code}: ${stderr}`);
    return stdout;
  };
  if (place !== undefined) await run('init');
  const signs = { terminal: false, debugger: false, container: false };
  const start = async (framework: string) => {
    const machine: Machine = { cwd, env, signs, now: Date.now, monotonic: monotonicClock };
    const keyturn = await startKeyturn({ logger: memoryLogger() }, machine);
    const [, app] = APPS.find(([name]) => name === framework) as (typeof APPS)[number];
    const served = await app({ keyturn, steps, ...(guard === undefined ? {} : { guard }) });
    let isOver = false;
    const close = async () => {
      if (isOver) return;
      isOver = true;
      await served.close();
      await keyturn.close();
    };
    afterwards(close);
    return { url: served.url, close };
  };
  const [first, second] = [await start('Express 5'), await start('node:http')];
  return { first, second, command: run };
}

/** Whoever acts, looks, or is nobody: see `guest()` of the apps. */
export async function signIn(page: Page, { url }: ConsoleApp, who: string): Promise<void> {
  await page.goto(`${url}/as/${who}`);
}

export const sentence = (page: Page) => page.locator('#sentence').innerText();
export const heading = (page: Page) => page.locator('h1').first().innerText();

export async function press(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('button', { name }).click();
  await page.waitForLoadState();
}

export async function follow(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('link', { name }).first().click();
  await page.waitForLoadState();
}
