import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  expectNoLeak,
  folderWith,
  kidOf,
  OLDER,
  problemsOf,
  refusalOn,
  resolveOn,
  STRONG,
  startOn,
  tempDir,
} from '../support/machine.js';

const DEV = { KEYTURN_ENV: 'dev' };
const EPHEMERAL = '[security.signing_secret]\ndev_secret = "ephemeral"';

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

/** The id of the key that a start in this folder signs with. */
async function startedKid(cwd: string, env: Record<string, string> = DEV): Promise<string> {
  const { keyturn } = await startOn({ cwd, env });
  return keyturn.keyring.keys[0]?.id as string;
}

describe('the first start in development', () => {
  test('makes a secret of 64 random bytes in hex, which only its owner can read', async () => {
    const cwd = tempDir();
    const kid = await startedKid(cwd);
    const stored = readFileSync(join(cwd, '.keyturn/secret'), 'utf8');
    expect(stored).toMatch(/^[0-9a-f]{128}\n$/);
    expect(kidOf(stored.trim())).toBe(kid);
    expect(mode(join(cwd, '.keyturn/secret'))).toBe(0o600);
    expect(mode(join(cwd, '.keyturn'))).toBe(0o700);
  });

  test('leaves nothing else behind than the secret and an ignore rule for the whole folder', async () => {
    const cwd = tempDir();
    await startedKid(cwd);
    expect(readdirSync(cwd)).toEqual(['.keyturn']);
    expect(readdirSync(join(cwd, '.keyturn')).sort()).toEqual(['.gitignore', 'secret']);
    expect(readFileSync(join(cwd, '.keyturn/.gitignore'), 'utf8')).toBe('*\n');
  });

  test('says so in one line that does not show it', async () => {
    const cwd = tempDir();
    const { log } = await startOn({ cwd, env: DEV });
    const stored = readFileSync(join(cwd, '.keyturn/secret'), 'utf8').trim();
    const lines = log.filter(({ facts }) => facts.event === 'secret.created');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.message).toContain(join(cwd, '.keyturn', 'secret'));
    expect(JSON.stringify(log)).not.toContain(stored.slice(0, 16));
  });

  test('gives every folder another secret', async () => {
    expect(await startedKid(tempDir())).not.toBe(await startedKid(tempDir()));
  });
});

describe('a later start', () => {
  test('signs with the same key, verifies what was signed before, and does not speak of making one', async () => {
    const cwd = tempDir();
    const first = await startOn({ cwd, env: DEV });
    const token = first.keyturn.signer('password-reset').sign({ user: 1 });
    const second = await startOn({ cwd, env: DEV });
    expect(second.keyturn.signer('password-reset').verify(token)).toMatchObject({ ok: true });
    expect(second.keyturn.keyring.fingerprint).toBe(first.keyturn.keyring.fingerprint);
    expect(second.log.filter(({ facts }) => facts.event === 'secret.created')).toEqual([]);
  });

  test('takes a secret that somebody wrote there', async () => {
    const cwd = await folderWith({ '.keyturn/secret': `${STRONG}\r\n` });
    expect(await startedKid(cwd)).toBe(kidOf(STRONG));
  });

  test('keeps an ignore file that is there', async () => {
    const cwd = await folderWith({ '.keyturn/.gitignore': 'secret\n' });
    await startedKid(cwd);
    expect(readFileSync(join(cwd, '.keyturn/.gitignore'), 'utf8')).toBe('secret\n');
  });

  test.each([
    ['empty', '', 'secret_empty'],
    ['blank', ' \n', 'secret_empty'],
    ['only a byte-order mark', '\uFEFF', 'secret_empty'],
    ['two lines', `${OLDER}\n${STRONG}`, 'secret_malformed'],
    ['not UTF-8', Buffer.concat([Buffer.from(STRONG), Buffer.from([0xff])]), 'secret_malformed'],
    ['JSON', `["${STRONG}"]`, 'secret_malformed'],
  ])('refuses one that is %s, and makes no other', async (_, content, code) => {
    const cwd = await folderWith({ '.keyturn/secret': content });
    const error = await refusalOn({ cwd, env: DEV });
    expect(error.code).toBe(code);
    expect(error.message).toContain('.keyturn/secret');
    expectNoLeak([error], STRONG);
    expect(readFileSync(join(cwd, '.keyturn/secret'))).toEqual(Buffer.from(content));
    expect(readdirSync(join(cwd, '.keyturn'))).toEqual(['secret']);
  });

  test('refuses a folder in its place', async () => {
    const cwd = tempDir();
    await mkdir(join(cwd, '.keyturn/secret'), { recursive: true });
    expect(await refusalOn({ cwd, env: DEV })).toMatchObject({
      code: 'secret_unreadable',
      message: expect.stringContaining('EISDIR'),
    });
  });

  test('refuses a link to nowhere, even when it may not create anything', async () => {
    const cwd = await folderWith({ '.keyturn/.gitignore': '*\n' });
    await symlink(join(cwd, 'gone'), join(cwd, '.keyturn/secret'));
    for (const create of [true, false]) {
      expect(problemsOf(await resolveOn({ cwd, env: DEV }, { create }), 'error')).toEqual([
        expect.stringMatching(/^secret_unreadable: .*ENOENT/),
      ]);
    }
  });

  test.skipIf(process.getuid?.() === 0)('refuses one that it may not read', async () => {
    const cwd = await folderWith({ '.keyturn/secret': STRONG });
    await chmod(join(cwd, '.keyturn/secret'), 0o000);
    expect((await refusalOn({ cwd, env: DEV })).code).toBe('secret_unreadable');
  });
});

describe('where it is kept', () => {
  test('KEYTURN_DATA_DIR moves it, made with all folders above it', async () => {
    const cwd = tempDir();
    const elsewhere = join(tempDir(), 'deep', 'er');
    const env = { ...DEV, KEYTURN_DATA_DIR: elsewhere };
    const kid = await startedKid(cwd, env);
    expect(readdirSync(cwd)).toEqual([]);
    expect(mode(join(elsewhere, 'secret'))).toBe(0o600);
    expect(await startedKid(tempDir(), env)).toBe(kid);
  });

  test('a relative KEYTURN_DATA_DIR counts from the folder of the app', async () => {
    const cwd = tempDir();
    await startedKid(cwd, { ...DEV, KEYTURN_DATA_DIR: 'var/data' });
    expect(readdirSync(join(cwd, 'var/data')).sort()).toEqual(['.gitignore', 'secret']);
  });

  test('a blank KEYTURN_DATA_DIR is refused, and no folder of such a name is made', async () => {
    for (const KEYTURN_DATA_DIR of ['', '  ']) {
      const cwd = tempDir();
      expect((await refusalOn({ cwd, env: { ...DEV, KEYTURN_DATA_DIR } })).code).toBe('config_invalid');
      expect(readdirSync(cwd)).toEqual([]);
    }
  });

  test('dev_secret = "ephemeral" keeps it in memory: another one with each start', async () => {
    const cwd = await folderWith({ 'keyturn.toml': EPHEMERAL });
    const { keyturn, log } = await startOn({ cwd, env: DEV });
    expect(await startedKid(cwd)).not.toBe(keyturn.keyring.keys[0]?.id);
    expect(readdirSync(cwd)).toEqual(['keyturn.toml']);
    expect(log.find(({ facts }) => facts.event === 'secret.created')?.message).toContain('in memory');
  });

  test.each([
    ['by default', ''],
    [
      'even where a file says "persisted" for development',
      '[security.signing_secret]\ndev_secret = "persisted"',
    ],
  ])('the test profile keeps it in memory %s', async (_, toml) => {
    const cwd = await folderWith({ 'keyturn.toml': toml });
    const env = { KEYTURN_ENV: 'test' };
    expect(await startedKid(cwd, env)).not.toBe(await startedKid(cwd, env));
    expect(readdirSync(cwd)).toEqual(['keyturn.toml']);
  });

  test('production neither reads nor makes one', async () => {
    const cwd = await folderWith({ '.keyturn/secret': STRONG });
    expect((await refusalOn({ cwd, env: { KEYTURN_ENV: 'prod' } })).code).toBe('secret_missing');
    const empty = tempDir();
    await refusalOn({ cwd: empty, env: { KEYTURN_ENV: 'prod' } });
    expect(readdirSync(empty)).toEqual([]);
  });

  test('who only looks makes nothing', async () => {
    const cwd = tempDir();
    const resolution = await resolveOn({ cwd, env: DEV }, { create: false });
    expect(resolution).toMatchObject({ source: undefined, keyring: undefined, problems: [] });
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('a data folder that cannot be made is a clear error with three ways out', async () => {
    const cwd = await folderWith({ occupied: 'a file' });
    const error = await refusalOn({ cwd, env: { ...DEV, KEYTURN_DATA_DIR: 'occupied/data' } });
    expect(error.code).toBe('dev_secret_unwritable');
    expect(error.message).toContain(join(cwd, 'occupied/data'));
    expect(error.message).toContain('ENOTDIR');
    for (const way of ['writable', 'KEYTURN_DATA_DIR', 'dev_secret = "ephemeral"']) {
      expect(error.hint).toContain(way);
    }
  });

  test.skipIf(process.getuid?.() === 0)('so is one that cannot be written to', async () => {
    const cwd = tempDir();
    await mkdir(join(cwd, '.keyturn'));
    await chmod(join(cwd, '.keyturn'), 0o500);
    expect(await refusalOn({ cwd, env: DEV })).toMatchObject({
      code: 'dev_secret_unwritable',
      message: expect.stringContaining('EACCES'),
    });
  });
});
