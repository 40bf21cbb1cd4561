// Locker in a real Chromium, with JavaScript and without: what people do, seen through what they see.
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { program } from '../cli/run.js';
import { newFolder, startLocker } from '../locker/process.js';
import { until } from '../support/waiting.js';
import { CHROMIUM, launch } from './chromium.js';

const PASSWORD = 'correct horse';
const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

let browser: Browser;
let url: string;

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  browser = await launch();
  const env = { KEYTURN_ENV: 'dev', LOCKER_SHARE_FOR: '8s,1h', LOCKER_MAX_FILE_SIZE: '1000000' };
  url = (await startLocker({ env })).url;
});

afterAll(async () => {
  await browser?.close();
});

describe.skipIf(CHROMIUM === undefined).each([
  ['with JavaScript', true],
  ['without JavaScript', false],
] as const)('in Chromium, %s', (_, javaScriptEnabled) => {
  /** A profile of its own, and a page in it; what the console complains of fails the test. */
  async function profile(baseURL = url): Promise<Page> {
    const context: BrowserContext = await browser.newContext({ baseURL, javaScriptEnabled });
    // Against hanging, and no measure.
    context.setDefaultTimeout(240_000);
    const page = await context.newPage();
    page.on('console', (message) => {
      // An answer with an error status is told of there, too.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        throw new Error(`the console says: ${message.text()}`);
    });
    return page;
  }

  const press = async (page: Page, name: string) => {
    await page.getByRole('button', { name, exact: true }).click();
    await page.waitForLoadState();
  };

  async function signIn(page: Page, user: string, password: string): Promise<void> {
    await page.goto('/');
    await page.getByLabel('Name').fill(user);
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
  }

  const heading = (page: Page) => page.locator('h1').innerText();
  const message = (page: Page) => page.locator('.message').first().innerText();

  async function choose(page: Page, name: string, buffer: Buffer): Promise<void> {
    const file = { name, mimeType: 'application/octet-stream', buffer };
    await page.locator('input[type=file]').setInputFiles(file);
  }

  /** Presses a link that downloads. */
  async function download(page: Page, name: string): Promise<{ name: string; content: Buffer }> {
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name, exact: true }).click(),
    ]);
    return { name: saved.suggestedFilename(), content: readFileSync(await saved.path()) };
  }

  test.concurrent('sign in, upload, share, open the link in a clean profile, until it expires', async () => {
    const page = await profile();
    const user = `ada-${javaScriptEnabled}`;
    await signIn(page, user, 'wrong');
    expect(await message(page)).toBe('The password is not right.');
    await page.getByLabel('Password').fill('locker');
    await press(page, 'Sign in');
    expect(await heading(page)).toBe(`Hello, ${user}`);
    await choose(page, 'Märchen & mehr.bin', CONTENT);
    await press(page, 'Upload');
    expect(await message(page)).toBe('“Märchen & mehr.bin” is in your locker.');
    const own = await download(page, 'Download Märchen & mehr.bin');
    expect(own.name).toBe('Märchen & mehr.bin');
    expect(own.content.equals(CONTENT)).toBe(true);

    const share = async (lifetime: string) => {
      await page.goto('/');
      await page.getByRole('link', { name: 'Share Märchen & mehr.bin' }).click();
      await page.getByLabel(lifetime).check();
      await press(page, 'Make a link');
      return await page.locator('.copy').innerText();
    };
    const clean = await profile();
    await clean.goto(await share('1 hour'));
    expect(await heading(clean)).toBe('Märchen & mehr.bin');
    expect((await download(clean, 'Download')).content.equals(CONTENT)).toBe(true);
    expect(await clean.context().cookies()).toEqual([]);
    const brief = await share('8 seconds');
    await until(async () => (await clean.goto(brief))?.status() === 403);
    expect(await heading(clean)).toBe('This link does not work');
    expect(await clean.locator('body').innerText()).not.toContain('Märchen');

    await page.goto('/');
    await press(page, 'Delete Märchen & mehr.bin');
    await press(page, 'Delete for good');
    expect(await message(page)).toBe('“Märchen & mehr.bin” is deleted. Links to it have ended.');
    expect(await page.locator('.empty').isVisible()).toBe(true);
  });

  test.concurrent('a file that is too large is refused with a page', async () => {
    const page = await profile();
    await signIn(page, `barbara-${javaScriptEnabled}`, 'locker');
    for (const size of [1_000_001, 5_000_000]) {
      await page.goto('/');
      await choose(page, 'big.iso', Buffer.alloc(size));
      await press(page, 'Upload');
      expect(await heading(page)).toBe('This file is too large');
    }
  });

  test.concurrent('reset the password, replay the link', async () => {
    const page = await profile();
    const elsewhere = await profile();
    const user = `grace-${javaScriptEnabled}`;
    await signIn(elsewhere, user, 'locker');
    expect(await heading(elsewhere)).toBe(`Hello, ${user}`);
    await page.goto('/');
    await page.getByRole('link', { name: 'Forgotten your password?' }).click();
    await page.getByLabel('Name').fill(user);
    await press(page, 'Send me a link');
    const link = await page.locator('.copy').innerText();
    await page.getByRole('link', { name: link }).click();
    await page.getByLabel('New password').fill('a fine new one');
    await press(page, 'Change the password');
    expect(await message(page)).toBe('Your password is changed. Sign in with the new one.');
    expect(await page.getByLabel('Name').inputValue()).toBe(user);
    await page.getByLabel('Password').fill('a fine new one');
    await press(page, 'Sign in');
    expect(await heading(page)).toBe(`Hello, ${user}`);
    await elsewhere.goto('/');
    expect(await elsewhere.getByRole('button', { name: 'Sign in' }).isVisible()).toBe(true);
    const replayed = await elsewhere.goto(link);
    expect(replayed?.status()).toBe(403);
    expect(await heading(elsewhere)).toBe('This link does not work');
  });

  test.concurrent('forms that are open across a rotation are accepted', async () => {
    const cwd = newFolder();
    const env = {
      KEYTURN_ENV: 'prod',
      KEYTURN_SECURITY__KEYRING__MAX_LAG: '1s',
      KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: '1s',
      KEYTURN_SECURITY__KEYRING__LEASE: '6s',
    };
    const command = (name: string) => program([name], { cwd, env });
    expect((await command('init')).code).toBe(0);
    const { url: address } = await startLocker({
      cwd,
      env: { ...env, HOST: 'localhost', LOCKER_PASSWORD: PASSWORD },
    });
    const page = await profile(address);
    const visitor = await profile(address);
    await signIn(page, 'ada', PASSWORD);
    const signingKey = async () =>
      ((await (await fetch(`${address}/readyz`)).json()) as { signingKid: string }).signingKid;
    const before = await signingKey();
    const cookie = async () =>
      (await page.context().cookies()).find(({ name }) => name === '__Host-keyturn.sid')?.value;
    expect(await cookie()).toContain(before);
    // Open, and half filled in.
    await choose(page, 'notes.txt', Buffer.from('written before'));
    await visitor.goto('/');
    await visitor.getByLabel('Name').fill('grace');

    expect((await command('stage')).code).toBe(0);
    await until(async () => (await command('promote')).code === 0);
    await until(async () => (await signingKey()) !== before);

    await press(page, 'Upload');
    expect(await message(page)).toBe('“notes.txt” is in your locker.');
    expect((await download(page, 'Download notes.txt')).content.toString()).toBe('written before');
    expect(await cookie()).toContain(await signingKey());
    await visitor.getByLabel('Password').fill(PASSWORD);
    await press(visitor, 'Sign in');
    expect(await heading(visitor)).toBe('Hello, grace');
  });
});
