// "Your devices" in Locker: where somebody is signed in, and signing out there.
import { beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.js';
import { startLocker } from './process.js';
import { JSON_PLEASE, messagesIn, sendForm, signIn, whoAmI } from './visit.js';

let url: string;

beforeAll(async () => {
  const env = { KEYTURN_ENV: 'dev', KEYTURN_SESSION__BACKEND: 'memory' };
  url = (await startLocker({ env })).url;
});

async function signedIn(user: string): Promise<Browser> {
  const browser = new Browser(url);
  await signIn(browser, user);
  return browser;
}

interface Device {
  readonly id: string;
  readonly label: string;
  readonly here: boolean;
}

const devicesOf = async (browser: Browser): Promise<readonly Device[]> =>
  (await browser.get('/devices', JSON_PLEASE)).json.devices;

test('a user sees where they are signed in, and signs out one, or all others', async () => {
  const [desk, phone, tablet] = [await signedIn('ada'), await signedIn('ada'), await signedIn('ada')];
  const page = await desk.get('/devices');
  expect(page.status).toBe(200);
  expect(page.headers.get('cache-control')).toBe('private, no-store');
  expect(page.text.match(/<button class="quiet" aria-label="Sign out /g)).toHaveLength(2);
  expect(page.text).toContain('this device');
  expect((await desk.get('/')).text).toContain('href="/devices"');
  const devices = await devicesOf(desk);
  expect(devices.map(({ here }) => here).sort()).toEqual([false, false, true]);
  const id = (await devicesOf(phone)).find(({ here }) => here)?.id as string;
  const one = await sendForm(desk, '/devices', '/devices/sign-out', { id });
  expect([one.status, one.headers.get('location')]).toEqual([303, '/devices']);
  expect(messagesIn((await desk.get('/devices')).text)).toEqual(['One device is signed out.']);
  expect([await whoAmI(desk), await whoAmI(phone), await whoAmI(tablet)]).toEqual(['ada', undefined, 'ada']);
  await sendForm(desk, '/devices', '/devices/sign-out-others');
  const after = await desk.get('/devices');
  expect(after.text).not.toContain('action="/devices/sign-out');
  expect([await whoAmI(desk), await whoAmI(tablet)]).toEqual(['ada', undefined]);
});

test('nobody signs out somebody else, or without a token', async () => {
  const [grace, eve] = [await signedIn('grace'), await signedIn('eve')];
  const id = (await devicesOf(grace))[0]?.id as string;
  await sendForm(eve, '/devices', '/devices/sign-out', { id });
  expect(await whoAmI(grace)).toBe('grace');
  const forged = await grace.ask('/devices/sign-out-others', { method: 'POST', form: {} });
  expect(forged.status).toBe(403);
  expect((await new Browser(url).get('/devices')).status).toBe(401);
});
