// The console of the keys in Locker: who may see it, and who may act.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Browser } from '../support/browser.js';
import { startLocker } from './process.js';
import { OWN_FORM, signIn, tokenIn } from './visit.js';

async function visitor(url: string, name: string, password?: string): Promise<Browser> {
  const browser = new Browser(url);
  await signIn(browser, name, password);
  return browser;
}

test('in development everybody who is signed in looks, and operators act', async () => {
  const env = {
    KEYTURN_ENV: 'dev',
    LOCKER_OPERATORS: 'ada, grace',
    KEYTURN_SECURITY__SIGNING_SECRET: randomBytes(32).toString('hex'),
  };
  const { url } = await startLocker({ env });
  const stranger = new Browser(url);
  const [here, nowhere] = [await stranger.get('/keyturn/'), await stranger.get('/nowhere/')];
  expect([here.status, here.text]).toEqual([404, nowhere.text]);
  const bob = await visitor(url, 'bob');
  const page = await bob.get('/keyturn/');
  expect([page.status, page.text.includes('<b>bob</b>')]).toEqual([200, true]);
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect((await bob.get('/keyturn/steps')).status).toBe(403);
  // The keys come from a variable: there is nothing that a step could change.
  const steps = await (await visitor(url, 'ada')).get('/keyturn/steps');
  expect([steps.status, steps.text.includes('cannot be changed from here')]).toEqual([200, true]);
});

test('in production operators alone', async () => {
  const env = {
    KEYTURN_ENV: 'prod',
    LOCKER_PASSWORD: 'correct horse',
    KEYTURN_SECURITY__SIGNING_SECRET: randomBytes(32).toString('hex'),
  };
  const { url } = await startLocker({ env: { ...env, LOCKER_OPERATORS: 'ada' } });
  const ada = await visitor(url, 'ada', 'correct horse');
  const bob = await visitor(url, 'bob', 'correct horse');
  expect((await bob.get('/keyturn/')).status).toBe(404);
  expect((await ada.get('/keyturn/')).status).toBe(200);
  const forged = await ada.ask('/keyturn/steps/stage', {
    method: 'POST',
    form: { _csrf: tokenIn((await ada.get('/')).text) },
    headers: { ...OWN_FORM, 'sec-fetch-site': 'cross-site' },
  });
  expect(forged.status).toBe(403);
  const nobodys = await startLocker({ env });
  expect((await (await visitor(nobodys.url, 'ada', 'correct horse')).get('/keyturn/')).status).toBe(404);
});
