import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  COMING,
  COMMAND,
  FILE,
  folderWith,
  keysOf,
  OLDER,
  OLDEST,
  problemsOf,
  refusalOn,
  resolveOn,
  SECRET,
  STRONG,
  startOn,
  tempDir,
} from '../support/machine.js';

const DEV = { KEYTURN_ENV: 'dev' };
const PROD = { KEYTURN_ENV: 'prod' };
const FIFTH = 'f07b1e93d5a84c26b1970de3f8a25c4461be09d7c35f82a4106de8b97c2fa35d';

/** Every rung that can be configured, the highest first: how it is put there, and the secret that it holds. */
const RUNGS = [
  { rung: 'the variable', kind: 'variable', secret: STRONG, env: { [SECRET]: STRONG }, files: {} },
  {
    rung: 'the file',
    kind: 'file',
    secret: OLDER,
    env: { [FILE]: 'secrets/key' },
    files: { 'secrets/key': OLDER },
  },
  {
    rung: 'the command',
    kind: 'command',
    secret: OLDEST,
    env: { [COMMAND]: JSON.stringify([process.execPath, '-p', JSON.stringify(OLDEST)]) },
    files: {},
  },
  {
    rung: 'the secret in keyturn.toml',
    kind: 'config',
    secret: COMING,
    env: {},
    files: { 'keyturn.toml': `[security.signing_secret]\nsecret = "${COMING}"` },
  },
  {
    rung: '.keyturn/secret',
    kind: 'development-file',
    secret: FIFTH,
    env: {},
    files: { '.keyturn/secret': FIFTH },
  },
] as const;

describe('the first source that is present wins', () => {
  test.each(
    RUNGS.map((rung, height) => ({ ...rung, height })),
  )('$rung, over all that stand below it', async ({ height, kind, secret }) => {
    const there = RUNGS.slice(height);
    const cwd = await folderWith(Object.assign({}, ...there.map(({ files }) => files)));
    const env = Object.assign({ ...DEV }, ...there.map((rung) => rung.env));
    const resolution = await resolveOn({ cwd, env });
    expect(problemsOf(resolution, 'error')).toEqual([]);
    expect(keysOf(resolution)).toEqual([`${secret}:active`]);
    expect(resolution.source).toMatchObject({ kind, format: 'secret', created: false });
    expect(resolution.hidden.map((hidden) => hidden.kind).sort()).toEqual(
      there
        .slice(1)
        .map((rung) => rung.kind)
        .sort(),
    );
  });

  test.each(RUNGS.slice(0, 3))('$rung alone starts production', async ({ env, files, secret }) => {
    const cwd = await folderWith(files);
    const resolution = await resolveOn({ cwd, env: { ...PROD, ...env } });
    expect(resolution.problems).toEqual([]);
    expect(keysOf(resolution)).toEqual([`${secret}:active`]);
    expect(existsSync(join(cwd, '.keyturn'))).toBe(false);
  });

  test('with none of them development makes one, and production refuses', async () => {
    const { keyturn } = await startOn({ env: DEV });
    expect(keyturn.keyring.keys).toHaveLength(1);
    expect((await refusalOn({ env: PROD })).code).toBe('secret_missing');
  });

  test('a keyring document that nothing names is not taken, and told of', async () => {
    const cwd = await folderWith({ 'data/keyring.json': '{}' });
    const { code, message, hint } = await refusalOn({ cwd, env: { ...PROD, KEYTURN_DATA_DIR: 'data' } });
    const path = join(cwd, 'data', 'keyring.json');
    expect(code).toBe('secret_missing');
    expect(message).toContain(`${path} is there, and nothing names it`);
    expect(hint).toContain(`${FILE}=${path}`);
  });

  test('a source above keeps development from making a secret', async () => {
    const cwd = tempDir();
    await startOn({ cwd, env: { ...DEV, [SECRET]: STRONG } });
    expect(existsSync(join(cwd, '.keyturn'))).toBe(false);
  });

  test('the file named in keyturn.toml is the same rung as the variable, which wins over it', async () => {
    const toml = `[security.signing_secret]\nfile = "below"\nsecret = "${COMING}"`;
    const cwd = await folderWith({ 'keyturn.toml': toml, above: STRONG, below: OLDER });
    const configured = await resolveOn({ cwd, env: DEV });
    expect(keysOf(configured)).toEqual([`${OLDER}:active`]);
    expect(configured.source?.name).toBe('security.signing_secret.file in keyturn.toml');
    const overridden = await resolveOn({ cwd, env: { ...DEV, [FILE]: 'above' } });
    expect(keysOf(overridden)).toEqual([`${STRONG}:active`]);
    expect(overridden.source?.name).toBe(FILE);
  });

  test('what a variable hides in a file is known, so that the doctor can tell', async () => {
    const cwd = await folderWith({
      'keyturn.toml': `[security.signing_secret]\nfile = "below"\nsecret = "${COMING}"`,
      'keyturn.dev.toml': `[security.signing_secret]\nsecret = "${FIFTH}"`,
      above: STRONG,
    });
    const { hidden } = await resolveOn({ cwd, env: { ...DEV, [SECRET]: STRONG, [FILE]: 'above' } });
    expect(hidden).toEqual([
      { kind: 'file', name: FILE, path: join(cwd, 'above') },
      { kind: 'config', name: 'security.signing_secret.secret in keyturn.dev.toml' },
      { kind: 'config', name: 'security.signing_secret.secret in keyturn.toml' },
      { kind: 'file', name: 'security.signing_secret.file in keyturn.toml', path: join(cwd, 'below') },
    ]);
  });

  test('a secret that the program passes is found in development and refused in production', async () => {
    const config = { security: { signing_secret: { secret: STRONG } } };
    expect(keysOf(await resolveOn({ env: DEV }, { config }))).toEqual([`${STRONG}:active`]);
    const error = await refusalOn({ env: PROD }, config);
    expect(error).toMatchObject({ code: 'secret_in_config' });
    expect(error.message).toContain('the program');
  });
});

describe('a source that is present but unusable is an error, never a fall-through', () => {
  /** How the highest source is broken, below it a good secret of every other kind. */
  const BROKEN: readonly (readonly [
    what: string,
    env: Record<string, string>,
    toml: string,
    code: string,
  ])[] = [
    ['an empty variable', { [SECRET]: '' }, '', 'secret_empty'],
    ['a blank variable', { [SECRET]: ' \t\n' }, '', 'secret_empty'],
    ['a variable with only a byte-order mark', { [SECRET]: '\uFEFF' }, '', 'secret_empty'],
    ['a variable of two lines', { [SECRET]: `${STRONG}\n${OLDER}` }, '', 'secret_malformed'],
    ['a variable with a JSON array', { [SECRET]: JSON.stringify([STRONG]) }, '', 'secret_malformed'],
    ['a variable with a JSON object', { [SECRET]: JSON.stringify({ a: STRONG }) }, '', 'secret_malformed'],
    ['an empty file variable', { [FILE]: '' }, '', 'secret_empty'],
    ['a file that is not there', { [FILE]: './missing' }, '', 'secret_unreadable'],
    ['a file that is empty', { [FILE]: 'empty' }, '', 'secret_empty'],
    ['a folder for a file', { [FILE]: 'folder' }, '', 'secret_unreadable'],
    ['an empty command', { [COMMAND]: '' }, '', 'secret_empty'],
    ['a command that is no list', { [COMMAND]: 'echo x' }, '', 'secret_malformed'],
    ['a command that fails', { [COMMAND]: '["false"]' }, '', 'command_failed'],
    ['an empty secret in keyturn.toml', {}, 'secret = ""', 'secret_empty'],
    ['an empty file in keyturn.toml', {}, 'file = " "', 'secret_empty'],
    ['a secret of the wrong type in keyturn.toml', {}, 'secret = 5', 'config_invalid'],
    ['a file of the wrong type in keyturn.toml', {}, 'file = ["a"]', 'config_invalid'],
    ['a command in keyturn.toml', {}, 'command = \'["echo","x"]\'', 'config_invalid'],
    ['a keyturn.toml that cannot be parsed', {}, 'secret = x', 'config_invalid'],
    ['a mistyped name in keyturn.toml', {}, `secrt = "${STRONG}"`, 'config_unknown_key'],
    ['a mistyped variable', { KEYTURN_SECURITY_SIGNING_SECRET: STRONG }, '', 'config_unknown_key'],
  ];

  test.each(
    BROKEN,
  )('%s refuses the start with nothing below it, and makes no secret', async (_, env, toml, code) => {
    const cwd = await folderWith({ empty: '\n', 'keyturn.toml': `[security.signing_secret]\n${toml}` });
    await mkdir(join(cwd, 'folder'));
    expect((await refusalOn({ cwd, env: { ...DEV, ...env } })).code).toBe(code);
    expect(existsSync(join(cwd, '.keyturn'))).toBe(false);
  });

  test.each(BROKEN)('%s refuses the start with a good secret below it', async (_, env, toml, code) => {
    const cwd = await folderWith({
      empty: '\n',
      'keyturn.toml': `[security.signing_secret]\n${toml}`,
      '.keyturn/secret': FIFTH,
    });
    await mkdir(join(cwd, 'folder'));
    expect((await refusalOn({ cwd, env: { ...DEV, ...env } })).code).toBe(code);
  });

  test.each(RUNGS.slice(0, 3))('a broken $rung is not saved by good sources below', async ({ kind }) => {
    const cwd = await folderWith({ ...RUNGS[1].files, ...RUNGS[3].files, ...RUNGS[4].files });
    const good = { ...DEV, ...RUNGS[1].env, ...RUNGS[2].env };
    const env =
      kind === 'variable'
        ? { ...good, [SECRET]: ' ' }
        : kind === 'file'
          ? { ...good, [FILE]: './missing' }
          : { ...DEV, [COMMAND]: '["false"]' };
    const resolution = await resolveOn({ cwd, env });
    expect(problemsOf(resolution, 'error')).toHaveLength(1);
    expect(resolution.keyring).toBeUndefined();
  });
});

describe('the refusal without a secret', () => {
  test('says what to set, and is told under every production signal alike', async () => {
    const error = await refusalOn({ env: PROD });
    expect(error.message).toBe(
      'no signing secret is configured, and production rules apply: KEYTURN_ENV is "prod"',
    );
    expect(error.hint).toBe(
      `set ${SECRET} to the output of "keyturn generate", or ${FILE} to a file that holds it`,
    );
  });

  test('companions alone are no secret', async () => {
    const error = await refusalOn({ env: { ...PROD, [`${SECRET}__PREVIOUS_SECRETS`]: OLDER } });
    expect(error.code).toBe('secret_missing');
  });
});
