// Choosing a new password: who gets a link, what it is good for, and what ends with it.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, Browser } from '../support/browser.js';
import { until } from '../support/waiting.js';
import { newFolder, Process, startLocker } from './process.js';
import { JSON_PLEASE, messagesIn, sendForm, signIn, tokenIn, whoAmI } from './visit.js';

const DEV = { KEYTURN_ENV: 'dev' };
let locker: Awaited<ReturnType<typeof startLocker>>;

beforeAll(async () => {
  locker = await startLocker({ env: DEV });
});

const title = (page: Answer) => /<h1[^>]*>(.*)<\/h1>/.exec(page.text)?.[1];

/** Asks for a link as a visitor does. @returns its path */
async function askFor(user: string, url = locker.url): Promise<string> {
  const asked = await sendForm(new Browser(url), '/password-reset', '/password-reset', { username: user });
  const link = /<p class="copy"><a href="([^"]+)"/.exec(asked.text)?.[1] as string;
  expect(link.startsWith(`${url}/password-reset/kt1.`)).toBe(true);
  return link.slice(url.length);
}

const choose = (browser: Browser, link: string, password: string) =>
  sendForm(browser, link, link, { password });

async function canSignIn(user: string, password: string, url = locker.url): Promise<boolean> {
  const browser = new Browser(url);
  await signIn(browser, user, password);
  return (await whoAmI(browser)) === user;
}

describe('a link', () => {
  test('lets its user choose a new password, once', async () => {
    const link = await askFor('grace');
    await until(() => locker.stdout.includes(`a new password was asked for "grace": ${locker.url}${link}\n`));
    const browser = new Browser(locker.url);
    const page = await browser.get(link);
    expect([page.status, title(page)]).toEqual([200, 'Choose a new password']);
    expect(page.headers.get('cache-control')).toBe('private, no-store');
    const stale = tokenIn(page.text);
    const answer = await choose(browser, link, 'a fine new one');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    const start = (await browser.get('/')).text;
    expect(messagesIn(start)).toEqual(['Your password is changed. Sign in with the new one.']);
    expect(start).toContain('name="username" value="grace"');
    expect(await canSignIn('grace', 'locker')).toBe(false);
    expect(await canSignIn('grace', 'a fine new one')).toBe(true);
    expect(await canSignIn('somebody-else', 'locker')).toBe(true);
    const again = await browser.get(link);
    expect([again.status, title(again)]).toEqual([403, 'This link does not work']);
    const replayed = await browser.ask(link, {
      method: 'POST',
      form: { _csrf: stale, password: 'of an attacker' },
    });
    expect(replayed.status).toBe(403);
    const fresh = await sendForm(browser, '/', link, { password: 'of an attacker' });
    expect([fresh.status, title(fresh)]).toEqual([403, 'This link does not work']);
    expect(await canSignIn('grace', 'a fine new one')).toBe(true);
  });

  test('ends with every other one of that user, and with nobody else’s', async () => {
    const [first, second, other] = [await askFor('linus'), await askFor('linus'), await askFor('ken')];
    await choose(new Browser(locker.url), second, 'number two');
    expect((await new Browser(locker.url).get(first)).status).toBe(403);
    expect((await new Browser(locker.url).get(other)).status).toBe(200);
    const third = await askFor('linus');
    await choose(new Browser(locker.url), third, 'number three');
    expect(await canSignIn('linus', 'number three')).toBe(true);
  });

  test('is used by one, of many at once', async () => {
    const link = await askFor('dennis');
    const browser = new Browser(locker.url);
    const _csrf = tokenIn((await browser.get(link)).text);
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        browser.ask(link, { method: 'POST', form: { _csrf, password: `password ${index}` } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403, 403, 403, 403]);
  });

  test('is refused when anything about it was altered, or it is a token for something else', async () => {
    const link = await askFor('barbara');
    const browser = new Browser(locker.url);
    await signIn(browser, 'barbara');
    const sid = await browser.cookie('keyturn.sid');
    for (const bad of [
      link.slice(0, -1),
      `${link}A`,
      link.replace('kt1.', 'kt2.'),
      `/password-reset/${sid}`,
    ]) {
      expect([bad, (await browser.get(bad)).status]).toEqual([bad, 403]);
      expect((await sendForm(browser, '/', bad, { password: 'a fine new one' })).status).toBe(403);
    }
  });

  test('is not used up by a password that is none', async () => {
    const link = await askFor('margaret');
    const browser = new Browser(locker.url);
    for (const password of ['', 'short', 'x'.repeat(257)]) {
      const answer = await choose(browser, link, password);
      expect([answer.status, answer.headers.get('location')]).toEqual([303, link]);
      expect(messagesIn((await browser.get(link)).text)[0]).toMatch(/^Please choose a password of at /);
    }
    expect(await canSignIn('margaret', 'locker')).toBe(true);
  });

  test('expires', async () => {
    const env = { ...DEV, KEYTURN_PURPOSES__PASSWORD_RESET__MAX_AGE: '2s' };
    const { url } = await startLocker({ env });
    const link = await askFor('ada', url);
    const browser = new Browser(url);
    await until(async () => (await browser.get(link)).status === 403);
    expect((await sendForm(browser, '/', link, { password: 'a fine new one' })).status).toBe(403);
  });
});

describe('a new password', () => {
  for (const backend of ['cookie', 'memory']) {
    test(`ends the sessions of its user everywhere (${backend})`, async () => {
      const { url } = await startLocker({ env: { ...DEV, KEYTURN_SESSION__BACKEND: backend } });
      const [laptop, phone, other] = [new Browser(url), new Browser(url), new Browser(url)];
      for (const device of [laptop, phone]) await signIn(device, 'ada');
      await signIn(other, 'grace');
      const link = await askFor('ada', url);
      await choose(laptop, link, 'a fine new one');
      expect([await whoAmI(laptop), await whoAmI(phone), await whoAmI(other)]).toEqual([
        undefined,
        undefined,
        'grace',
      ]);
      await signIn(phone, 'ada', 'a fine new one');
      expect(await whoAmI(phone)).toBe('ada');
    });
  }

  test('survives a restart, as a hash', async () => {
    const run = { cwd: newFolder(), env: DEV };
    const first = await startLocker(run);
    const name = '__proto__ "ada"';
    const browser = new Browser(first.url);
    const asked = await sendForm(
      browser,
      '/password-reset',
      '/password-reset',
      { username: name },
      JSON_PLEASE,
    );
    expect([asked.status, asked.json]).toEqual([202, { user: name, link: expect.any(String) }]);
    await choose(browser, asked.json.link.slice(first.url.length), 'a fine new one');
    await first.stop('SIGKILL');
    const kept = readFileSync(join(run.cwd, '.locker', 'accounts.json'), 'utf8');
    expect(kept).not.toContain('fine');
    const { url } = await startLocker(run);
    expect(await canSignIn(name, 'a fine new one', url)).toBe(true);
    expect(await canSignIn(name, 'locker', url)).toBe(false);
  });
});

test('programs reset a password in JSON', async () => {
  const program = new Browser(locker.url);
  const { csrfToken } = (await program.get('/', JSON_PLEASE)).json;
  const headers = { ...JSON_PLEASE, 'x-csrf-token': csrfToken };
  const asked = await program.post('/password-reset', { username: 'robot' }, headers);
  const link = asked.json.link.slice(locker.url.length);
  expect((await program.get(link, JSON_PLEASE)).json).toEqual({
    user: 'robot',
    csrfToken: expect.any(String),
  });
  expect((await program.post(link, { password: 'short' }, headers)).json).toEqual({
    error: 'Please choose a password of at least 8 characters.',
  });
  expect((await program.post(link, { password: 'long enough' }, headers)).json).toEqual({ user: 'robot' });
  expect((await program.get(link, JSON_PLEASE)).json).toEqual({ error: 'This link does not work' });
  expect(await canSignIn('robot', 'long enough')).toBe(true);
});

test('asking needs the token of the page, and a name', async () => {
  const browser = new Browser(locker.url);
  const forged = await browser.ask('/password-reset', { method: 'POST', form: { username: 'ada' } });
  expect(forged.status).toBe(403);
  const nameless = await sendForm(browser, '/password-reset', '/password-reset', { username: ' ' });
  expect([nameless.status, title(nameless)]).toEqual([400, 'Please enter a name.']);
});

test('in production the link is shown nowhere', async () => {
  const secret = randomBytes(32).toString('hex');
  const production = await startLocker({
    env: {
      KEYTURN_ENV: 'prod',
      KEYTURN_LOG__LEVEL: 'debug',
      LOCKER_PASSWORD: 'correct horse',
      KEYTURN_SECURITY__SIGNING_SECRET: secret,
    },
  });
  const browser = new Browser(production.url.replace('http://localhost', 'http://127.0.0.1'));
  // A browser that keeps Secure cookies needs https: the proxy in front is played by the header.
  const page = await browser.get('/password-reset');
  const cookie = page.setCookies.map((header) => header.split(';', 1)[0]).join('; ');
  const form = { _csrf: tokenIn(page.text), username: 'ada' };
  for (const accept of ['text/html', 'application/json']) {
    const asked = await browser.ask('/password-reset', { method: 'POST', form, headers: { cookie, accept } });
    expect([200, 202]).toContain(asked.status);
    expect(asked.text).not.toMatch(/kt1\.|password-reset\//);
  }
  await until(() => production.stdout.split('a new password was asked for "ada"\n').length === 3);
  expect(production.output).not.toMatch(/password-reset\/|kt1\./);
});

test('accounts that cannot be read stop the start, in two lines', async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, 'accounts.json'), '[["ada",');
  const env = { ...DEV, KEYTURN_LOG__LEVEL: 'silent', PORT: '0' };
  const broken = new Process({ cwd, env: { ...env, LOCKER_DATA_DIR: '.' } });
  expect(await broken.ended()).toBe(1);
  expect(broken.stderr).toBe(
    'locker: error: accounts.json cannot be read\n' +
      'locker: hint: put it right, or remove it to forget all passwords\n',
  );
  const blocked = new Process({ cwd, env: { ...env, LOCKER_DATA_DIR: 'accounts.json/data' } });
  expect(await blocked.ended()).toBe(1);
  expect(blocked.stderr).toMatch(
    /^locker: error: the data folder cannot be used: .*\nlocker: hint: set LOCKER_DATA_DIR .*\n$/,
  );
});
