import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeDocument } from '../../src/keyring/document.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import {
  COMING,
  expectNoLeak,
  FILE,
  folderWith,
  keysOf,
  kidOf,
  NEXT,
  OLDER,
  OLDEST,
  PREVIOUS,
  problemsOf,
  REVOKED,
  refusalOn,
  resolveOn,
  SECRET,
  STRONG,
  startOn,
} from '../support/machine.js';

const PROD = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };

describe('previous and next secrets', () => {
  test.each([
    ['comma-separated', `${OLDER},${OLDEST}`],
    ['comma-separated with spaces and a line end', ` ${OLDER} , ${OLDEST}\n`],
    ['JSON', JSON.stringify([OLDER, OLDEST])],
    ['JSON over several lines', ` [\n"${OLDER}",\n"${OLDEST}"\n]`],
  ])('from variables, %s: the past retires, the next deploy is staged', async (_, value) => {
    const previous = await resolveOn({ env: { ...PROD, [PREVIOUS]: value } });
    expect(previous.problems).toEqual([]);
    expect(keysOf(previous)).toEqual([`${STRONG}:active`, `${OLDER}:retiring`, `${OLDEST}:retiring`]);
    const next = await resolveOn({ env: { ...PROD, [NEXT]: value } });
    expect(next.problems).toEqual([]);
    expect(keysOf(next)).toEqual([`${STRONG}:active`, `${OLDER}:staged`, `${OLDEST}:staged`]);
  });

  test('from keyturn.toml, and a variable wins over it', async () => {
    const cwd = await folderWith({
      'keyturn.toml': `[security.signing_secret]\nprevious_secrets = ["${OLDER}"]\nnext_secrets = ["${COMING}"]`,
    });
    const env = { KEYTURN_ENV: 'dev', [SECRET]: STRONG };
    const resolution = await resolveOn({ cwd, env });
    expect(keysOf(resolution)).toEqual([`${STRONG}:active`, `${OLDER}:retiring`, `${COMING}:staged`]);
    const overridden = await resolveOn({ cwd, env: { ...env, [PREVIOUS]: OLDEST } });
    expect(keysOf(overridden)).toEqual([`${STRONG}:active`, `${OLDEST}:retiring`, `${COMING}:staged`]);
  });

  test('a secret with a comma in it fits into JSON', async () => {
    const withComma = `${OLDER},${OLDEST}`;
    const resolution = await resolveOn({ env: { ...PROD, [PREVIOUS]: JSON.stringify([withComma]) } });
    expect(keysOf(resolution)).toEqual([`${STRONG}:active`, `${withComma}:retiring`]);
  });

  test('beside an array they join its keys', async () => {
    const cwd = await folderWith({ key: JSON.stringify([STRONG, OLDER]) });
    const env = { KEYTURN_ENV: 'prod', [FILE]: 'key', [PREVIOUS]: OLDEST, [NEXT]: COMING };
    expect(keysOf(await resolveOn({ cwd, env }))).toEqual([
      `${STRONG}:active`,
      `${OLDER}:retiring`,
      `${OLDEST}:retiring`,
      `${COMING}:staged`,
    ]);
  });

  test('they only verify: tokens of the past are good, and new ones are signed by the active key', async () => {
    const before = await startOn({ env: { KEYTURN_ENV: 'prod', [SECRET]: OLDER } });
    const token = before.keyturn.signer('password-reset').sign('x');
    const { keyturn } = await startOn({ env: { ...PROD, [PREVIOUS]: OLDER } });
    const signer = keyturn.signer('password-reset');
    expect(signer.verify(token)).toMatchObject({ ok: true, kid: kidOf(OLDER), stale: true });
    expect(signer.verify(signer.sign('y'))).toMatchObject({ ok: true, kid: kidOf(STRONG), stale: false });
    const without = await startOn({ env: PROD });
    expect(without.keyturn.signer('password-reset').verify(token)).toMatchObject({
      ok: false,
      reason: 'unknown_key',
    });
  });

  test.each([
    [PREVIOUS, `${OLDER},`, 'config_invalid'],
    [PREVIOUS, `["${OLDER}"`, 'config_invalid'],
    [PREVIOUS, `["${OLDER}", 5]`, 'config_invalid'],
    [NEXT, `["${OLDER}", ""]`, 'config_invalid'],
    [NEXT, `["${OLDER}\\n${OLDER}"]`, 'secret_malformed'],
  ])('%s = %j is an error that names the variable and shows nothing', async (variable, value, code) => {
    const error = await refusalOn({ env: { ...PROD, [variable]: value } });
    expect(error.code).toBe(code);
    expect(error.message).toContain(variable);
    expectNoLeak([error], OLDER);
  });
});

describe('the same secret twice', () => {
  test.each([
    [
      'previous is the active one',
      { [PREVIOUS]: STRONG },
      [`${STRONG}:active`],
      `secret 1 of ${PREVIOUS}`,
      SECRET,
    ],
    [
      'next is the active one',
      { [NEXT]: ` ${STRONG} ` },
      [`${STRONG}:active`],
      `secret 1 of ${NEXT}`,
      SECRET,
    ],
    [
      'twice within one list',
      { [PREVIOUS]: `${OLDER},${OLDER}` },
      [`${STRONG}:active`, `${OLDER}:retiring`],
      `secret 2 of ${PREVIOUS}`,
      `secret 1 of ${PREVIOUS}`,
    ],
    [
      'in both lists',
      { [PREVIOUS]: OLDER, [NEXT]: OLDER },
      [`${STRONG}:active`, `${OLDER}:retiring`],
      `secret 1 of ${NEXT}`,
      `secret 1 of ${PREVIOUS}`,
    ],
  ])('%s: warned of, and counted once', async (_, env, keys, second, first) => {
    const resolution = await resolveOn({ env: { ...PROD, ...env } });
    expect(keysOf(resolution)).toEqual(keys);
    expect(problemsOf(resolution, 'error')).toEqual([]);
    expect(problemsOf(resolution, 'warning')).toEqual([
      `keyring_invalid: ${second} is the same secret as ${first} (keep each secret once)`,
    ]);
  });

  test('within an array', async () => {
    const cwd = await folderWith({ key: JSON.stringify([STRONG, OLDER, STRONG]) });
    const resolution = await resolveOn({ cwd, env: { KEYTURN_ENV: 'prod', [FILE]: 'key' } });
    expect(keysOf(resolution)).toEqual([`${STRONG}:active`, `${OLDER}:retiring`]);
    expect(problemsOf(resolution, 'warning')).toHaveLength(1);
  });
});

describe('revoked key ids', () => {
  test.each([
    ['comma-separated', `${kidOf(OLDER)}, AAAAAAAA`],
    ['JSON', JSON.stringify([kidOf(OLDER), 'AAAAAAAA'])],
  ])('%s: the keys are refused at once, configured or not, and the refusal can say so', async (_, value) => {
    const before = await startOn({ env: { KEYTURN_ENV: 'prod', [SECRET]: OLDER } });
    const token = before.keyturn.signer('password-reset').sign('x');
    const env = { ...PROD, [PREVIOUS]: OLDER, [REVOKED]: value };
    expect(keysOf(await resolveOn({ env }))).toEqual([
      `${STRONG}:active`,
      `${kidOf(OLDER)}:revoked`,
      'AAAAAAAA:revoked',
    ]);
    const { keyturn } = await startOn({ env });
    expect(keyturn.signer('password-reset').verify(token)).toMatchObject({
      ok: false,
      reason: 'revoked_key',
    });
  });

  test('from keyturn.toml', async () => {
    const cwd = await folderWith({
      'keyturn.toml': `[security.signing_secret]\nrevoked_kids = ["${kidOf(OLDER)}"]`,
    });
    expect(keysOf(await resolveOn({ cwd, env: PROD }))).toEqual([
      `${STRONG}:active`,
      `${kidOf(OLDER)}:revoked`,
    ]);
  });

  test('a staged key can be revoked', async () => {
    const env = { ...PROD, [NEXT]: COMING, [REVOKED]: kidOf(COMING) };
    expect(keysOf(await resolveOn({ env }))).toEqual([`${STRONG}:active`, `${kidOf(COMING)}:revoked`]);
  });

  test('revoking the key that signs is refused', async () => {
    const error = await refusalOn({ env: { ...PROD, [REVOKED]: kidOf(STRONG) } });
    expect(error).toMatchObject({
      code: 'keyring_invalid',
      message: `${REVOKED} revokes ${kidOf(STRONG)}, the key that signs`,
      hint: expect.stringContaining('new signing secret'),
    });
  });

  test.each(['short', 'waytoolong', 'a b c de', STRONG])('%j is no key id, and is not shown', async (kid) => {
    const error = await refusalOn({ env: { ...PROD, [REVOKED]: kid } });
    expect(error).toMatchObject({ code: 'keyring_invalid' });
    expect(error.message).toContain(REVOKED);
    expect(error.message).not.toContain(kid);
  });
});

describe('beside a keyring document', () => {
  const DOCUMENT = writeDocument(
    new Keyring([new Key(new Material(STRONG), 'active')], { id: 'ring', generation: 1 }),
  );

  test.each([
    ['previous', { [PREVIOUS]: OLDER }, PREVIOUS],
    ['next', { [NEXT]: COMING }, NEXT],
    ['revoked', { [REVOKED]: kidOf(OLDER) }, REVOKED],
  ])('%s are an error', async (_, env, named) => {
    const cwd = await folderWith({ ring: DOCUMENT });
    const error = await refusalOn({ cwd, env: { KEYTURN_ENV: 'prod', [FILE]: 'ring', ...env } });
    expect(error.code).toBe('keyring_with_companions');
    expect(error.message).toContain(named);
    expectNoLeak([error], OLDER);
  });

  test('so are those in keyturn.toml', async () => {
    const toml = `[security.signing_secret]\nfile = "ring"\nnext_secrets = ["${COMING}"]`;
    const cwd = await folderWith({ ring: DOCUMENT, 'keyturn.toml': toml });
    const error = await refusalOn({ cwd, env: { KEYTURN_ENV: 'dev' } });
    expect(error.code).toBe('keyring_with_companions');
    expect(error.message).toContain('keyturn.toml');
  });

  test('an empty list adds nothing, and is let pass', async () => {
    const cwd = await folderWith({ ring: DOCUMENT });
    const env = { KEYTURN_ENV: 'prod', [FILE]: 'ring', [PREVIOUS]: '[]' };
    expect((await resolveOn({ cwd, env })).problems).toEqual([]);
  });
});

describe('secrets in configuration files, in production', () => {
  const LISTS = ['previous_secrets', 'next_secrets'] as const;

  async function withToml(line: string, mode: number, name = 'keyturn.toml') {
    const cwd = await folderWith({ [name]: `[security.signing_secret]\n${line}` });
    await chmod(join(cwd, name), mode);
    return cwd;
  }

  test.each([0o600, 0o644])('the signing secret is refused, whatever the mode (%o)', async (mode) => {
    for (const name of ['keyturn.toml', 'keyturn.prod.toml']) {
      const cwd = await withToml(`secret = "${OLDER}"`, mode, name);
      for (const env of [{ KEYTURN_ENV: 'prod' }, PROD]) {
        const error = await refusalOn({ cwd, env });
        expect(error).toMatchObject({
          code: 'secret_in_config',
          message: `${name} holds the signing secret, which production refuses`,
        });
        expect(error.hint).toContain(SECRET);
        expectNoLeak([error], OLDER);
      }
    }
  });

  test('in development it is fine', async () => {
    const cwd = await withToml(`secret = "${STRONG}"`, 0o644);
    expect((await resolveOn({ cwd, env: { KEYTURN_ENV: 'dev' } })).problems).toEqual([]);
  });

  test.each(
    LISTS.flatMap((list) => [0o644, 0o640, 0o604, 0o660].map((mode) => ({ list, mode }))),
  )('$list are refused in a file that others can read ($mode)', async ({ list, mode }) => {
    const cwd = await withToml(`${list} = ["${OLDER}"]`, mode);
    const error = await refusalOn({ cwd, env: PROD });
    expect(error.code).toBe('secret_in_config');
    expect(error.message).toContain(list);
    expect(error.hint).toContain('chmod 600 keyturn.toml');
    expectNoLeak([error], OLDER);
  });

  test.each(
    LISTS.flatMap((list) => [0o600, 0o400].map((mode) => ({ list, mode }))),
  )('$list are taken from a file that only its owner can read ($mode)', async ({ list, mode }) => {
    const cwd = await withToml(`${list} = ["${OLDER}"]`, mode);
    const resolution = await resolveOn({ cwd, env: PROD });
    expect(resolution.problems).toEqual([]);
    expect(resolution.keyring?.keys).toHaveLength(2);
  });

  test('a variable above them does not make the open file any better', async () => {
    const cwd = await withToml(`previous_secrets = ["${OLDER}"]`, 0o644);
    expect((await refusalOn({ cwd, env: { ...PROD, [PREVIOUS]: OLDEST } })).code).toBe('secret_in_config');
  });

  test('an empty list gives nothing away', async () => {
    const cwd = await withToml('previous_secrets = []\nnext_secrets = []', 0o644);
    expect((await resolveOn({ cwd, env: PROD })).problems).toEqual([]);
  });

  test.each(LISTS)('%s in the program are refused', async (list) => {
    const error = await refusalOn({ env: PROD }, { security: { signing_secret: { [list]: [OLDER] } } });
    expect(error.code).toBe('secret_in_config');
    expect(error.message).toContain('the program');
    expectNoLeak([error], OLDER);
  });
});
