// Production never runs on a guess: what a server without a good secret does, and what one with it does.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.js';
import { freePort, isOpen, Process, startLocker, type Variables } from './process.js';
import { JSON_PLEASE, OWN_FORM, signIn, signOut, whoAmI } from './visit.js';

const SECRET = 'KEYTURN_SECURITY__SIGNING_SECRET';
const PASSWORD = { LOCKER_PASSWORD: 'correct horse' };

/** A machine that says so, one that hints at it, and one that says nothing at all. */
const SERVERS: Readonly<Record<string, Variables>> = {
  'KEYTURN_ENV=prod': { KEYTURN_ENV: 'prod' },
  'NODE_ENV=production': { NODE_ENV: 'production' },
  'no variable at all': {},
};

const BAD_SECRETS: Readonly<Record<string, string | undefined>> = {
  missing: undefined,
  empty: '',
  'of 31 bytes': 'Zk7!qW2#xP9@mN4$vB6%cL8^hJ1&dFt',
  'of 63 hex digits': '4be1f0c7729d3a5586e2d94c1b07fa63d8a5e9140c3b76f2981d5e60a7c4f3b',
  'a demo value': 'changeme',
  'a demo value in disguise': 'Change-Me!',
  'a demo value, repeated': 'secret'.repeat(6),
  'a demo value, padded': 'your-secret-here'.padEnd(40, '!'),
  'one letter, repeated': 'x'.repeat(100),
};

describe.concurrent('without a good secret it refuses to start', () => {
  for (const [server, env] of Object.entries(SERVERS)) {
    for (const [what, secret] of Object.entries(BAD_SECRETS)) {
      test(`${server}, secret ${what}`, async ({ expect }) => {
        const port = await freePort();
        const given = secret === undefined ? {} : { [SECRET]: secret };
        const locker = new Process({ env: { PORT: port, HOST: 'localhost', ...PASSWORD, ...env, ...given } });
        while (locker.running) {
          expect(await isOpen(port)).toBe(false);
          await new Promise((done) => setTimeout(done, 10));
        }
        expect(await locker.ended()).toBe(1);
        expect(await isOpen(port)).toBe(false);
        expect(locker.stdout).toBe('');
        const lines = locker.stderr.split('\n');
        expect(lines).toEqual([
          expect.stringMatching(/^keyturn: error: \S/),
          expect.stringMatching(/^keyturn: hint: \S/),
          '',
        ]);
        expect(locker.stderr).toContain(SECRET);
        expect(lines[1]).toMatch(/keyturn generate/);
        if (secret) expect(locker.stderr).not.toContain(secret);
      });
    }
  }
});

test('without a password it refuses to start', async () => {
  const secret = { [SECRET]: randomBytes(32).toString('hex') };
  for (const [password, error] of [
    [{}, 'locker: error: production needs a password to sign in with'],
    [{ LOCKER_PASSWORD: '' }, 'locker: error: LOCKER_PASSWORD is empty'],
  ] as const) {
    const env = { KEYTURN_ENV: 'prod', PORT: '0', KEYTURN_LOG__LEVEL: 'silent', ...secret, ...password };
    const locker = new Process({ env });
    expect(await locker.ended()).toBe(1);
    expect(locker.stdout).toBe('');
    expect(locker.stderr.split('\n')).toEqual([
      error,
      expect.stringMatching(/^locker: hint: .*set (LOCKER_PASSWORD|it) to /),
      '',
    ]);
  }
});

test('with a secret it starts, and signs in over cookies for https only', async () => {
  const secret = randomBytes(32).toString('hex');
  const locker = await startLocker({ env: { KEYTURN_ENV: 'prod', ...PASSWORD, [SECRET]: secret } });
  expect(locker.stdout).not.toContain('password');
  const browser = new Browser(locker.url);
  expect((await browser.get('/')).text).not.toContain('In development');
  const { setCookies } = await signIn(browser, 'ada', 'correct horse');
  expect(setCookies.map((cookie) => cookie.split('=')[0]).sort()).toEqual([
    '__Host-keyturn.csrf',
    '__Host-keyturn.flash',
    '__Host-keyturn.sid',
  ]);
  for (const cookie of setCookies) expect(cookie).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  expect(await whoAmI(browser)).toBe('ada');
});

test('the secret shows nowhere, however much is logged', async () => {
  const secret = randomBytes(32).toString('hex');
  const env = { KEYTURN_ENV: 'prod', KEYTURN_LOG__LEVEL: 'debug', ...PASSWORD, [SECRET]: secret };
  const locker = await startLocker({ env });
  const browser = new Browser(locker.url);
  const answers = [await signIn(browser, 'ada', 'wrong'), await signIn(browser, 'ada', 'correct horse')];
  const sid = (await browser.cookie('__Host-keyturn.sid')) as string;
  for (const accept of ['text/html', 'application/json']) {
    for (const path of ['/', '/me', '/healthz', '/readyz', '/icon.svg', '/nowhere', '/%ff', `/${sid}`]) {
      answers.push(await browser.get(path, { accept }));
    }
    for (const cookie of [`${sid.slice(0, -1)}_`, 'kt1.AAAAAAAA.x.y.z', `kt1.${secret}`]) {
      answers.push(await browser.get('/', { accept, cookie: `__Host-keyturn.sid=${cookie}` }));
    }
    answers.push(
      await browser.ask('/logout', { method: 'POST', form: {}, headers: { ...OWN_FORM, accept } }),
    );
  }
  const broken = { 'content-type': 'application/json', ...JSON_PLEASE };
  answers.push(await browser.ask('/login', { method: 'POST', json: undefined, headers: broken }));
  answers.push(await signOut(browser));
  await locker.stop('SIGTERM');
  const answered = answers.map(({ text, headers }) => text + JSON.stringify([...headers]));
  const emitted = [...answered, locker.output].join('\n').toLowerCase();
  expect(emitted).toContain('keyturn: debug: ');
  const bytes = Buffer.from(secret, 'hex');
  for (const form of [secret, bytes.toString('base64url'), Buffer.from(secret).toString('base64url')]) {
    // A part of it would be too much as well.
    for (let at = 0; at + 12 <= form.length; at++) {
      expect(emitted).not.toContain(form.slice(at, at + 12).toLowerCase());
    }
  }
});
