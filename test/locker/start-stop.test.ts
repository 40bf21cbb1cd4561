// Starting, restarting and stopping Locker.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.js';
import { freePort, NPM_START, newFolder, Process, startLocker } from './process.js';
import { signIn, whoAmI } from './visit.js';

const DEV = { KEYTURN_ENV: 'dev' };

describe('starting', () => {
  test('npm start works with nothing configured, and a kill and restart leaves everybody signed in', async () => {
    const run = { program: NPM_START, cwd: newFolder(), env: { PORT: await freePort() } };
    const first = await startLocker(run);
    expect(first.stdout).toContain('sign in with any name and the password "locker"');
    const browser = new Browser(first.url);
    await signIn(browser);
    expect(await first.stop('SIGKILL')).toBeNull();
    const second = await startLocker(run);
    expect(second.url).toBe(first.url);
    expect(await whoAmI(browser)).toBe('ada');
    expect((await browser.get('/')).text).toContain('<h1>Hello, <bdi>ada</bdi></h1>');
  });

  test('npm start leaves the profile to whoever sets one', async () => {
    for (const env of [{ KEYTURN_ENV: 'prod' }, { NODE_ENV: 'production' }]) {
      const refused = new Process({ program: NPM_START, env: { ...env, PORT: await freePort() } });
      expect(await refused.ended()).toBe(1);
      expect(refused.stderr).toContain('KEYTURN_SECURITY__SIGNING_SECRET');
    }
  });

  test('a password that was set is asked for, and shown nowhere', async () => {
    const locker = await startLocker({ env: { ...DEV, LOCKER_PASSWORD: 'open-sesame-42' } });
    const browser = new Browser(locker.url);
    expect((await browser.get('/')).text).not.toContain('open-sesame-42');
    await signIn(browser, 'ada', 'locker');
    expect(await whoAmI(browser)).toBeUndefined();
    await signIn(browser, 'ada', 'open-sesame-42');
    expect(await whoAmI(browser)).toBe('ada');
    expect(locker.output).not.toContain('open-sesame-42');
  });

  test('sessions can be kept in memory', async () => {
    const locker = await startLocker({ env: { ...DEV, KEYTURN_SESSION__BACKEND: 'memory' } });
    const browser = new Browser(locker.url);
    await signIn(browser);
    expect(await whoAmI(browser)).toBe('ada');
  });

  const refusedWith = async (env: Record<string, string>) => {
    const refused = new Process({ env: { ...DEV, KEYTURN_LOG__LEVEL: 'silent', ...env } });
    expect(await refused.ended()).toBe(1);
    expect(refused.stdout).toBe('');
    return refused.stderr;
  };

  test('a port that is taken is said in two lines', async () => {
    const other = createServer().listen(0, 'localhost');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    expect(await refusedWith({ PORT: String(port) })).toBe(
      `locker: error: port ${port} is in use by another program\n` +
        'locker: hint: stop that program, or set PORT to another number\n',
    );
    other.close();
  });

  test('a port that is none, or a host that is none, is said in two lines', async () => {
    for (const PORT of ['', 'http', '-1', '80.5', '65536', '0x50', ' 80']) {
      expect(await refusedWith({ PORT })).toBe(
        'locker: error: PORT is not the number of a port\n' +
          'locker: hint: set PORT to a number from 0 to 65535, or unset it for 3000\n',
      );
    }
    expect(await refusedWith({ PORT: '0', HOST: '192.0.2.1' })).toBe(
      'locker: error: 192.0.2.1 is no address of this machine\n' +
        'locker: hint: set HOST to one, or unset it\n',
    );
  });
});

describe('stopping', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} ends it at once and in peace, whoever is still connected`, async () => {
      const locker = await startLocker({ env: DEV });
      const { hostname, port } = new URL(locker.url);
      // A browser keeps one connection for its next request, and opens one just in case.
      await fetch(`${locker.url}/healthz`).then((answer) => answer.text());
      const idle = connect(Number(port), hostname).on('error', () => undefined);
      await once(idle, 'connect');
      const begun = performance.now();
      expect(await locker.stop(signal)).toBe(0);
      // Kept connections would hold it up for five seconds and more.
      expect(performance.now() - begun).toBeLessThan(4500);
      expect(locker.output).not.toMatch(/error|warning/i);
      idle.destroy();
    });
  }
});
