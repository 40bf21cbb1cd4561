// An example in a real Chromium, with a keyring that is rotated while forms are open.
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { program } from '../cli/run.js';
import { type Example, startExample } from '../examples/example.js';
import { newFolder } from '../support/ring-file.js';
import { until } from '../support/waiting.js';

const ENV = {
  KEYTURN_SECURITY__KEYRING__MAX_LAG: '1s',
  KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: '1s',
  KEYTURN_SECURITY__KEYRING__LEASE: '6s',
};

/** Signs in, fills in forms that stay open through a rotation, and signs out. */
export async function useInChromium(browser: Browser, example: Example): Promise<void> {
  const folder = newFolder();
  const command = async (name: string) =>
    (await program([name], { cwd: folder, env: { ...ENV, KEYTURN_ENV: 'prod' } })).code;
  expect(await command('init')).toBe(0);
  const ring = { KEYTURN_SECURITY__SIGNING_SECRET_FILE: `${folder}/.keyturn/keyring.json` };
  const { url } = await startExample(example, { ...ENV, ...ring });
  const [ada, grace, probe] = await Promise.all([
    newPage(browser, url),
    newPage(browser, url),
    newPage(browser, url),
  ]);

  await signIn(ada, 'Ada');
  await says(ada, 'Welcome Ada');
  await ada.reload();
  await heading(ada, 'Notes of Ada');
  expect(await ada.getByRole('status').count()).toBe(0);
  await ada.getByLabel('Note').fill('bread');
  await grace.getByLabel('Name').fill('Grace');
  await signIn(probe, 'Probe');

  const cookie = async () =>
    (await probe.context().cookies()).find(({ name }) => name === '__Host-keyturn.sid')?.value;
  const before = await cookie();
  expect(before).toBeDefined();
  expect(await command('stage')).toBe(0);
  await until(async () => (await command('promote')) === 0);
  await until(async () => {
    await probe.goto('/');
    return (await cookie()) !== before;
  });
  await heading(probe, 'Notes of Probe');

  await press(ada, 'Add');
  await says(ada, 'Saved');
  expect(await ada.getByRole('listitem').allInnerTexts()).toEqual(['bread']);
  await press(grace, 'Sign in');
  await heading(grace, 'Notes of Grace');
  await press(ada, 'Sign out');
  await says(ada, 'Goodbye');
  await ada.reload();
  await ada.getByRole('button', { name: 'Sign in' }).waitFor();
  await heading(grace, 'Notes of Grace');
}

async function newPage(browser: Browser, baseURL: string): Promise<Page> {
  const context = await browser.newContext({ baseURL });
  // Against hanging, and no measure.
  context.setDefaultTimeout(240_000);
  const page = await context.newPage();
  await page.goto('/');
  return page;
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await press(page, 'Sign in');
  await heading(page, `Notes of ${name}`);
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const says = (page: Page, text: string) =>
  page.getByRole('status').getByText(text, { exact: true }).waitFor();
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
