// keyturn doctor --wordlist FILE: streamed, bounded, and what it finds is told by key id alone.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runDoctor } from '../../src/doctor/run.js';
import { searchWordlist } from '../../src/doctor/wordlist.js';
import { Key, Material } from '../../src/keyring/key.js';
import {
  COMING,
  folderWith,
  kidOf,
  machine,
  NEXT,
  OLDER,
  PREVIOUS,
  SECRET,
  STRONG,
  tempDir,
} from '../support/machine.js';

const key = (secret: string) => new Key(new Material(secret), 'active');
const line = (n: number) => createHash('sha256').update(`${n}`).digest('base64');

async function found(content: string | Uint8Array, secret = STRONG): Promise<readonly string[]> {
  const cwd = await folderWith({ list: content });
  return [...(await searchWordlist(join(cwd, 'list'), 'list', [key(secret)])).found];
}

describe('a secret is found', () => {
  test.each([
    ['alone', STRONG],
    ['among others', `password\n${STRONG}\nletmein\n`],
    ['with line ends of Windows', `password\r\n${STRONG}\r\n`],
    ['in capitals', `${STRONG.toUpperCase()}\n`],
    ['with separators', `${(STRONG.match(/.{8}/g) ?? []).join('-')}\n`],
    ['behind a line that is no text', Buffer.concat([Buffer.from([0xff, 0, 0xfe, 10]), Buffer.from(STRONG)])],
    ['behind a line that is too long', `${'x'.repeat(3_000_000)}\n${STRONG}\n`],
    ['across the border of two chunks', `${'y'.repeat(1024 * 1024 - 10)}\n${STRONG}\n`],
  ])('%s', async (_, content) => {
    expect(await found(content)).toEqual([kidOf(STRONG)]);
  });

  test.each([
    ['an empty list', ''],
    ['a part of it', STRONG.slice(1)],
    ['a longer one', `a${STRONG}`],
    ['a line too long that holds it', 'x'.repeat(5000) + STRONG],
  ])('but not by %s', async (_, content) => {
    expect(await found(content)).toEqual([]);
  });

  test('of symbols alone, too', async () => {
    const symbols = '!#$%&()*+,-./:;<=>?@[]^_{|}~!!##$$';
    expect(await found(`${symbols}\n`, symbols)).toEqual([kidOf(symbols)]);
    expect(await found('%%%%\n', symbols)).toEqual([]);
  });
});

test('four times the list takes about four times as long', async () => {
  const cwd = tempDir();
  const cpu = async (lines: number) => {
    const path = join(cwd, `list-${lines}`);
    writeFileSync(path, Array.from({ length: lines }, (_, n) => line(n)).join('\n'));
    const before = process.cpuUsage();
    expect((await searchWordlist(path, 'list', [key(STRONG)])).lines).toBe(lines);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  await cpu(10_000);
  const [once, four] = [await cpu(20_000), await cpu(80_000)];
  expect(four / once).toBeLessThan(12);
});

test.skipIf(process.platform === 'win32')('what need not end is refused at once', async () => {
  const cwd = tempDir();
  execFileSync('mkfifo', [join(cwd, 'pipe')]);
  for (const name of [join(cwd, 'pipe'), '/dev/zero', cwd, join(cwd, 'missing')]) {
    await expect(searchWordlist(name, 'the list', [key(STRONG)])).rejects.toMatchObject({
      code: 'wordlist_unreadable',
      message: expect.stringContaining('the list'),
    });
  }
});

describe('the doctor', () => {
  const env = { KEYTURN_ENV: 'prod', [SECRET]: STRONG, [PREVIOUS]: OLDER };
  const report = async (list: string, more: Record<string, string> = {}) => {
    const cwd = await folderWith({ list });
    const { checks } = await runDoctor(machine({ cwd, env: { ...env, ...more } }), undefined, {
      wordlist: 'list',
    });
    expect(JSON.stringify(checks)).not.toContain(STRONG);
    expect(JSON.stringify(checks)).not.toContain(OLDER);
    return (name: string) => checks.find((check) => check.name === name);
  };

  test('fails the key that signs, and the others in the keyring', async () => {
    const check = await report(`letmein\n${STRONG}\n${OLDER}\n`);
    expect(check('signing_secret')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(`the secret of the key ${kidOf(STRONG)} is in list`),
    });
    expect(check('keyring')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(kidOf(OLDER)),
    });
  });

  test('says what it has looked through where nothing is found', async () => {
    const check = await report('letmein\nhunter2\n');
    expect(check('signing_secret')?.status).toBe('pass');
    expect(check('keyring')?.detail).toContain('no secret is in list (2 lines)');
  });

  test('warns in development, and finds staged keys', async () => {
    const check = await report(`${STRONG}\n`, { KEYTURN_ENV: 'dev', [SECRET]: COMING, [NEXT]: STRONG });
    expect(check('keyring')).toMatchObject({ status: 'warn' });
  });

  test('repeats what was typed only where something is there', async () => {
    const run = async (wordlist: string) => {
      const cwd = await folderWith({ 'folder/file': '' });
      return await runDoctor(machine({ cwd, env }), undefined, { wordlist });
    };
    const refused = (message: string) => ({ code: 'wordlist_unreadable', message });
    await expect(run(OLDER)).rejects.toMatchObject(
      refused('the word list that --wordlist names cannot be read (ENOENT)'),
    );
    await expect(run('folder')).rejects.toMatchObject(
      refused('the word list folder cannot be read (it is not a file)'),
    );
  });
});
