// Revoking a key with Locker running: within a second its tokens are refused, the log says why, and the client
// is told nothing.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { newFolder, startLocker } from '../locker/process.js';
import { JSON_PLEASE, signIn, whoAmI } from '../locker/visit.js';
import { Browser } from '../support/browser.js';
import { until } from '../support/waiting.js';

const run = promisify(execFile);
const PASSWORD = 'correct horse';
const SESSION = '__Host-keyturn.sid';

test('revoke takes effect in a running process within a second', async () => {
  const cwd = newFolder();
  const env = { KEYTURN_ENV: 'prod' };
  const keyturn = async (...args: string[]) =>
    await run(process.execPath, [resolve('dist/cli/main.js'), ...args], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
    });
  await keyturn('init');
  const document = () => JSON.parse(readFileSync(join(cwd, '.keyturn', 'keyring.json'), 'utf8'));
  const locker = await startLocker({
    cwd,
    env: { ...env, LOCKER_PASSWORD: PASSWORD, KEYTURN_LOG__LEVEL: 'debug' },
  });
  const nobody = await new Browser(locker.url).get('/me');
  const took: number[] = [];
  for (let round = 0; round < 3; round++) {
    const browser = new Browser(locker.url);
    await signIn(browser, 'ada', PASSWORD);
    expect(await whoAmI(browser)).toBe('ada');
    const token = (await browser.cookie(SESSION)) as string;
    const kid = token.slice(4, 12);
    await keyturn('revoke', kid, '--reason', 'a laptop was stolen');
    const begun = performance.now();
    const withToken = async (path: string, headers = {}) =>
      await new Browser(locker.url).get(path, { cookie: `${SESSION}=${token}`, ...headers });
    await until(async () => (await withToken('/me')).status === 401);
    took.push(performance.now() - begun);

    // Who comes with such a token is treated like anybody who is not signed in.
    const refused = await withToken('/me');
    const told = ({ headers, text }: typeof refused) => [
      text,
      [...headers].filter(([name]) => name !== 'date'),
    ];
    expect(told(refused)).toEqual(told(nobody));
    for (const answer of [await withToken('/'), await withToken('/', JSON_PLEASE)]) {
      expect(answer.text + JSON.stringify([...answer.headers])).not.toMatch(/revoked|stolen/);
      expect(answer.text).not.toContain(kid);
    }
    await until(() => locker.stderr.includes(`purpose=session reason=revoked_key kid=${kid}`));
    expect(document().keys.find((key: { kid: string }) => key.kid === kid)).toMatchObject({
      state: 'revoked',
    });
    expect(document().history.at(-1)).toMatchObject({ what: 'revoke', kid, why: 'a laptop was stolen' });
  }
  // The median, so that one stop of a busy machine does not count.
  expect(took.sort((a, b) => a - b)[1]).toBeLessThan(1000);
  const metrics = (await new Browser(locker.url).get('/metrics')).text;
  expect(metrics).toMatch(/^keyturn_tokens_refused_total\{purpose="session",reason="revoked_key"\} [1-9]/m);
  expect(locker.output).not.toContain(document().keys.find((key: { secret?: string }) => key.secret).secret);
  expect(await locker.stop('SIGTERM')).toBe(0);
});
