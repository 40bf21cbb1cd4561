// keyturn doctor as users run it: the outcomes that the contract fixes, their exit codes and both outputs.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/doctor/finding.js';
import { FILE, folderWith, SECRET, STRONG, tempDir } from '../support/machine.js';
import { keyturn, program, type Surroundings } from './run.js';

async function report(args: readonly string[], around: Surroundings): Promise<Report & { code: number }> {
  const { code, stdout } = await keyturn(['doctor', '--json', ...args], around);
  return { code, ...(JSON.parse(stdout) as Report) };
}

const SIGN = { pass: '✅', warn: '⚠️', fail: '❌' };

describe('the outcomes of signing_secret', () => {
  test.each([
    ['production, valid', { KEYTURN_ENV: 'prod', [SECRET]: STRONG }, 'pass', 0, 0],
    ['production by NODE_ENV, valid', { NODE_ENV: 'production', [SECRET]: STRONG }, 'pass', 0, 0],
    ['development, none configured', { KEYTURN_ENV: 'dev' }, 'warn', 0, 1],
    // A program of its own may run in a container, where nothing but a test goes by the rules of tests.
    ['test, none configured', { KEYTURN_ENV: 'test', npm_lifecycle_event: 'test' }, 'warn', 0, 1],
    ['production, missing', { KEYTURN_ENV: 'prod' }, 'fail', 1, 1],
    ['production, too short', { KEYTURN_ENV: 'prod', [SECRET]: 'x7Kp2Qm9' }, 'fail', 1, 1],
    ['production, 32 hex digits', { KEYTURN_ENV: 'prod', [SECRET]: STRONG.slice(0, 32) }, 'fail', 1, 1],
    ['production, a demo value', { KEYTURN_ENV: 'prod', [SECRET]: 'changeme' }, 'fail', 1, 1],
    [
      'production, a demo value, repeated',
      { KEYTURN_ENV: 'prod', [SECRET]: 'secret'.repeat(9) },
      'fail',
      1,
      1,
    ],
    ['production, empty', { KEYTURN_ENV: 'prod', [SECRET]: '' }, 'fail', 1, 1],
    ['development, configured and strong', { KEYTURN_ENV: 'dev', [SECRET]: STRONG }, 'pass', 0, 0],
    ['development, configured and weak', { KEYTURN_ENV: 'dev', [SECRET]: 'changeme' }, 'warn', 0, 1],
  ] as const)('%s', async (_, env, status, code, strictCode) => {
    const cwd = tempDir();
    const plain = await report([], { cwd, env });
    const strict = await report(['--strict'], { cwd, env });
    const people = await program(['doctor'], { cwd, env });
    expect(await keyturn(['doctor'], { cwd, env })).toEqual(people);

    const check = plain.checks.find(({ name }) => name === 'signing_secret');
    expect(check?.status).toBe(status);
    expect(check?.hint === undefined).toBe(status === 'pass');
    expect([plain.code, strict.code, people.code]).toEqual([code, strictCode, code]);
    expect(strict.checks).toEqual(plain.checks);
    expect(people.stdout).toMatch(new RegExp(`^${SIGN[status]} {1,2}signing_secret `, 'm'));
    expect(people.stderr).toBe('');
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('a secret that an earlier start made counts as none', async () => {
    const cwd = await folderWith({ '.keyturn/secret': `${STRONG}\n` });
    const dev = await report([], { cwd, env: { KEYTURN_ENV: 'dev' } });
    expect(dev.checks.find(({ name }) => name === 'signing_secret')).toMatchObject({ status: 'warn' });
    const prod = await report([], { cwd, env: { KEYTURN_ENV: 'prod' } });
    expect(prod.checks.find(({ name }) => name === 'signing_secret')).toMatchObject({ status: 'fail' });
    expect(prod.code).toBe(1);
  });
});

test('the JSON has exactly the promised shape', async () => {
  const { code, ...json } = await report([], { env: { KEYTURN_ENV: 'dev' } });
  expect(Object.keys(json)).toEqual(['checks', 'summary']);
  expect(Object.keys(json.summary)).toEqual(['passed', 'warned', 'failed']);
  for (const check of json.checks) {
    const keys =
      check.hint === undefined ? ['name', 'status', 'detail'] : ['name', 'status', 'detail', 'hint'];
    expect(Object.keys(check)).toEqual(keys);
    expect(['pass', 'warn', 'fail']).toContain(check.status);
  }
  const { passed, warned, failed } = json.summary;
  expect(passed + warned + failed).toBe(json.checks.length);
});

test('--env goes before the environment, and says so', async () => {
  const { code, checks } = await report(['--env', 'dev'], { env: { KEYTURN_ENV: 'prod' } });
  expect(code).toBe(0);
  expect(checks[0]).toMatchObject({
    name: 'profile',
    status: 'pass',
    detail: expect.stringContaining('--env'),
  });
});

test('an unknown profile fails, with the rules of production for the rest', async () => {
  const { code, checks } = await report([], { env: { KEYTURN_ENV: 'staging' } });
  expect(code).toBe(1);
  expect(checks[0]).toMatchObject({ name: 'profile', status: 'fail' });
  expect(checks.find(({ name }) => name === 'signing_secret')?.status).toBe('fail');
});

test('a broken configuration is reported whole', async () => {
  const cwd = await folderWith({
    'keyturn.toml': '[session]\nidel = "1h"\nbackend = "mongo"\n[purposes.invoice-link]\nabout = "x"\n',
  });
  const { checks } = await report([], { cwd, env: { KEYTURN_ENV: 'prod', [FILE]: 'missing.txt' } });
  const check = (wanted: string) => checks.find(({ name }) => name === wanted);
  expect(check('configuration')?.detail.split('\n')).toHaveLength(2);
  expect(check('configuration')?.hint).toContain('did you mean session.idle?');
  expect(check('signing_secret')?.detail).toContain(FILE);
  expect(check('purposes')?.detail).toContain('purposes.invoice-link');
});

test('people see every line of a detail and every hint', async () => {
  const cwd = await folderWith({ 'keyturn.toml': '[session]\nidle = "1h"\nmax_age = "1d"\n' });
  const { stdout } = await program(['doctor'], { cwd, env: { KEYTURN_ENV: 'dev' } });
  expect(stdout).toMatch(/ session\.idle <- keyturn\.toml\n +session\.max_age <- keyturn\.toml\n/);
  expect(stdout).toMatch(/\n +hint: for a server, set KEYTURN_SECURITY__SIGNING_SECRET/);
  expect(stdout).toMatch(/\n\n15 passed, 1 warned, 0 failed\n$/);
});

test('what is cured by the same is told once, and named where it is told again', async () => {
  const nowhere = 'redis://127.0.0.1:1';
  const env = {
    KEYTURN_ENV: 'dev',
    [SECRET]: STRONG,
    KEYTURN_SECURITY__KEYRING__STORE: 'redis',
    KEYTURN_SECURITY__KEYRING__REDIS__URL: nowhere,
    KEYTURN_SESSION__BACKEND: 'redis',
    KEYTURN_SESSION__REDIS__URL: nowhere,
  };
  const cwd = tempDir();
  const { stdout } = await keyturn(['doctor'], { cwd, env });
  const hints = [...stdout.matchAll(/hint: (.*)/g)].map(([, hint = '']) => hint);
  expect(new Set(hints)).toHaveProperty('size', hints.length);
  const [again = ''] = hints.filter((hint) => hint.startsWith('the same as for '));
  expect(stdout).toMatch(new RegExp(`^\\S+ +${again.replace('the same as for ', '')} `, 'm'));
  // Programs have the whole of each.
  const { checks } = await report([], { cwd, env });
  expect(checks.filter(({ hint }) => hint?.startsWith('see that it runs')).length).toBeGreaterThan(1);
});
