// What a program may say of time in production: a command sees variables and files, and no program.
import { describe, expect, test } from 'vitest';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import { memoryLogger, testKeyturn } from '../support/keyturn.js';
import { folderWith, refusalOn, SECRET, STRONG, startOn } from '../support/machine.js';

const PROD = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };

async function refused(config: Record<string, unknown>, env: Record<string, string> = {}, toml = '') {
  const cwd = await folderWith({ 'keyturn.toml': toml });
  const { code, message, hint } = await refusalOn({ cwd, env: { ...PROD, ...env } }, config);
  return { code, message, hint };
}

describe('in production a program does not lengthen', () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      'sessions',
      { session: { idle: '8d' } },
      'idle = "8d" under [session] in keyturn.toml, or KEYTURN_SESSION__IDLE=8d',
    ],
    [
      'sessions by both settings',
      { session: { idle: '60d', max_age: '60d' } },
      'KEYTURN_SESSION__IDLE=60d; and max_age = "60d" under [session] in keyturn.toml, or KEYTURN_SESSION__MAX_AGE=60d',
    ],
    [
      'a purpose that it alone declares',
      { purposes: { 'remember-me': { max_age: '90d' } } },
      'max_age = "90d" under [purposes.remember-me] in keyturn.toml, or KEYTURN_PURPOSES__REMEMBER_ME__MAX_AGE=90d',
    ],
    [
      'one that is shorter than others',
      { purposes: { note: { max_age: '1min' } } },
      'KEYTURN_PURPOSES__NOTE__MAX_AGE=1min',
    ],
    ...['csrf', 'csrf-id', 'flash', 'jwt', 'refresh', 'url', 'password-reset', 'invitation'].map(
      (name): [string, Record<string, unknown>, string] => [
        name,
        { purposes: { [name]: { max_age: '31d' } } },
        `max_age = "31d" under [purposes.${name}]`,
      ],
    ),
    [
      'what a step waits for',
      { security: { keyring: { max_lag: '3min', lease: '1h', clock_skew: '10min' } } },
      'max_lag = "3min" under [security.keyring] in keyturn.toml, or KEYTURN_SECURITY__KEYRING__MAX_LAG=3min; and lease = "1h"',
    ],
    [
      'a purpose called "constructor"',
      { purposes: { constructor: { max_age: '1h' } } },
      '[purposes.constructor]',
    ],
  ])('%s', async (_, config, line) => {
    const { code, hint } = await refused(config);
    expect(code).toBe('config_invalid');
    expect(hint).toContain(line);
  });

  test('beyond what variables and files say together', async () => {
    const toml = '[purposes.note]\nmax_age = "2h"\n';
    const { message } = await refused(
      { purposes: { note: { max_age: '3h' }, draft: { max_age: '1h' } } },
      {},
      toml,
    );
    // The file wins over the program, as ever.
    expect(message).toContain('the program lengthens purposes.draft.max_age beyond');
  });
});

test.each<[string, Record<string, unknown>, Record<string, string>]>([
  ['shorter', { session: { idle: '1d' }, purposes: { url: { max_age: '1h' } } }, {}],
  ['longer, and of no effect: the idle time ends it', { session: { max_age: '90d' } }, {}],
  [
    'what a variable says',
    { purposes: { note: { max_age: '9d' } } },
    { KEYTURN_PURPOSES__NOTE__MAX_AGE: '9d' },
  ],
  [
    'less than a variable says',
    { purposes: { note: { max_age: '9d' } } },
    { KEYTURN_PURPOSES__NOTE__MAX_AGE: '1h' },
  ],
])('a program may say what is %s', async (_, config, env) => {
  const { keyturn } = await startOn({ env: { ...PROD, ...env } }, config);
  await keyturn.close();
});

test('elsewhere it may say anything', async () => {
  const env = { KEYTURN_ENV: 'dev', [SECRET]: STRONG };
  const { keyturn } = await startOn({ env }, { purposes: { note: { max_age: '90d' } } });
  expect(internalsOf(keyturn).registry.describe('note').maxAge).toBe(90 * 86_400);
  await keyturn.close();
});

describe('no token lives beyond 400 days', () => {
  test.each([
    ['KEYTURN_SESSION__IDLE', '401d'],
    ['KEYTURN_SESSION__MAX_AGE', '401d'],
    ['KEYTURN_PURPOSES__NOTE__MAX_AGE', '34560001'],
    ['KEYTURN_PURPOSES__URL__MAX_AGE', '58w'],
  ])('%s=%s is refused', async (variable, value) => {
    const error = await refusalOn({ env: { ...PROD, [variable]: value } });
    expect(error).toMatchObject({ code: 'config_invalid' });
    expect(error.message).toContain('400 days at most');
  });

  test('nor one of a purpose that development makes up', async () => {
    const { keyturn } = await startOn({ env: { KEYTURN_ENV: 'dev', [SECRET]: STRONG } });
    expect(keyturn.signer('made-up', { maxAge: '400d' }).maxAge).toBe(400 * 86_400);
    for (const make of [
      () => keyturn.signer('other', { maxAge: '401d' }),
      () => keyturn.sealer('sealed', { maxAge: '401d' }),
    ])
      expect(make).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    await keyturn.close();
  });

  test('400 days are', async () => {
    const { keyturn } = await startOn({ env: { ...PROD, KEYTURN_PURPOSES__NOTE__MAX_AGE: '400d' } });
    expect(keyturn.signer('note').maxAge).toBe(400 * 86_400);
    await keyturn.close();
  });
});

describe('what production would refuse', () => {
  const warnings = async (profile: 'dev' | 'test', use: (keyturn: Keyturn) => void, config = {}) => {
    const logger = memoryLogger();
    const keyturn = await testKeyturn({ profile, logger, config });
    use(keyturn);
    return logger.records
      .filter(({ facts }) => facts.event === 'production.refuses')
      .map(({ level, message, facts }) => ({ level, message, hint: facts.hint }));
  };
  const lengthened = { session: { idle: '60d', max_age: '60d' } };

  test('development tells of an undeclared purpose, with the line to add, once for each lifetime', async () => {
    const said = await warnings('dev', (keyturn) => {
      for (const maxAge of ['1h', '1h', '30min', '2h']) keyturn.signer('download', { maxAge });
      keyturn.sealer('draft', { maxAge: 90 });
    });
    const refused = (name: string) => `production will refuse this: the purpose "${name}" is not declared`;
    const line = (name: string, rest: string) => `add to keyturn.toml, under [purposes.${name}]: ${rest}`;
    expect(said).toEqual([
      { level: 'warn', message: refused('download'), hint: line('download', 'max_age = "1h"') },
      { level: 'warn', message: refused('download'), hint: line('download', 'max_age = "2h"') },
      { level: 'warn', message: refused('draft'), hint: line('draft', 'max_age = "90s" and sealed = true') },
    ]);
  });

  test('what is misspelt is told with the name that was meant', async () => {
    const [said] = await warnings('dev', (keyturn) => keyturn.signer('password-rest', { maxAge: '1h' }));
    expect(said?.hint).toMatch(/^did you mean "password-reset"\? If not: add to keyturn\.toml, under/);
    const keyturn = await testKeyturn();
    for (const name of ['pasword-reset', 'invitations'])
      expect(() => keyturn.signer(name)).toThrow(
        expect.objectContaining({
          code: 'purpose_lifetime',
          hint: expect.stringMatching(/^did you mean "(password-reset|invitation)"/),
        }),
      );
    expect(() => keyturn.signer('download')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^every token expires/) }),
    );
  });

  test('development tells of a lifetime that the program lengthens', async () => {
    expect(await warnings('dev', () => {}, lengthened)).toEqual([
      {
        level: 'warn',
        message: expect.stringMatching(
          /^production will refuse this: the program lengthens session\.idle, session\.max_age/,
        ),
        hint: expect.stringContaining('idle = "60d" under [session] in keyturn.toml'),
      },
    ]);
  });

  test('development says nothing of what production takes', async () => {
    const waits = { security: { keyring: { max_lag: 60, lease: 900, clock_skew: 300 } } };
    const use = (keyturn: Keyturn) => keyturn.signer('password-reset', { maxAge: '3h' });
    expect(await warnings('dev', use, { ...waits, session: { idle: '1h' } })).toEqual([]);
  });

  test('tests are not told', async () => {
    const use = (keyturn: Keyturn) => keyturn.signer('download', { maxAge: '1h' });
    expect(await warnings('test', use, lengthened)).toEqual([]);
  });
});
