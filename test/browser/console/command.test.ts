// `keyturn console` in a browser: its link works once, and its steps are taken.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyturn, MAIN } from '../../cli/run.js';
import { afterwards, newFolder } from '../../support/ring-file.js';
import { CHROMIUM, launch } from '../chromium.js';
import { follow, heading, press, sentence } from './replicas.js';
import { watchedPage } from './watched.js';

describe.skipIf(CHROMIUM === undefined)('keyturn console, in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
  });

  async function start(
    ...more: readonly string[]
  ): Promise<{ cwd: string; child: ChildProcess; link: string }> {
    const cwd = newFolder();
    expect((await keyturn(['init', '--env', 'dev'], { cwd })).code).toBe(0);
    const args = [MAIN, 'console', '--env', 'dev', '--who', 'ada', ...more];
    const child = spawn(process.execPath, args, { cwd, env: { PATH: process.env.PATH } });
    afterwards(() => child.kill('SIGKILL'));
    const [link] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return { cwd, child, link };
  }

  test.concurrent('the link opens it once, steps are taken, and Ctrl-C ends it', async () => {
    const { cwd, child, link } = await start('--steps');
    const { page, problems, close } = await watchedPage(browser);
    await page.goto(link);
    await page.waitForURL((url) => url.pathname === '/');
    expect(await sentence(page)).toContain('No rotation is under way.');

    const thief = await watchedPage(browser);
    await thief.page.goto(link);
    expect(await heading(thief.page)).toBe('This link was used already');
    await thief.page.goto(new URL('/', link).href);
    expect(await heading(thief.page)).toBe('This console is closed to this browser');
    await thief.close();

    await follow(page, 'Steps');
    await follow(page, 'Stage a fresh key …');
    await press(page, 'Stage a fresh key');
    await follow(page, 'history');
    expect(await page.locator('tbody tr').first().innerText()).toMatch(/stage\s.*\sada\s+in the console/s);
    const staged = (await keyturn(['status', '--env', 'dev', '--json'], { cwd })).stdout;
    expect(JSON.parse(staged).keys).toHaveLength(2);

    await follow(page, 'Overview');
    await page.getByText('Live.').waitFor();
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
    await page.locator('#connection.lost').waitFor();
    await close();
    expect(problems).toEqual([]);
  });

  test.concurrent('without --steps it shows, and no more', async () => {
    const { link } = await start();
    const { page, problems, close } = await watchedPage(browser);
    await page.goto(link);
    await page.waitForURL((url) => url.pathname === '/');
    expect(await page.getByRole('link', { name: 'Steps' }).count()).toBe(0);
    await page.goto(new URL('/steps/stage', link).href);
    expect(await heading(page)).toBe('No step can be taken here');
    await close();
    expect(problems).toEqual([]);
  });
});
