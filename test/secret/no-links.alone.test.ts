// Some file systems (FAT, many network and container mounts) know no hard links.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { thisProcess } from '../../src/disk/identity.js';
import { createDevelopmentSecret } from '../../src/secret/development.js';
import { folderWith, STRONG, tempDir } from '../support/machine.js';

const { linked } = vi.hoisted(() => ({ linked: vi.fn() }));

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  linkSync: linked,
}));

beforeEach(() => {
  linked.mockReset();
  linked.mockImplementation(() => {
    throw Object.assign(new Error('no links here'), { code: 'EPERM' });
  });
});

describe('a development secret on a file system without links', () => {
  test('many that start still agree, and none sees half a secret', () => {
    for (let round = 0; round < 20; round++) {
      const dataDir = join(tempDir(), '.keyturn');
      const made = Array.from({ length: 8 }, () => createDevelopmentSecret(dataDir));
      expect(new Set(made.map(({ text }) => text.trim())).size).toBe(1);
      expect(made.filter(({ created }) => created)).toHaveLength(1);
      expect(readdirSync(dataDir).sort()).toEqual(['.gitignore', 'secret']);
      expect(statSync(join(dataDir, 'secret')).mode & 0o777).toBe(0o600);
    }
    expect(linked).toHaveBeenCalled();
  });

  test('one that is there is never replaced', async () => {
    const dataDir = await folderWith({ secret: STRONG });
    expect(createDevelopmentSecret(dataDir)).toMatchObject({ text: STRONG, created: false });
    expect(readFileSync(join(dataDir, 'secret'), 'utf8')).toBe(STRONG);
    expect(readdirSync(dataDir).sort()).toEqual(['.gitignore', 'secret']);
  });

  test('a lock that a killed start left behind is broken', async () => {
    const dataDir = tempDir();
    const { pid } = spawnSync(process.execPath, ['--version']);
    await writeFile(join(dataDir, 'secret.lock'), JSON.stringify({ ...thisProcess(), pid, mark: 'dead' }));
    expect(createDevelopmentSecret(dataDir)).toMatchObject({ created: true });
    expect(readdirSync(dataDir).sort()).toEqual(['.gitignore', 'secret']);
  });

  test('a lock that is held is an error that says so, not a wait without end', async () => {
    const dataDir = tempDir();
    const held = JSON.stringify({ ...thisProcess(), mark: 'mine' });
    await writeFile(join(dataDir, 'secret.lock'), held);
    // Waiting for a lock takes a moment here, not seconds.
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000));
    expect(() => createDevelopmentSecret(dataDir)).toThrow(
      expect.objectContaining({ code: 'keyring_locked' }),
    );
    clock.mockRestore();
    expect(readdirSync(dataDir).sort()).toEqual(['.gitignore', 'secret.lock']);
  });

  test('another failure is told, and leaves no draft behind', () => {
    linked.mockImplementation(() => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    });
    const dataDir = tempDir();
    expect(() => createDevelopmentSecret(dataDir)).toThrow(
      expect.objectContaining({
        code: 'dev_secret_unwritable',
        message: expect.stringContaining('ENOSPC'),
      }),
    );
    expect(readdirSync(dataDir)).toEqual([]);
  });
});
