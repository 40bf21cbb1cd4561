import { chmod, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
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
  OLDER,
  OLDEST,
  problemsOf,
  refusalOn,
  resolveOn,
  SECRET,
  STRONG,
  tempDir,
} from '../support/machine.js';

const PROD = { KEYTURN_ENV: 'prod' };

const DOCUMENT = writeDocument(
  new Keyring(
    [
      new Key(new Material(COMING), 'staged'),
      new Key(new Material(STRONG), 'active'),
      new Key(new Material(OLDER), 'retiring'),
    ],
    { id: 'ring', generation: 3 },
  ),
);

async function fromFile(content: string | Uint8Array) {
  const cwd = await folderWith({ key: content });
  return await resolveOn({ cwd, env: { ...PROD, [FILE]: join(cwd, 'key') } });
}

describe('what the file can hold', () => {
  test.each([
    ['one line', STRONG],
    ['a line end', `${STRONG}\n`],
    ['a Windows line end', `${STRONG}\r\n`],
    ['a byte-order mark', `\uFEFF${STRONG}`],
    ['a byte-order mark and line ends', `\uFEFF${STRONG}\r\n\r\n`],
    ['spaces and tabs around', `\t ${STRONG} \t\n`],
  ])('a secret with %s is the same secret', async (_, content) => {
    const resolution = await fromFile(content);
    expect(resolution.problems).toEqual([]);
    expect(resolution.source).toMatchObject({ kind: 'file', format: 'secret' });
    expect(keysOf(resolution)).toEqual([`${STRONG}:active`]);
  });

  test.each([
    ['plain', JSON.stringify([STRONG, OLDER, OLDEST])],
    ['over several lines', `\n[\r\n  "${STRONG}",\n  "${OLDER}", "${OLDEST}"\n]\n`],
    ['with a byte-order mark', `\uFEFF["${STRONG}","${OLDER}","${OLDEST}"]`],
    ['with spaces inside the texts', `[" ${STRONG}","${OLDER}\\n","${OLDEST}"]`],
  ])('an array, %s: the first signs, the others verify', async (_, content) => {
    const resolution = await fromFile(content);
    expect(resolution.problems).toEqual([]);
    expect(resolution.source).toMatchObject({ format: 'array' });
    expect(keysOf(resolution)).toEqual([`${STRONG}:active`, `${OLDER}:retiring`, `${OLDEST}:retiring`]);
  });

  test.each([
    ['plain', DOCUMENT],
    ['with a byte-order mark', `\uFEFF${DOCUMENT}`],
    ['on one line', JSON.stringify(JSON.parse(DOCUMENT))],
  ])('a keyring document, %s: its states are taken as they are', async (_, content) => {
    const resolution = await fromFile(content);
    expect(resolution.problems).toEqual([]);
    expect(resolution.source).toMatchObject({ format: 'document' });
    expect(keysOf(resolution)).toEqual([`${COMING}:staged`, `${STRONG}:active`, `${OLDER}:retiring`]);
    expect(resolution.keyring).toMatchObject({ id: 'ring', generation: 3 });
  });

  test('the same secret has the same key id in all three', async () => {
    const kids = await Promise.all(
      [STRONG, `["${STRONG}"]`, DOCUMENT].map(async (text) => (await fromFile(text)).keyring?.active.id),
    );
    expect(new Set(kids).size).toBe(1);
  });
});

describe('what it must not hold', () => {
  test.each([
    ['nothing', '', 'secret_empty'],
    ['line ends alone', '\r\n\n', 'secret_empty'],
    ['a byte-order mark alone', '\uFEFF\n', 'secret_empty'],
    ['two lines', `${STRONG}\n${OLDER}\n`, 'secret_malformed'],
    ['a NUL inside', `${STRONG}\0${OLDER}`, 'secret_malformed'],
    ['a tab inside', `${STRONG}\t${OLDER}`, 'secret_malformed'],
    ['an escape sequence', `\u001b[31m${STRONG}`, 'secret_malformed'],
    [
      'bytes that are not UTF-8',
      Buffer.concat([Buffer.from(STRONG), Buffer.of(0xff, 0xfe)]),
      'secret_malformed',
    ],
    ['UTF-16', Buffer.from(`\uFEFF${STRONG}`, 'utf16le'), 'secret_malformed'],
    ['an array that is cut off', `["${STRONG}", "${OLDER}`, 'secret_malformed'],
    ['an empty array', '[]', 'secret_empty'],
    ['an array with an empty text', `["${STRONG}",""]`, 'secret_empty'],
    ['an array with a number', `["${STRONG}",1]`, 'secret_malformed'],
    ['an array of arrays', `[["${STRONG}"]]`, 'secret_malformed'],
    ['an array with a line end inside a secret', `["${STRONG}\\n${OLDER}"]`, 'secret_malformed'],
    ['an array with half of a surrogate pair', `["${STRONG}\\ud800"]`, 'secret_malformed'],
    ['an object that is no document', `{"secret":"${STRONG}"}`, 'document_invalid'],
    ['a document that is cut off', DOCUMENT.slice(0, -20), 'document_invalid'],
    ['a document of a newer version', DOCUMENT.replace('"keyturn": 1', '"keyturn": 2'), 'document_version'],
  ])('%s', async (_, content, code) => {
    const resolution = await fromFile(content);
    expect(problemsOf(resolution, 'error')).toEqual([expect.stringMatching(new RegExp(`^${code}: `))]);
    expect(resolution.keyring).toBeUndefined();
    const [problem] = resolution.problems;
    expect(problem?.error.message).toContain(FILE);
    expectNoLeak([problem?.error], STRONG);
    expectNoLeak([problem?.error], OLDER);
  });

  test.each([
    ['keyring.json', []],
    ['ring', ['ring.fleet/a.json']],
  ] as const)('a document (%s) that is empty or gone is to be restored, and nothing put in its place', async (name, beside) => {
    const files = Object.fromEntries(beside.map((file) => [file, '']));
    for (const content of [{ [name]: ' \n' }, {}]) {
      const cwd = await folderWith({ ...files, ...content, 'other.txt': '' });
      const { problems } = await resolveOn({ cwd, env: { KEYTURN_ENV: 'dev', [FILE]: join(cwd, name) } });
      const [hint] = problems.map(({ error }) => error.hint);
      expect(hint).toContain('restore it from a copy');
      expect(hint).not.toMatch(/generate|create|remove/);
    }
  });

  test('more than 1 MiB, of which no more is read', async () => {
    const cwd = await folderWith({ key: '' });
    await truncate(join(cwd, 'key'), 1024 * 1024 + 1);
    expect(await refusalOn({ cwd, env: { ...PROD, [FILE]: 'key' } })).toMatchObject({
      code: 'secret_unreadable',
      message: expect.stringContaining('EFBIG'),
      hint: expect.stringContaining('1 MiB'),
    });
  });

  test.skipIf(process.platform === 'win32')('a device without end is not read to its end', async () => {
    expect(await refusalOn({ env: { ...PROD, [FILE]: '/dev/zero' } })).toMatchObject({
      code: 'secret_unreadable',
      message: expect.stringContaining('EFTYPE'),
    });
  });

  test('exactly 1 MiB is fine', async () => {
    const resolution = await fromFile(`${STRONG}${' '.repeat(1024 * 1024 - STRONG.length)}`);
    expect(keysOf(resolution)).toEqual([`${STRONG}:active`]);
  });
});

describe('how it is found', () => {
  test('a relative path counts from the folder of the app', async () => {
    const cwd = await folderWith({ 'run/secrets/key': STRONG });
    for (const path of ['run/secrets/key', './run/secrets/key', 'run/../run/secrets/key']) {
      expect(keysOf(await resolveOn({ cwd, env: { ...PROD, [FILE]: path } }))).toEqual([`${STRONG}:active`]);
    }
  });

  test('a link is followed, as Kubernetes mounts a secret', async () => {
    const cwd = await folderWith({ '..2026_11_20/key': STRONG });
    await symlink('..2026_11_20', join(cwd, '..data'));
    await symlink('..data/key', join(cwd, 'key'));
    expect(keysOf(await resolveOn({ cwd, env: { ...PROD, [FILE]: 'key' } }))).toEqual([`${STRONG}:active`]);
  });

  test('keyturn.toml can name it, in production too', async () => {
    const cwd = await folderWith({ 'keyturn.toml': '[security.signing_secret]\nfile = "key"', key: STRONG });
    expect(keysOf(await resolveOn({ cwd, env: PROD }))).toEqual([`${STRONG}:active`]);
  });

  test('a folder in its place is told as such', async () => {
    const cwd = tempDir();
    await mkdir(join(cwd, 'key'));
    expect(await refusalOn({ cwd, env: { ...PROD, [FILE]: 'key' } })).toMatchObject({
      code: 'secret_unreadable',
      message: `the file ${join(cwd, 'key')} (from ${FILE}) cannot be read (EISDIR)`,
      hint: expect.stringContaining('not its folder'),
    });
  });

  test('a file on the way in place of a folder is told as such', async () => {
    const cwd = await folderWith({ key: STRONG });
    expect(await refusalOn({ cwd, env: { ...PROD, [FILE]: 'key/inside' } })).toMatchObject({
      code: 'secret_unreadable',
      message: expect.stringContaining('ENOTDIR'),
    });
  });

  test('a missing file is told by its path', async () => {
    const cwd = await folderWith({ 'run/other': '' });
    expect(await refusalOn({ cwd, env: { ...PROD, [FILE]: 'run/secrets/key' } })).toMatchObject({
      code: 'secret_unreadable',
      message: `the file ${join(cwd, 'run/secrets/key')} (from ${FILE}) cannot be read (ENOENT)`,
    });
  });

  test.skipIf(process.getuid?.() === 0)('a file without permission is told as such', async () => {
    const cwd = await folderWith({ key: STRONG });
    await chmod(join(cwd, 'key'), 0o000);
    expect(await refusalOn({ cwd, env: { ...PROD, [FILE]: 'key' } })).toMatchObject({
      code: 'secret_unreadable',
      message: expect.stringContaining('EACCES'),
      hint: expect.stringContaining('let the user that runs this process read it'),
    });
  });

  test.each([
    ['in hex', STRONG],
    ['in base64 with slashes', 'q/8Zk2+vB/0xW1tYp3n/Rr5uLd7mHs9eJc4gTa6bF+I='],
    ['beginning like an absolute path', '/q8Zk2vB/0xW1tYp3n/Rr5uLd7mHs9eJc4gTa6bFI'],
    ['longer than any name', STRONG.repeat(8)],
  ])('a secret %s put there by mistake is not repeated as a path', async (_, secret) => {
    const error = await refusalOn({ env: { ...PROD, [FILE]: secret } });
    expect(error.code).toBe('secret_unreadable');
    expect(error.message).toContain(FILE);
    expect(error.hint).toMatch(new RegExp(`${SECRET}$`));
    expectNoLeak([error], secret);
  });

  test('what no path can be is refused before anything is read, and not repeated', async () => {
    const secret = `${STRONG}\0${OLDER}`;
    const error = await refusalOn({ env: { ...PROD, [FILE]: secret } });
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain(FILE);
    expectNoLeak([error], secret);
  });

  test('it is read anew at each start', async () => {
    const cwd = await folderWith({ key: STRONG });
    const env = { ...PROD, [FILE]: 'key' };
    await resolveOn({ cwd, env });
    await writeFile(join(cwd, 'key'), OLDER);
    expect(keysOf(await resolveOn({ cwd, env }))).toEqual([`${OLDER}:active`]);
  });
});
