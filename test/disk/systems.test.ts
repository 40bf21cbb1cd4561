// What differs between operating systems: docs/platforms.md.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bitsOfOthers } from '../../src/disk/modes.js';
import { renameInto } from '../../src/disk/rename.js';

let folder: string;
let paths: readonly [string, string];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-test-'));
  paths = [join(folder, 'new'), join(folder, 'old')];
  writeFileSync(paths[0], 'new');
  writeFileSync(paths[1], 'old');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Renames after so many refusals, as Windows gives them while somebody reads the file. */
function refusing(times: number, code: string) {
  const calls = { left: times, made: 0 };
  const move = (async (from, to) => {
    calls.made++;
    if (calls.left-- > 0) throw Object.assign(new Error(code), { code });
    await rename(from, to);
  }) as typeof rename;
  return { calls, move };
}

describe('putting a file into the place of another', () => {
  test.each(['EPERM', 'EACCES', 'EBUSY'])('on Windows waits until nobody has it open: %s', async (code) => {
    const { calls, move } = refusing(3, code);
    await renameInto(...paths, 'win32', move);
    expect(readFileSync(paths[1], 'utf8')).toBe('new');
    expect(calls.made).toBe(4);
  });

  test('on Windows does not wait for ever, and loses nothing', async () => {
    const { move } = refusing(Number.POSITIVE_INFINITY, 'EBUSY');
    await expect(renameInto(...paths, 'win32', move)).rejects.toMatchObject({ code: 'EBUSY' });
    expect([readFileSync(paths[0], 'utf8'), readFileSync(paths[1], 'utf8')]).toEqual(['new', 'old']);
  });

  test.each(['linux', 'darwin'] as const)('on %s says at once what is wrong', async (system) => {
    const { calls, move } = refusing(1, 'EACCES');
    await expect(renameInto(...paths, system, move)).rejects.toMatchObject({ code: 'EACCES' });
    expect(calls.made).toBe(1);
  });

  test('a full disk is told at once, on Windows too', async () => {
    const { calls, move } = refusing(1, 'ENOSPC');
    await expect(renameInto(...paths, 'win32', move)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(calls.made).toBe(1);
  });
});

test.each([
  ['linux', 0o600, 0],
  ['linux', 0o640, 0o040],
  ['darwin', 0o604, 0o004],
  ['win32', 0o666, 0],
] as const)('on %s the mode %o gives others %o', (system, mode, others) => {
  expect(bitsOfOthers(mode, system)).toBe(others);
});
