// Programs without cookies: access tokens and refresh tokens.
import { beforeAll, expect, test } from 'vitest';
import { type Answer, Browser } from '../support/browser.js';
import { startLocker } from './process.js';
import { sendForm, signIn } from './visit.js';

let url: string;

beforeAll(async () => {
  url = (await startLocker({ env: { KEYTURN_ENV: 'dev' } })).url;
});

const ask = (path: string, json: unknown): Promise<Answer> => new Browser(url).post(path, json);
const me = (authorization: string) => new Browser(url).get('/api/me', { authorization });

test('a name and a password give tokens, and those give access', async () => {
  const answer = await ask('/api/token', { username: 'robot', password: 'locker' });
  expect([answer.status, answer.json]).toEqual([
    200,
    {
      token_type: 'Bearer',
      access_token: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]{43}$/),
      expires_in: 900,
      refresh_token: expect.any(String),
    },
  ]);
  expect(answer.headers.get('cache-control')).toBe('private, no-store');
  expect(answer.setCookies).toEqual([]);
  const { access_token: token } = answer.json;
  const right = await me(`Bearer ${token}`);
  expect([right.status, right.json]).toEqual([200, { user: 'robot' }]);
  const form = { username: 'robot', password: 'locker' };
  expect((await new Browser(url).ask('/api/token', { method: 'POST', form })).status).toBe(200);
});

test('anything else does not', async () => {
  const { access_token: token, refresh_token } = (
    await ask('/api/token', { username: 'robot', password: 'locker' })
  ).json;
  for (const credentials of [{}, { username: 'robot', password: 'wrong' }, { password: 'locker' }]) {
    const answer = await ask('/api/token', credentials);
    expect([answer.status, answer.json]).toEqual([401, { error: 'The name or the password is not right.' }]);
  }
  for (const bad of [`${token}x`, token.slice(0, -1), refresh_token, 'x']) {
    const answer = await me(`Bearer ${bad}`);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ]);
  }
  for (const nothing of ['', 'Bearer', `Basic ${token}`]) {
    const answer = await me(nothing);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  }
  // No cookie opens the API, and no token the pages.
  const browser = new Browser(url);
  await signIn(browser);
  expect((await browser.get('/api/me')).status).toBe(401);
  expect((await new Browser(url).get('/me', { authorization: `Bearer ${token}` })).status).toBe(401);
});

test('a refresh token gives the next ones, and a new password ends it', async () => {
  const first = (await ask('/api/token', { username: 'ada', password: 'locker' })).json;
  const second = await ask('/api/token/refresh', { refresh_token: first.refresh_token });
  expect(second.status).toBe(200);
  expect(second.json.refresh_token).not.toBe(first.refresh_token);
  expect((await me(`Bearer ${second.json.access_token}`)).json).toEqual({ user: 'ada' });
  expect((await ask('/api/token/refresh', { refresh_token: 'x' })).status).toBe(401);
  const browser = new Browser(url);
  const asked = await sendForm(
    browser,
    '/password-reset',
    '/password-reset',
    { username: 'ada' },
    { accept: 'application/json' },
  );
  const link = asked.json.link.slice(url.length);
  await sendForm(browser, link, link, { password: 'a fine new one' });
  const ended = await ask('/api/token/refresh', { refresh_token: second.json.refresh_token });
  expect([ended.status, ended.json]).toEqual([401, { error: 'Sign in again.' }]);
  expect((await ask('/api/token', { username: 'ada', password: 'locker' })).status).toBe(401);
  expect((await ask('/api/token', { username: 'ada', password: 'a fine new one' })).status).toBe(200);
});
