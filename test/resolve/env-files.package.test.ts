// An .env file that nobody has loaded: whoever looks for the secret in vain is told of it, and commands read it on demand.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runDoctor } from '../../src/doctor/run.js';
import { findUnloaded, withEnvFiles } from '../../src/resolve/env-files.js';
import { keyturn as command, TWO_LINES } from '../cli/run.js';
import {
  COMMAND,
  expectNoLeak,
  FILE,
  folderWith,
  kidOf,
  machine,
  OLDER,
  refusalOn,
  resolveOn,
  SECRET,
  STRONG,
  startOn,
} from '../support/machine.js';

const PROD = { KEYTURN_ENV: 'prod' };
const DEV = { KEYTURN_ENV: 'dev' };
const HOLDS = `# of the app\nPORT=3000\n${SECRET}="${STRONG}"\n`;

describe('the refusal', () => {
  test.each([
    ['.env', HOLDS, SECRET],
    ['.env.production', `export ${SECRET}=${STRONG}`, SECRET],
    ['.env.local', `${FILE}=secrets/key`, FILE],
  ])('names %s with %j, and how it is loaded', async (name, text, variable) => {
    const cwd = await folderWith({ [name]: text });
    const error = await refusalOn({ cwd, env: PROD });
    expect(error.code).toBe('secret_missing');
    expect(error.message).toBe(
      `no signing secret is configured, and production rules apply: KEYTURN_ENV is "prod"; ${name} sets ${variable}, and nothing has loaded it`,
    );
    expect(error.hint).toBe(
      `start the app with node --env-file=${name}, and give commands --env-file ${name}`,
    );
    expectNoLeak([error], STRONG);
  });

  test('leads no command to a file that would make it run something', async () => {
    const cwd = await folderWith({ '.env': `${COMMAND}='["vault"]'` });
    const { message, hint } = await refusalOn({ cwd, env: PROD });
    expect(message).toContain(`.env sets ${COMMAND}, and nothing has loaded it`);
    expect(hint).toBe(
      `start the app with node --env-file=.env, and commands take ${COMMAND} from the environment alone`,
    );
  });

  test('tells of a file that would have said development, too', async () => {
    const cwd = await folderWith({ '.env': 'NODE_ENV=development' });
    const error = await refusalOn({ cwd });
    expect(error.message).toContain('.env sets NODE_ENV, and nothing has loaded it');
    expect(error.hint).toContain(`; for a server, set ${SECRET}`);
  });

  test('finds it beside the app, wherever that was started from', async () => {
    const root = await folderWith({
      'apps/web $(id)/package.json': '{"name":"web"}',
      'apps/web $(id)/keyturn.toml': '',
      'apps/web $(id)/.env': HOLDS,
    });
    const error = await refusalOn({ cwd: root, entry: join(root, 'apps/web $(id)'), env: PROD });
    const word = "'apps/web $(id)/.env'";
    expect(error.hint).toContain(`node --env-file=${word}, and give commands --env-file ${word}`);
  });

  test.each([
    ['nothing of it', 'PORT=3000'],
    ['an empty secret', `${SECRET}=`],
    ['a comment', `# ${SECRET}=${STRONG}`],
    ['production', 'NODE_ENV=production'],
    ['no text', '\0\xff'],
  ])('is as ever where the file holds %s', async (_, text) => {
    const cwd = await folderWith({ '.env': text, '.env.example': HOLDS });
    expect((await refusalOn({ cwd, env: PROD })).message).not.toContain('loaded');
  });

  test('neither waits for a pipe nor reads what is far too large', async () => {
    const cwd = await folderWith({ '.env.local': `${HOLDS}${'#'.repeat(64 * 1024)}` });
    execFileSync('mkfifo', [join(cwd, '.env')]);
    mkdirSync(join(cwd, '.env.production'));
    symlinkSync('/dev/zero', join(cwd, '.env.prod'));
    expect((await refusalOn({ cwd, env: PROD })).message).not.toContain('loaded');
  });
});

describe('in development', () => {
  test('a start warns that another secret is in force, and with the file loaded does not', async () => {
    const cwd = await folderWith({ '.env': HOLDS });
    for (const _ of ['the secret is made', 'it is there']) {
      const { keyturn, log } = await startOn({ cwd, env: DEV });
      await keyturn.close();
      expect(log.filter(({ level }) => level === 'warn')).toMatchObject([
        {
          message: `.env sets ${SECRET}, and nothing has loaded it: another secret is in force`,
          facts: { code: 'env_file_not_loaded' },
        },
      ]);
    }
    const loaded = await startOn({ cwd, env: { ...DEV, [SECRET]: STRONG } });
    await loaded.keyturn.close();
    expect(loaded.log.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('tests are not told, and neither is whoever has configured another source', async () => {
    const cwd = await folderWith({ '.env': HOLDS, key: OLDER });
    expect((await resolveOn({ cwd, env: { KEYTURN_ENV: 'test' } })).problems).toEqual([]);
    expect((await resolveOn({ cwd, env: { ...PROD, [FILE]: 'key' } })).problems).toEqual([]);
  });
});

test('the doctor says so in either profile', async () => {
  const cwd = await folderWith({ '.env': HOLDS });
  const check = async (env: Record<string, string>, name: string) =>
    (await runDoctor(machine({ cwd, env }))).checks.find((found) => found.name === name);
  expect(await check(DEV, 'source')).toMatchObject({
    status: 'warn',
    hint: expect.stringContaining('node --env-file=.env'),
  });
  expect(await check(PROD, 'signing_secret')).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('nothing has loaded it'),
    hint: expect.stringContaining('--env-file .env'),
  });
});

describe('--env-file', () => {
  test('gives a command what node --env-file gives the app', async () => {
    const cwd = await folderWith({ '.env': HOLDS, '.env.local': `${SECRET}=${OLDER}` });
    const active = async (args: readonly string[], env: Record<string, string> = {}) => {
      const { stdout, stderr } = await command(['status', '--json', ...args], {
        cwd,
        env: { ...PROD, ...env },
      });
      return (JSON.parse(stdout || '{}').keys as { kid: string }[] | undefined)?.[0]?.kid ?? stderr;
    };
    expect(await active(['--env-file', '.env'])).toBe(kidOf(STRONG));
    expect(await active([`--env-file=${join(cwd, '.env')}`])).toBe(kidOf(STRONG));
    // Of two files the later, and the environment before both.
    expect(await active(['--env-file', '.env', '--env-file', '.env.local'])).toBe(kidOf(OLDER));
    expect(await active(['--env-file', '.env.local'], { [SECRET]: STRONG })).toBe(kidOf(STRONG));
    expect(await active([])).toMatch(/keyturn: error: .*/);
  });

  /** A command that leaves what it got of the environment in a file, and prints a secret. */
  const leaving = (path: string) =>
    JSON.stringify([
      process.execPath,
      '-e',
      `require("node:fs").writeFileSync(${JSON.stringify(path)}, JSON.stringify(process.env)); console.log("${STRONG}")`,
    ]);

  test('reaches the profile, and what a file sets of other programs reaches nobody', async () => {
    const foreign =
      'PATH=/nowhere\nLD_PRELOAD=./evil.so\nNODE_OPTIONS=--require=./evil.cjs\nVERCEL=1\nCI_X=1\n';
    const cwd = await folderWith({ 'odd.env': `KEYTURN_ENV=prod\nNODE_ENV=test\n${foreign}` });
    const own = machine({ cwd, env: { PATH: '/bin' } });
    const { env } = await withEnvFiles(own, ['odd.env']);
    expect(env).toEqual({ ...own.env, KEYTURN_ENV: 'prod', NODE_ENV: 'test' });
    const left = join(cwd, 'left.json');
    const { stdout } = await command(['--env-file', 'odd.env', 'doctor', '--json'], {
      cwd,
      env: { [COMMAND]: leaving(left) },
    });
    const { checks } = JSON.parse(stdout) as { checks: { name: string; detail: string }[] };
    expect(checks[0]?.detail).toBe('production rules apply: KEYTURN_ENV is "prod"');
    expect(checks.find(({ name }) => name === 'signing_secret')?.detail).toContain(kidOf(STRONG));
    // The command got what this process has.
    const got = JSON.parse(readFileSync(left, 'utf8')) as Record<string, string | undefined>;
    for (const name of ['PATH', 'LD_PRELOAD', 'NODE_OPTIONS', 'VERCEL', 'CI_X'])
      expect(got[name]).toBe(process.env[name]);
  });

  test('has the old secrets that the configuration names, and tells nobody of them', async () => {
    const old = 'an old secret of the library, 4f27ab36c10b7f52e94c6fd0837be5a1';
    const cwd = await folderWith({
      '.env': `${SECRET}=${STRONG}\nSESSION_SECRET="${old}"\n`,
      'keyturn.toml': '[move_in.express-session]\nsecrets = [{ env = "SESSION_SECRET" }]\n',
    });
    const failed = await command(['doctor'], { cwd, env: { ...PROD, [SECRET]: STRONG } });
    expect(failed.stdout).toContain('takes an old secret from the variable SESSION_SECRET, which is not set');
    expect(failed.stdout).toContain('--env-file .env');
    expect(failed.stdout).not.toContain('take it out');
    for (const name of ['doctor', 'status']) {
      const ran = await command([name, '--env-file', '.env'], { cwd, env: PROD });
      expect(`${ran.stdout}${ran.stderr}`).not.toContain('which is not set');
      expectNoLeak([ran.stdout, ran.stderr], old);
    }
  });

  test('what the environment sets goes before', async () => {
    const cwd = await folderWith({
      '.env': 'SESSION_SECRET=weak\n',
      'keyturn.toml': '[move_in.express-session]\nsecrets = [{ env = "SESSION_SECRET" }]\n',
    });
    const env = { ...PROD, [SECRET]: STRONG, SESSION_SECRET: OLDER };
    const ran = await command(['doctor', '--env-file', '.env'], { cwd, env });
    expect(ran.stdout).not.toContain('too weak');
    const without = await command(['doctor', '--env-file', '.env'], {
      cwd,
      env: { ...PROD, [SECRET]: STRONG },
    });
    expect(without.stdout).toContain(
      'the old secret of move_in.express-session in SESSION_SECRET is too weak',
    );
  });

  test.each([
    ['by itself', {}],
    ['beside one of the environment', { [COMMAND]: '["vault"]' }],
  ])('runs no command that a file names, %s', async (_, env) => {
    const cwd = await folderWith({});
    const left = join(cwd, 'left.json');
    writeFileSync(join(cwd, 'evil.env'), `${COMMAND}='${leaving(left)}'\n`);
    for (const name of ['doctor', 'status']) {
      const ran = await command([name, '--env-file', 'evil.env'], { cwd, env: { ...PROD, ...env } });
      expect(ran).toMatchObject({ code: 1, stdout: '' });
      expect(ran.stderr).toMatch(TWO_LINES);
      expect(ran.stderr).toContain(`sets ${COMMAND}, and a file must never make a command run something`);
    }
    expect(existsSync(left)).toBe(false);
  });

  test.each([
    ['missing', '(ENOENT)'],
    ['.', '(EISDIR)'],
    ['large', '(EFBIG)'],
  ])('refuses %s as wrong usage', async (file, why) => {
    const cwd = await folderWith({ large: '#'.repeat(65 * 1024) });
    const ran = await command(['doctor', '--env-file', file], { cwd });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
    expect(ran.stderr).toMatch(TWO_LINES);
  });
});

test('what is looked for depends on the profile', async () => {
  const cwd = await folderWith({ '.env.production': HOLDS });
  expect(await findUnloaded({ cwd, env: {} }, cwd, 'dev')).toBeUndefined();
  expect(await findUnloaded({ cwd, env: {} }, cwd, 'prod')).toEqual({
    name: '.env.production',
    variables: [SECRET],
  });
});
