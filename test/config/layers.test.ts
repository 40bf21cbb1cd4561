import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  expectNoLeak,
  folderWith,
  OLDER,
  problemsOf,
  REVOKED,
  resolveOn,
  SECRET,
  STRONG,
} from '../support/machine.js';

const DEV = { KEYTURN_ENV: 'dev', [SECRET]: STRONG };

/** Resolves in development with these files and variables. */
async function configured(
  files: Record<string, string>,
  env: Record<string, string | undefined> = {},
  config?: Record<string, unknown>,
) {
  const cwd = await folderWith(files);
  return await resolveOn({ cwd, env: { ...DEV, ...env } }, config === undefined ? {} : { config });
}

async function errorsOf(files: Record<string, string>, env: Record<string, string | undefined> = {}) {
  return problemsOf(await configured(files, env), 'error');
}

describe('layers: later wins, and every value knows where it came from', () => {
  const LAYERS: readonly (readonly [name: string, origin: string])[] = [
    ['built-in', 'built-in'],
    ['program', 'the program'],
    ['file', 'keyturn.toml'],
    ['profile file', 'keyturn.dev.toml'],
    ['variable', 'KEYTURN_SESSION__IDLE'],
  ];

  test.each(
    LAYERS.map(([name, origin], height) => ({ name, origin, height })),
  )('$name wins over everything below it', async ({ origin, height }) => {
    const { settings, problems } = await configured(
      {
        ...(height >= 2 ? { 'keyturn.toml': '[session]\nidle = "2h"' } : {}),
        ...(height >= 3 ? { 'keyturn.dev.toml': '[session]\nidle = "3h"' } : {}),
      },
      height >= 4 ? { KEYTURN_SESSION__IDLE: '4h' } : {},
      height >= 1 ? { session: { idle: '1h' } } : undefined,
    );
    expect(problems).toEqual([]);
    expect(settings.get('session.idle')).toBe(height === 0 ? 7 * 86_400 : height * 3600);
    expect(settings.origin('session.idle')?.name).toBe(origin);
    expect(settings.origins('session.idle').map(({ name }) => name)).toEqual(
      LAYERS.slice(0, height + 1).map(([, expected]) => expected),
    );
  });

  test('defaults of the profile stand above the built-in ones and below the program', async () => {
    const plain = await resolveOn({ env: { KEYTURN_ENV: 'test' } });
    expect(plain.settings.get('log.level')).toBe('warn');
    expect(plain.settings.origin('log.level')?.name).toBe('the test profile');
    const said = await resolveOn({ env: { KEYTURN_ENV: 'test' } }, { config: { log: { level: 'debug' } } });
    expect(said.settings.get('log.level')).toBe('debug');
  });

  test('only the file of the profile in force is read', async () => {
    const cwd = await folderWith({
      'keyturn.dev.toml': '[session]\nidle = "1h"',
      'keyturn.test.toml': '[session]\nidle = "2h"',
      'keyturn.prod.toml': '[session]\nidle = "3h"',
    });
    for (const [KEYTURN_ENV, hours] of [
      ['development', 1],
      ['test', 2],
      ['production', 3],
    ] as const) {
      const { settings } = await resolveOn({ cwd, env: { ...DEV, KEYTURN_ENV } });
      expect(settings.get('session.idle')).toBe(hours * 3600);
    }
  });

  test('a setting that nobody set has no value and no origin', async () => {
    const { settings } = await configured({});
    expect(settings.get('session.cookie.domain')).toBeUndefined();
    expect(settings.origin('session.cookie.domain')).toBeUndefined();
    expect(settings.origins('session.cookie.domain')).toEqual([]);
  });

  test('purposes are merged field by field over the layers', async () => {
    const { settings, problems } = await configured(
      { 'keyturn.toml': '[purposes.magic-link]\nmax_age = "1h"\nabout = "links that sign in"' },
      { KEYTURN_PURPOSES__MAGIC_LINK__MAX_AGE: '15min' },
    );
    expect(problems).toEqual([]);
    expect(settings.purposes.get('magic-link')).toMatchObject({ maxAge: 900, about: 'links that sign in' });
  });

  test('a byte-order mark before the file does no harm', async () => {
    const { settings, problems } = await configured({ 'keyturn.toml': '\uFEFF[session]\nidle = "1h"' });
    expect(problems).toEqual([]);
    expect(settings.get('session.idle')).toBe(3600);
  });
});

describe('values that cannot work together', () => {
  test('a session that would end before it is extended', async () => {
    const beyond = '[session]\nidle = "1h"\nroll_after = "61min"';
    const [error, ...others] = await errorsOf({ 'keyturn.toml': beyond });
    expect(others).toEqual([]);
    expect(error).toMatch(
      /^config_invalid: session\.roll_after \(3660 s\) is longer than session\.idle \(3600 s\)/,
    );
    expect(await errorsOf({ 'keyturn.toml': '[session]\nidle = "1h"\nroll_after = "1h"' })).toEqual([]);
    // Against the default of seven days, and set by a variable.
    const { problems } = await configured({}, { KEYTURN_SESSION__ROLL_AFTER: '8d' });
    expect(problems.map(({ error }) => error.code)).toContain('config_invalid');
  });
});

describe('unknown names', () => {
  test.each([
    ['[session]\nidel = "1h"', 'session.idel', 'session.idle'],
    ['[sesion.cookie]\nname = "a"', 'sesion', undefined],
    ['[session.cookie]\nsamesite = "lax"', 'session.cookie.samesite', 'session.cookie.same_site'],
    ['[purpose.x]\nmax_age = "1h"', 'purpose', 'purposes'],
    ['[purposes.x]\nmaxage = "1h"', 'purposes.x.maxage', 'purposes.x.max_age'],
    ['__proto__ = 1', '__proto__', undefined],
    ['[__proto__]\nidle = "1h"', '__proto__', undefined],
    ['[constructor.prototype]\nidle = "1h"', 'constructor', undefined],
    ['[session]\n__proto__ = "1h"', 'session.__proto__', undefined],
    ['[session]\ntoString = "1h"', 'session.toString', undefined],
    ['[purposes.x]\n__proto__ = "1h"', 'purposes.x.__proto__', undefined],
    ['[purposes.x]\nconstructor = "1h"', 'purposes.x.constructor', undefined],
  ])('%j is an error that names %s', async (toml, path, near) => {
    const errors = await errorsOf({ 'keyturn.toml': toml });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^config_unknown_key: /);
    expect(errors[0]).toContain(` ${path} in keyturn.toml is not known`);
    if (near !== undefined) expect(errors[0]).toContain(`did you mean ${near}?`);
  });

  test.each([
    ['KEYTURN_SECURITY_SIGNING_SECRET', SECRET],
    ['KEYTURN_SECURITY__SIGNING_SECRETS', SECRET],
    ['KEYTURN_SECURITY__SIGNING_SECRET__FILE', `${SECRET}_FILE`],
    ['KEYTURN_SESSION__IDEL', 'KEYTURN_SESSION__IDLE'],
    ['KEYTURN_DATADIR', 'KEYTURN_DATA_DIR'],
  ])('the variable %s is an error that suggests %s', async (variable, near) => {
    const resolution = await configured({}, { [variable]: OLDER });
    const errors = problemsOf(resolution, 'error');
    expect(errors).toEqual([
      `config_unknown_key: variable ${variable} in the environment is not known (did you mean ${near}?)`,
    ]);
    expectNoLeak(
      resolution.problems.map(({ error }) => error),
      OLDER,
    );
  });

  test('something that resembles nothing is pointed to the documentation', async () => {
    const errors = await errorsOf({ 'keyturn.toml': '[database]\nurl = "x"' });
    expect(errors[0]).toContain('docs/configuration.md');
  });

  test.each([
    'KEYTURN',
    'KEYTURNS_X',
    'keyturn_x',
    'MY_KEYTURN_X',
  ])('%s is none of ours', async (variable) => {
    expect(await errorsOf({}, { [variable]: 'x' })).toEqual([]);
  });

  test('an undefined variable is not set', async () => {
    expect(await errorsOf({}, { KEYTURN_NONSENSE: undefined })).toEqual([]);
  });

  test.each([
    'KEYTURN_SERVICE_HOST',
    'KEYTURN_SERVICE_PORT',
    'KEYTURN_SERVICE_PORT_HTTP',
    'KEYTURN_PORT',
    'KEYTURN_PORT_80_TCP',
    'KEYTURN_PORT_80_TCP_ADDR',
    'KEYTURN_PORT_80_TCP_PORT',
    'KEYTURN_PORT_80_TCP_PROTO',
    'KEYTURN_PORT_53_UDP_ADDR',
    'KEYTURN_CANARY_SERVICE_HOST',
    'KEYTURN_CANARY_PORT_80_TCP_ADDR',
  ])('%s, which Kubernetes sets for a service called keyturn, is ignored', async (variable) => {
    expect(await errorsOf({}, { [variable]: '10.0.0.1' })).toEqual([]);
  });
});

describe('values that do not fit', () => {
  test.each([
    ['[session]\nidle = "soon"', 'session.idle in keyturn.toml must be a duration such as'],
    ['[session]\nidle = true', 'session.idle in keyturn.toml must be a duration such as'],
    ['[session]\nidle = { a = 1 }', 'session.idle in keyturn.toml must be a duration such as'],
    ['[session.cookie]\nsame_site = "Lax"', 'must be one of "lax", "strict", "none"'],
    [
      '[session.cookie]\npartitioned = "maybe"',
      'session.cookie.partitioned in keyturn.toml must be true or false',
    ],
    ['[session.cookie]\nname = ""', 'session.cookie.name in keyturn.toml must be a text'],
    ['[csrf]\norigins = [1]', 'csrf.origins in keyturn.toml must be a list'],
    ['security.signing_secret.secret = 5', 'security.signing_secret.secret in keyturn.toml must be a text'],
    ['session = "x"', 'session in keyturn.toml must be a section: [session]'],
    ['security.signing_secret = "x"', 'security.signing_secret in keyturn.toml must be a section'],
    ['purposes = 1', 'purposes in keyturn.toml must be a section'],
    ['purposes.x = 1', 'purposes.x in keyturn.toml is not a purpose'],
    ['[purposes.Reset]\nmax_age = "1h"', 'purposes.Reset in keyturn.toml is not a purpose'],
    ['[purposes.__proto__]\nmax_age = "1h"', 'purposes.__proto__ in keyturn.toml is not a purpose'],
    ['[purposes.x]\nmax_age = "never"', 'purposes.x.max_age in keyturn.toml must be a duration'],
  ])('%j is an error', async (toml, said) => {
    const errors = await errorsOf({ 'keyturn.toml': toml });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^config_invalid: /);
    expect(errors[0]).toContain(said);
  });

  test.each([
    ['KEYTURN_SESSION__IDLE', 'soon'],
    ['KEYTURN_SESSION__IDLE', ''],
    ['KEYTURN_SESSION__COOKIE__PARTITIONED', 'maybe'],
    ['KEYTURN_LOG__LEVEL', 'loud'],
    ['KEYTURN_CSRF__ORIGINS', ''],
    [REVOKED, '["a"'],
  ])('%s=%j is an error that names the variable', async (variable, value) => {
    const errors = await errorsOf({}, { [variable]: value });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(`config_invalid: ${variable} must be `);
  });

  test('an empty KEYTURN_DATA_DIR is an error', async () => {
    for (const KEYTURN_DATA_DIR of ['', '  ']) {
      expect(await errorsOf({}, { KEYTURN_DATA_DIR })).toEqual([
        expect.stringMatching(/^config_invalid: KEYTURN_DATA_DIR is empty/),
      ]);
    }
  });

  test('everything that is wrong is told at once, and what is right still counts', async () => {
    const resolution = await configured(
      { 'keyturn.toml': '[session]\nidle = "soon"\nmax_age = "2h"\n[log]\nlevle = "info"' },
      { KEYTURN_NONSENSE: '1' },
    );
    expect(problemsOf(resolution, 'error')).toHaveLength(3);
    expect(resolution.settings.get('session.max_age')).toBe(7200);
    expect(resolution.settings.get('session.idle')).toBe(7 * 86_400);
  });
});

describe('files that cannot be used', () => {
  const PLANTED = 'planted-value-that-must-not-be-shown';

  test.each([
    [`a = 1\nb = "${PLANTED}\nc = 2`, 2],
    [`[security.signing_secret]\n\nsecret = ${PLANTED}`, 3],
    [`a = "${PLANTED}"\na = "${PLANTED}"`, 2],
    [`a = ["${PLANTED}"`, 1],
  ])('a syntax error is told by line and column and never quotes the line: %j', async (toml, line) => {
    const resolution = await configured({ 'keyturn.toml': toml });
    const errors = problemsOf(resolution, 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      new RegExp(`^config_invalid: keyturn\\.toml is not valid TOML \\(line ${line}, column \\d+\\)`),
    );
    expectNoLeak(
      resolution.problems.map(({ error }) => error),
      PLANTED,
    );
  });

  test('a file that is not UTF-8 is an error, since its secrets would be read as something else', async () => {
    const cwd = await folderWith({
      'keyturn.toml': Buffer.concat([
        Buffer.from('[session.cookie]\nname = "a'),
        Buffer.from([0xff]),
        Buffer.from('"'),
      ]),
    });
    expect(problemsOf(await resolveOn({ cwd, env: DEV }), 'error')).toEqual([
      expect.stringMatching(/^config_invalid: keyturn\.toml is not UTF-8 text/),
    ]);
  });

  test('a folder in place of the file is an error', async () => {
    const cwd = await folderWith({});
    await mkdir(join(cwd, 'keyturn.toml'));
    expect(problemsOf(await resolveOn({ cwd, env: DEV }), 'error')).toEqual([
      expect.stringMatching(/^config_invalid: keyturn\.toml cannot be read \(EISDIR\)/),
    ]);
  });

  test.skipIf(process.getuid?.() === 0)('a file without permission is an error', async () => {
    const cwd = await folderWith({ 'keyturn.toml': '' });
    await chmod(join(cwd, 'keyturn.toml'), 0o000);
    expect(problemsOf(await resolveOn({ cwd, env: DEV }), 'error')).toEqual([
      expect.stringMatching(/^config_invalid: keyturn\.toml cannot be read \(EACCES\)/),
    ]);
  });

  test.each([
    ['prod', 'keyturn.production.toml', 'keyturn.prod.toml'],
    ['dev', 'keyturn.development.toml', 'keyturn.dev.toml'],
  ])('under %s, %s is pointed out', async (KEYTURN_ENV, name, right) => {
    const errors = await errorsOf({ [name]: '' }, { KEYTURN_ENV });
    expect(errors).toEqual([`config_unknown_key: ${name} is never read (rename it to ${right})`]);
  });

  test('a command in a file is refused, whatever the layer', async () => {
    for (const name of ['keyturn.toml', 'keyturn.dev.toml']) {
      const errors = await errorsOf({ [name]: '[security.signing_secret]\ncommand = \'["echo","x"]\'' });
      expect(errors).toEqual([expect.stringContaining(`${SECRET}_COMMAND only`)]);
    }
  });
});
