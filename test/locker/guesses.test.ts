// Guessing passwords: how many wrong ones are looked at, counted by what, and what is answered then.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { createKeyturn, type Keyturn } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newFolder } from './process.js';

// Compiled, and by its path: its types are those of the compiled package, which would meet the sources' here.
const part = (name: string) => import(pathToFileURL(resolve(`examples/locker/dist/${name}.js`)).href);
const { buildLocker } = await part('app');
const { Accounts } = await part('accounts');
const { Files } = await part('files');
const { hashPassword } = await part('passwords');

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const CONTENT = { 'content-type': 'application/json', accept: 'application/json' };

let keyturn: Keyturn;
let accounts: any;
let app: FastifyInstance;

async function build(backend: string, more: object = {}): Promise<void> {
  const env = { KEYTURN_SESSION__BACKEND: backend };
  keyturn = await createKeyturn({ profile: 'test', env, cwd: '/nonexistent', logger: silent });
  const folder = newFolder();
  accounts = await Accounts.open(join(folder, 'accounts.json'), 'everybody');
  const files = new Files(await createBlobStore(keyturn, { folder }));
  app = buildLocker(keyturn, { accounts, files, maxFileSize: 1000, shareFor: ['1h'], ...more });
}

beforeEach(() => build('cookie'));
afterEach(async () => {
  await app.close();
  await keyturn.close();
});

type Headers = Record<string, string>;
const cookiesOf = (answer: { cookies: Array<{ name: string; value: string }> }) =>
  answer.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');

async function login(username: string, password: string, more: InjectOptions = {}) {
  const page = await app.inject({ url: '/', headers: { accept: 'application/json' } });
  const headers: Headers = { ...CONTENT, cookie: cookiesOf(page), 'x-csrf-token': page.json().csrfToken };
  return await app.inject({
    url: '/login',
    method: 'POST',
    payload: { username, password },
    ...more,
    headers: { ...headers, ...(more.headers as Headers) },
  });
}

const token = (username: string, password: string, headers: Headers = {}) =>
  app.inject({
    url: '/api/token',
    method: 'POST',
    headers: { ...CONTENT, ...headers },
    payload: { username, password },
  });

const choose = async (user: string, password: string) =>
  accounts.choosePassword(user, await hashPassword(password));

describe('guessing', () => {
  /** What a check says, without the tenth of a second that it takes. */
  const cheaply = () => {
    accounts.check = async (_user: string, given: string) => {
      await new Promise((done) => setImmediate(done));
      return given === 'everybody' || given === 'her new one' ? 1e15 : undefined;
    };
  };
  beforeEach(cheaply);

  test('at one account ends after a few, wherever it comes from and by whichever route, until a new password', async () => {
    const guess = (n: number) =>
      n % 2 === 0
        ? login('ada', `guess ${n}`, { remoteAddress: `192.0.2.${n}` })
        : token('ada', `guess ${n}`, { 'x-forwarded-for': `192.0.2.${n}` });
    const answers = [];
    for (let n = 0; n < 12; n++) answers.push(await guess(n));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([...Array(10).fill(401), 429, 429]);
    expect(Number(answers[11]?.headers['retry-after'])).toBeGreaterThan(600);
    expect(answers[11]?.json()).toEqual({ error: 'Too many wrong passwords' });
    // The right one is not looked at either, or it would show by being let in.
    expect((await login('ada', 'everybody')).statusCode).toBe(429);
    const page = await login('ada', 'guess', { headers: { accept: 'text/html' } });
    expect([page.statusCode, page.headers['content-type']]).toEqual([429, 'text/html; charset=utf-8']);
    expect(page.body).toContain('<h1>Too many wrong passwords</h1>');
    expect(page.body).toContain('Please wait 15 minutes');
    // As for a name that nobody has: whether there is such an account does not show.
    for (let n = 0; n < 10; n++) await login('nobody', `guess ${n}`, { remoteAddress: `192.0.2.${n + 100}` });
    expect((await login('nobody', 'guess')).statusCode).toBe(429);
    await choose('ada', 'her new one');
    expect((await login('ada', 'her new one')).statusCode).toBe(200);
  });

  test('at many accounts from one address ends too; right passwords are not counted', async () => {
    for (let n = 0; n < 40; n++) expect((await token(`user ${n}`, 'everybody')).statusCode).toBe(200);
    const statuses = [];
    // Whoever is no trusted proxy may say what they like of where they come from.
    for (let n = 0; n < 32; n++)
      statuses.push((await token(`user ${n}`, 'wrong', { 'x-forwarded-for': `192.0.2.${n}` })).statusCode);
    expect(statuses).toEqual([...Array(30).fill(401), 429, 429]);
    expect((await login('grace', 'everybody', { remoteAddress: '192.0.2.7' })).statusCode).toBe(200);
  });

  test('all at once gains next to nothing', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => token('ada', 'wrong')));
    const looked = answers.filter(({ statusCode }) => statusCode === 401).length;
    // Two are looked at at a time.
    expect(looked).toBeGreaterThanOrEqual(10);
    expect(looked).toBeLessThanOrEqual(11);
  });

  test('behind a trusted proxy is counted by what the proxy says', async () => {
    await app.close();
    await keyturn.close();
    await build('cookie', { trustedProxies: ['127.0.0.0/8'] });
    cheaply();
    for (let n = 0; n < 31; n++)
      await token(`user ${n}`, 'wrong', { 'x-forwarded-for': 'spoofed, 192.0.2.1' });
    expect((await token('ada', 'everybody', { 'x-forwarded-for': '192.0.2.1' })).statusCode).toBe(429);
    expect((await token('ada', 'everybody', { 'x-forwarded-for': '192.0.2.2' })).statusCode).toBe(200);
  });
});
