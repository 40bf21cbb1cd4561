import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEVELOPMENT_CONTAINERS, PLATFORMS, TEST_RUNNERS } from '../../src/config/platforms.js';
import type { Signs } from '../../src/config/profile.js';
import { buildScript, decideProfile } from '../../src/config/surroundings.js';
import { isTestFile } from '../../src/config/test-profile.js';
import { runDoctor } from '../../src/doctor/run.js';
import { KeyturnError } from '../../src/errors.js';
import { testRunner } from '../../src/resolve/machine.js';
import { resolve } from '../../src/resolve/resolve.js';
import { folderWith, machine, refusalOn, resolveOn, SECRET, STRONG, startOn } from '../support/machine.js';

const BUILT = new URL('../../dist/index.js', import.meta.url).href;

function decide(env: Record<string, string | undefined>, signs: Partial<Signs> = {}, said?: string) {
  return decideProfile(said, env, { terminal: false, debugger: false, container: false, ...signs });
}

/** A person at work: what would make it development if no platform or variable spoke. */
const AT_WORK: Partial<Signs> = { terminal: true, debugger: true };

describe('what is said outright', () => {
  test.each([
    ['dev', 'dev'],
    ['development', 'dev'],
    ['test', 'test'],
    ['prod', 'prod'],
    ['production', 'prod'],
  ])('KEYTURN_ENV=%s is %s, over NODE_ENV and every sign', (word, profile) => {
    for (const NODE_ENV of ['development', 'test', 'production']) {
      const decision = decide({ KEYTURN_ENV: word, NODE_ENV, KUBERNETES_SERVICE_HOST: '10.0.0.1' }, AT_WORK);
      expect(decision).toMatchObject({ profile, signal: `KEYTURN_ENV is "${word}"`, inferred: false });
    }
  });

  test.each([
    '',
    ' ',
    'Dev',
    'prod ',
    'staging',
    'prodution',
    // Names that every object inherits: were they looked up carelessly, production's rules would not apply.
    'constructor',
    'toString',
    '__proto__',
    'hasOwnProperty',
  ])('KEYTURN_ENV=%j is an error, whatever else speaks', (word) => {
    expect(() => decide({ KEYTURN_ENV: word, NODE_ENV: 'development' }, AT_WORK)).toThrow(KeyturnError);
    expect(() => decide({ KEYTURN_ENV: word })).toThrow(/^KEYTURN_ENV is .*, not a valid profile$/);
  });

  test.each([
    ['development', 'dev'],
    ['test', 'test'],
    ['production', 'prod'],
    ['staging', 'prod'],
    ['Development', 'prod'],
    ['dev', 'prod'],
    ['', 'prod'],
    ['constructor', 'prod'],
  ])('NODE_ENV=%j is %s, over every sign', (word, profile) => {
    const decision = decide({ NODE_ENV: word }, profile === 'prod' ? AT_WORK : { container: true });
    expect(decision).toMatchObject({ profile, inferred: false });
    expect(decision.signal.startsWith(`NODE_ENV is "${word}"`)).toBe(true);
  });

  test('what the caller says stands above KEYTURN_ENV', () => {
    expect(decide({ KEYTURN_ENV: 'prod' }, {}, 'dev')).toMatchObject({
      profile: 'dev',
      by: 'caller',
      inferred: false,
    });
    expect(() => decide({}, {}, 'constructor')).toThrow(
      /^the profile is "constructor", not a valid profile$/,
    );
  });
});

describe('a test that runs: test, before any other sign', () => {
  test.each(TEST_RUNNERS)('%s (%s)', (variable, runner) => {
    const decision = decide(
      { [variable]: '1', KUBERNETES_SERVICE_HOST: '10.0.0.1' },
      { ...AT_WORK, container: true },
    );
    expect(decision).toMatchObject({ profile: 'test', by: 'test', inferred: true });
    expect(decision.signal).toBe(`${runner} runs this (${variable} is "1")`);
    expect(decision.against).toBe('this runs on Kubernetes (KUBERNETES_SERVICE_HOST is "10.0.0.1")');
    expect(decide({ [variable]: '1' }, { container: true }).against).toBe('this runs in a container');
    expect(decide({ [variable]: '1' }).against).toBeUndefined();
    for (const no of ['', 'false']) expect(decide({ [variable]: no }).profile).toBe('prod');
    // Workers are counted from 0.
    expect(decide({ [variable]: '0' }).profile).toBe(variable.endsWith('_ID') ? 'test' : 'prod');
  });

  test.each([
    ['test', 'x'.repeat(40), 'test'],
    ['test', '\u001b[2J', 'test'],
    ['dev', 'a secret that was put there', 'dev'],
    ['dev', '\u009b31m\u202e', 'dev'],
  ])('of the package script %s:%j only the beginning is shown', (beginning, rest, profile) => {
    for (const variable of ['npm_lifecycle_event', 'NODE_RUN_SCRIPT_NAME'])
      expect(decide({ [variable]: `${beginning}:${rest}` })).toMatchObject({
        profile,
        signal: `the package script "${beginning}:…" runs this`,
      });
    expect(buildScript({ npm_lifecycle_event: `build:${rest}` })).toBe('build:…');
  });

  test.each(['test', 'test:unit', 'test:'])('a package script named %s', (script) => {
    for (const variable of ['npm_lifecycle_event', 'NODE_RUN_SCRIPT_NAME'])
      expect(decide({ [variable]: script }, { container: true })).toMatchObject({
        profile: 'test',
        signal: `the package script "${script}" runs this`,
      });
  });

  test('a runner that sets no variable is known by what was started', () => {
    expect(testRunner([], '/app/node_modules/mocha/bin/mocha.js')).toBe('mocha');
    expect(testRunner([], '/app/node_modules/.pnpm/ava@6/node_modules/ava/entrypoints/cli.mjs')).toBe('ava');
    expect(testRunner([], '/app/node_modules/@cucumber/cucumber/bin/cucumber.js')).toBe('@cucumber/cucumber');
    expect(testRunner([], 'C:\\app\\node_modules\\jest\\bin\\jest.js')).toBe('jest');
    expect(testRunner(['--import', 'tsx', '--test'], undefined)).toBe('node --test');
    for (const file of [
      '/app/server.js',
      '/app/mocha/server.js',
      '/app/node_modules/mocha/node_modules/x/y.js',
    ])
      expect(testRunner(['--test-only'], file)).toBeUndefined();
    expect(decide({}, { testRunner: 'mocha', terminal: true }).profile).toBe('test');
  });

  test('what a runner started is known by its name, and is by itself no sign', () => {
    for (const file of [
      '/app/src/cart.test.js',
      '/app/src/cart-test.mjs',
      '/app/src/cart.spec.ts',
      '/app/test.js',
      '/app/test/cart.js',
      '/app/test-cart.js',
      'C:\\app\\__tests__\\cart.js',
      '/app/node_modules/tinypool/dist/entry/process.js',
      '/app/node_modules/.pnpm/jest-worker@30/node_modules/jest-worker/build/processChild.js',
    ])
      expect(isTestFile(file), file).toBe(true);
    for (const file of [
      undefined,
      '/app/server.js',
      '/app/latest.js',
      '/app/attest/server.js',
      '/app/node_modules/next/dist/test/server.js',
    ])
      expect(isTestFile(file), file).toBe(false);
    expect(decide({}, { started: '/app/test/cart.js' }).profile).toBe('prod');
  });

  test.each([
    'pretest',
    'posttest',
    'testing',
    'latest',
    'e2e',
  ])('a package script named %s is none', (script) => {
    expect(decide({ npm_lifecycle_event: script }).profile).toBe('prod');
  });
});

describe('signs of a platform: production, even at a terminal', () => {
  test.each(PLATFORMS)('%s', (variable, platform) => {
    // "0" is what pm2 gives its first process.
    const decision = decide({ [variable]: '0', npm_lifecycle_event: 'dev' }, AT_WORK);
    expect(decision).toEqual({
      profile: 'prod',
      by: 'platform',
      signal: `this runs on ${platform} (${variable} is "0")`,
      inferred: true,
    });
  });

  test('a value that is long, or could be anything, is not repeated', () => {
    for (const value of ['x'.repeat(25), '{"a":1}', 'a b'])
      expect(decide({ VCAP_APPLICATION: value }).signal).toBe(
        'this runs on Cloud Foundry (VCAP_APPLICATION is set)',
      );
  });

  test('an empty platform variable is no sign', () => {
    expect(decide({ KUBERNETES_SERVICE_HOST: '' }, { terminal: true }).profile).toBe('dev');
  });

  test.each(['INVOCATION_ID', 'JOURNAL_STREAM'])('%s is systemd, unless there is a terminal', (variable) => {
    expect(decide({ [variable]: '8:1', npm_lifecycle_event: 'dev' }, { debugger: true })).toMatchObject({
      profile: 'prod',
      by: 'platform',
      signal: `systemd has started this, without a terminal (${variable} is "8:1")`,
    });
    expect(decide({ [variable]: 'x' }, { terminal: true }).profile).toBe('dev');
  });

  test('a container is production, even at its terminal', () => {
    expect(decide({}, { ...AT_WORK, container: true })).toEqual({
      profile: 'prod',
      by: 'container',
      signal: 'this runs in a container',
      inferred: true,
    });
  });

  test.each(
    DEVELOPMENT_CONTAINERS,
  )('a development container (%s) is no sign of production, nor of development by itself', (variable) => {
    expect(decide({ [variable]: 'true' }, { container: true, terminal: true }).profile).toBe('dev');
    expect(decide({ [variable]: 'true' }, { container: true }).profile).toBe('prod');
    expect(decide({ [variable]: '' }, { container: true, terminal: true }).profile).toBe('prod');
  });
});

describe('signs of a person at work: development', () => {
  test.each([
    [{}, { terminal: true }, 'this runs at a terminal'],
    [{}, { debugger: true }, 'a debugger is attached'],
    ...['dev', 'develop', 'debug', 'watch', 'dev:', 'dev:web', 'start:dev'].map(
      (script) => [{ npm_lifecycle_event: script }, {}, `the package script "${script}" runs this`] as const,
    ),
    [{ NODE_RUN_SCRIPT_NAME: 'dev' }, {}, 'the package script "dev" runs this'],
  ] as const)('%j %j', (env, signs, signal) => {
    expect(decide(env, signs)).toEqual({ profile: 'dev', by: 'person', signal, inferred: true });
  });

  test.each([
    'start',
    'predev',
    'develop2',
    'serve',
    'start:devel',
    'start:prod',
    '',
  ])('a package script named %j is none', (script) => {
    expect(decide({ npm_lifecycle_event: script })).toMatchObject({ profile: 'prod', by: 'nothing' });
  });
});

describe('what a start says about it', () => {
  /** Where somebody meets the refusal, what it says, and the cure that fits there. */
  test.each([
    [
      'a laptop without a terminal',
      {},
      'nothing here says that this is development',
      /^if this is your own machine, set KEYTURN_ENV=dev.*; on a server, set /,
    ],
    [
      'its desktop',
      { env: { INVOCATION_ID: 'ab' } },
      'systemd has started this, without a terminal (INVOCATION_ID is "ab")',
      /^if this is your own machine, set KEYTURN_ENV=dev; on a server, set /,
    ],
    [
      'a container',
      { signs: { container: true } },
      'this runs in a container',
      /^if you develop in this container, set KEYTURN_ENV=dev in it; on a server, set /,
    ],
    [
      'a platform',
      { env: { DYNO: 'web.1' } },
      'this runs on Heroku (DYNO is "web.1")',
      /^if this is not a server, set KEYTURN_ENV=dev; on a server, set /,
    ],
    [
      'a build',
      { env: { NODE_ENV: 'production', npm_lifecycle_event: 'build' } },
      'NODE_ENV is "production"',
      /^a build needs no secret, .*KEYTURN_BUILD=1.*; where the app runs, set /,
    ],
    [
      'a misspelt NODE_ENV',
      { env: { NODE_ENV: 'developement' } },
      'NODE_ENV is "developement", neither "development" nor "test"',
      /^if NODE_ENV was meant to be "development", write it so; on a server, set /,
    ],
    [
      'a short NODE_ENV',
      { env: { NODE_ENV: 'dev' } },
      'NODE_ENV is "dev", neither "development" nor "test"',
      /^if NODE_ENV was meant to be "development", write it so; on a server, set /,
    ],
    [
      'another NODE_ENV',
      { env: { NODE_ENV: 'staging' } },
      'NODE_ENV is "staging", neither "development" nor "test"',
      /^if this is not a server, set KEYTURN_ENV=dev; on a server, set /,
    ],
    [
      'production by NODE_ENV',
      { env: { NODE_ENV: 'production' } },
      'NODE_ENV is "production"',
      /^set KEYTURN_SECURITY__SIGNING_SECRET to /,
    ],
    [
      'production',
      { env: { KEYTURN_ENV: 'prod' } },
      'KEYTURN_ENV is "prod"',
      /^set KEYTURN_SECURITY__SIGNING_SECRET to /,
    ],
  ] as const)('refused on %s', async (_, simulated, signal, cure) => {
    const error = await refusalOn(simulated);
    expect(error).toMatchObject({ code: 'secret_missing' });
    expect(error.message).toBe(`no signing secret is configured, and production rules apply: ${signal}`);
    expect(error.hint).toMatch(cure);
    expect(error.hint).toContain(`${SECRET}_FILE`);
  });

  test('what may be a secret in the wrong variable is not repeated', async () => {
    for (const variable of ['NODE_ENV', 'KEYTURN_ENV']) {
      const error = await refusalOn({ env: { [variable]: STRONG } });
      expect(`${error.message} ${error.hint}`).not.toContain(STRONG.slice(0, 12));
    }
  });

  test('a misspelt KEYTURN_ENV is answered with what was meant', async () => {
    expect((await refusalOn({ env: { KEYTURN_ENV: 'prodution' } })).hint).toContain(
      'did you mean "production"?',
    );
    expect((await refusalOn({ env: { KEYTURN_ENV: 'Dev' } })).hint).toContain('did you mean "dev"?');
  });

  test('the doctor warns of a NODE_ENV that was to be another, and of none that is in use', async () => {
    const ofProfile = async (NODE_ENV: string) => {
      const { checks } = await runDoctor(machine({ env: { NODE_ENV, [SECRET]: STRONG } }));
      return checks.find(({ name }) => name === 'profile');
    };
    expect(await ofProfile('developement')).toMatchObject({
      status: 'warn',
      hint: expect.stringContaining('"development"'),
    });
    for (const fine of ['production', 'staging', 'preview'])
      expect(await ofProfile(fine)).toMatchObject({ status: 'pass' });
  });

  test('inferred development warns at start, naming the signal and KEYTURN_ENV', async () => {
    const { keyturn, log } = await startOn({ signs: { terminal: true } });
    expect(keyturn.profile).toBe('dev');
    const line = log.find(({ facts }) => facts.event === 'profile.inferred');
    expect(line).toMatchObject({
      level: 'warn',
      facts: { signal: 'this runs at a terminal', profile: 'dev' },
    });
    expect(line?.message).toBe(
      'development rules apply: this runs at a terminal; set KEYTURN_ENV=dev to settle it',
    );
  });

  test('inferred tests on a platform warn at start, naming both signals', async () => {
    const lineOf = async (env: Record<string, string>, signs: Partial<Signs> = {}) => {
      const { keyturn, log } = await startOn({ env, signs });
      expect(keyturn.profile).toBe('test');
      await keyturn.close();
      return log.find(({ facts }) => facts.event === 'profile.inferred');
    };
    expect(await lineOf({ VITEST: '1', DYNO: 'web.1' })).toMatchObject({
      level: 'warn',
      facts: {
        signal: 'Vitest runs this (VITEST is "1")',
        against: 'this runs on Heroku (DYNO is "web.1")',
      },
      message:
        'test rules apply: Vitest runs this (VITEST is "1"), and yet this runs on Heroku (DYNO is "web.1"); set KEYTURN_ENV=prod on a server',
    });
    expect((await lineOf({ JEST_WORKER_ID: '1' }, { container: true }))?.level).toBe('warn');
    expect((await lineOf({ JEST_WORKER_ID: '1' }))?.level).toBe('info');
    const { checks } = await runDoctor(machine({ env: { VITEST: '1', DYNO: 'web.1' } }));
    expect(checks.find(({ name }) => name === 'profile')).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('(inferred), and yet this runs on Heroku (DYNO is "web.1")'),
      hint: expect.stringContaining('KEYTURN_ENV=prod'),
    });
  });

  test('development that was said outright does not warn', async () => {
    const { log } = await startOn({ env: { KEYTURN_ENV: 'dev' } });
    expect(log.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('an unknown KEYTURN_ENV refuses the start even with a good secret', async () => {
    const error = await refusalOn({ env: { KEYTURN_ENV: 'live', [SECRET]: STRONG } });
    expect(error.code).toBe('profile_unknown');
    expect(error.hint).toContain('"prod"');
  });

  test('an unknown profile is resolved under production rules, and makes no secret', async () => {
    const resolution = await resolveOn({ env: { KEYTURN_ENV: 'toString' }, signs: AT_WORK });
    expect(resolution.profile.profile).toBe('prod');
    expect(resolution.keyring).toBeUndefined();
  });
});

describe('the test profile', () => {
  test('is that of node --test, which leaves nothing behind', async () => {
    const cwd = await folderWith({
      'app.test.mjs': `import { test } from 'node:test';
        import { createKeyturn } from ${JSON.stringify(BUILT)};
        test('starts', async () => {
          const kt = await createKeyturn();
          if (kt.profile !== 'test') throw new Error(kt.profile);
          await kt.close();
        });`,
    });
    const child = spawn(process.execPath, ['--test'], { cwd, env: { PATH: process.env.PATH } });
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(readdirSync(cwd)).toEqual(['app.test.mjs']);
  });

  test('makes its secret in memory and leaves nothing behind', async () => {
    for (const env of [{ VITEST: 'true' }, { npm_lifecycle_event: 'test' }, { NODE_ENV: 'test' }]) {
      const cwd = await folderWith({});
      const { keyturn } = await startOn({ cwd, env });
      expect(keyturn.profile).toBe('test');
      await keyturn.close();
      expect(readdirSync(cwd)).toEqual([]);
    }
  });

  test.each([
    ['a forgotten KEYTURN_ENV in an image', { env: { KEYTURN_ENV: 'test' }, signs: { container: true } }],
    ['the same NODE_ENV', { env: { NODE_ENV: 'test' }, signs: { container: true } }],
    ['a platform', { env: { KEYTURN_ENV: 'test', FLY_APP_NAME: 'shop' } }],
    ['systemd', { env: { KEYTURN_ENV: 'test', INVOCATION_ID: 'x' } }],
    [
      "a runner's variable, forgotten too",
      { env: { KEYTURN_ENV: 'test', VITEST: '1' }, signs: { container: true } },
    ],
    ['the same on a platform', { env: { NODE_ENV: 'test', JEST_WORKER_ID: '1', DYNO: 'web.1' } }],
    [
      'a file that sounds like tests',
      { env: { NODE_ENV: 'test', DYNO: 'web.1' }, signs: { started: '/app/test/cart.js' } },
    ],
  ])('%s refuses the start, with a good secret too', async (_, simulated) => {
    for (const secret of [{}, { [SECRET]: STRONG }]) {
      const error = await refusalOn({ ...simulated, env: { ...simulated.env, ...secret } });
      expect(error.code).toBe('profile_refused');
      expect(error.message).toContain('is "test"');
      expect(error.hint).toContain('KEYTURN_ENV=prod');
    }
  });

  test.each([
    [
      'a file that a test runner has started',
      {
        env: { KEYTURN_ENV: 'test', NODE_TEST_CONTEXT: 'child-v8' },
        signs: { container: true, started: '/app/test/cart.js' },
      },
    ],
    [
      'a runner without a variable',
      { env: { NODE_ENV: 'test' }, signs: { container: true, testRunner: 'mocha' } },
    ],
    [
      'a package script',
      { env: { NODE_ENV: 'test', npm_lifecycle_event: 'test:e2e' }, signs: { container: true } },
    ],
    ['a development container', { env: { NODE_ENV: 'test', CODESPACES: '1' }, signs: { container: true } }],
    ['a machine of no platform', { env: { KEYTURN_ENV: 'test' } }],
  ])('%s may use it', async (_, simulated) => {
    const { keyturn } = await startOn(simulated);
    expect(keyturn.profile).toBe('test');
    await keyturn.close();
  });

  test('a program that says test may do so in a container, where its tests may run, and on no platform', async () => {
    const on = async (simulated: Parameters<typeof machine>[0]) =>
      (await resolve({ machine: machine(simulated), profile: 'test', create: true })).problems;
    expect(await on({ signs: { container: true } })).toEqual([]);
    expect(await on({ env: { DYNO: 'web.1' } })).toMatchObject([{ error: { code: 'profile_refused' } }]);
  });
});
