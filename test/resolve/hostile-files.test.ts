// Whatever lies where a file is expected, the doctor and every start come to an end: pipes, devices, files without end.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withLock } from '../../src/disk/lock.js';
import { readBounded } from '../../src/disk/read.js';
import { runDoctor } from '../../src/doctor/run.js';
import { FileRingStore } from '../../src/keyring-stores/file.js';
import { FILE, folderWith, machine, resolveOn, SECRET, STRONG, tempDir } from '../support/machine.js';

const OBSTACLES: Readonly<Record<string, (path: string) => void>> = {
  'a pipe that nobody writes to': (path) => void execFileSync('mkfifo', [path]),
  'a link to a device without end': (path) => symlinkSync('/dev/zero', path),
  'a link to a device that waits': (path) => symlinkSync('/dev/ptmx', path),
  'a file larger than the memory': (path) => {
    writeFileSync(path, '');
    truncateSync(path, 2 ** 40);
  },
  'a folder': (path) => mkdirSync(path),
  'a link that leads to itself': (path) => symlinkSync(path, path),
};

const NAMES = [
  'keyturn.toml',
  'keyturn.dev.toml',
  'keyturn.development.toml',
  '.env',
  '.env.local',
  'held',
  '.keyturn/secret',
  '.keyturn/keyring.json',
  '.keyturn/.gitignore',
  '.gitignore',
];

describe.runIf(process.platform !== 'win32').each(Object.entries(OBSTACLES))('%s', (_, place) => {
  test('stands in nobody’s way', async () => {
    for (const name of NAMES) {
      const cwd = await folderWith({ '.keyturn/.gitignore': '*\n' });
      rmSync(join(cwd, name), { force: true });
      place(join(cwd, name));
      const env =
        name === 'held' ? { [FILE]: 'held' } : name === '.keyturn/secret' ? {} : { [SECRET]: STRONG };
      const on = { cwd, env: { PATH: process.env.PATH, KEYTURN_ENV: 'dev', ...env } };
      const { checks } = await runDoctor(machine(on));
      expect(checks.length, name).toBeGreaterThan(10);
      const { problems } = await resolveOn(on);
      const wrong = problems.filter(({ severity }) => severity === 'error').map(({ error }) => error.code);
      const isRead = ['keyturn.toml', 'keyturn.dev.toml', 'held', '.keyturn/secret'].includes(name);
      if (isRead) expect(wrong, name).toEqual([expect.stringMatching(/^config_invalid|secret_unreadable$/)]);
    }
  });

  test('is no keyring, and is left where it is', async () => {
    const folder = tempDir();
    const path = join(folder, 'keyring.json');
    place(path);
    const store = new FileRingStore(path, 0, Date.now);
    await expect(store.read()).rejects.toMatchObject({ name: 'KeyturnError' });
    await expect(store.change((ring) => ring)).rejects.toMatchObject({ name: 'KeyturnError' });
    expect(readdirSync(folder)).toEqual(['keyring.json']);
    await expect(readBounded(path, 100)).rejects.toMatchObject({ code: expect.stringMatching(/^E[A-Z]+$/) });
  });
});

test('what grows while it is read, and does not tell its size, is read up to the bound', async () => {
  const path = join(tempDir(), 'a');
  writeFileSync(path, 'x'.repeat(100));
  expect((await readBounded(path, 100)).length).toBe(100);
  await expect(readBounded(path, 99)).rejects.toMatchObject({ code: 'EFBIG' });
  if (process.platform === 'linux') {
    expect((await readBounded('/proc/self/status', 100_000)).toString()).toContain('Name:');
    await expect(readBounded('/proc/self/status', 10)).rejects.toMatchObject({ code: 'EFBIG' });
  }
});

test.runIf(process.platform !== 'win32')(
  'a pipe in the place of a lock does not hold its holder up',
  async () => {
    const path = join(tempDir(), 'keyring.json');
    const found = await withLock(path, async ({ stillMine }) => {
      rmSync(`${path}.lock`);
      execFileSync('mkfifo', [`${path}.lock`]);
      return await stillMine();
    });
    expect(found).toBe(false);
  },
);
