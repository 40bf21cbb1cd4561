// keyturn generate.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { kidOf, tempDir } from '../support/machine.js';
import { MAIN, program } from './run.js';

test('prints 64 hex digits and nothing else, different ones each time', async () => {
  const [one, other] = await Promise.all([program(['generate']), program(['generate'])]);
  expect(one).toMatchObject({ code: 0, stderr: '' });
  expect(one?.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  expect(one?.stdout).not.toBe(other?.stdout);
});

test('--json adds the key id', async () => {
  const { stdout } = await program(['generate', '--json']);
  const { secret, kid, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({});
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(kid).toBe(kidOf(secret));
});

test.runIf(process.platform === 'linux')('on a terminal it says where the secret belongs', () => {
  const seen = execFileSync('script', ['-qec', `"${process.execPath}" "${MAIN}" generate`, '/dev/null'], {
    cwd: tempDir(),
    env: { PATH: process.env.PATH, SHELL: '/bin/sh' },
    encoding: 'utf8',
  });
  expect(seen).toContain('keyturn: note: keep it where KEYTURN_SECURITY__SIGNING_SECRET is set');
});

test('what it prints is accepted in production', async () => {
  const secret = (await program(['generate'])).stdout;
  const env = { KEYTURN_ENV: 'prod', KEYTURN_SECURITY__SIGNING_SECRET: secret };
  expect((await program(['doctor', '--strict'], { env })).code).toBe(0);
});
