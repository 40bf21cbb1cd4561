// Files are written whole or not at all, and stay whose they were.
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { replaceFile, writeInformation } from '../../src/disk/files.js';
import { writeNewFile } from '../../src/disk/new-file.js';
import { Keyring } from '../../src/keyring/keyring.js';
import type { RingChange } from '../../src/keyring-stores/contract.js';
import { FileRingStore } from '../../src/keyring-stores/file.js';
import { STRONG } from '../support/machine.js';
import { documentOf, newFolder } from '../support/ring-file.js';
import { runScript } from '../support/script.js';

const yes = async () => true;
const root = process.getuid?.() === 0;

function file(text = 'old', mode = 0o600): string {
  const path = join(realpathSync(newFolder()), 'keyring.json');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe('replaceFile', () => {
  test.each([0o600, 0o640, 0o644, 0o400, 0o666])('keeps the mode %o', async (mode) => {
    const path = file('old', mode);
    const before = process.umask(0o077);
    try {
      expect(await replaceFile(path, 'new', yes)).toBe(true);
    } finally {
      process.umask(before);
    }
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(modeOf(path)).toBe(mode.toString(8));
    expect(readdirSync(dirname(path))).toEqual(['keyring.json']);
  });

  test.skipIf(!root)('keeps the owner', async () => {
    const path = file('old', 0o640);
    chownSync(path, 65534, 12345);
    await replaceFile(path, 'new', yes);
    expect(statSync(path)).toMatchObject({ uid: 65534, gid: 12345 });
    expect(modeOf(path)).toBe('640');
  });

  test.skipIf(!root)('refuses where the owner would change, and leaves nothing behind', async () => {
    const path = file('old', 0o644);
    const folder = dirname(path);
    chmodSync(folder, 0o777);
    const body = `
    const { replaceFile } = await import(${JSON.stringify(pathToFileURL(join(process.cwd(), 'dist/disk/files.js')).href)});
    const { FileRingStore } = await import(${JSON.stringify(pathToFileURL(join(process.cwd(), 'dist/keyring-stores/file.js')).href)});
    process.setgid(65534); process.setuid(65534);
    const path = ${JSON.stringify(path)};
    await replaceFile(path, 'new', async () => true).catch((error) => console.log(error.code));
    const next = (ring) => new ring.constructor(ring.keys, { id: ring.id, generation: ring.generation + 1 });
    await new FileRingStore(path, 60, Date.now).change(next).catch((error) => console.log(error.code, '|', error.message));
    `;
    writeFileSync(path, documentOf(1, [[STRONG, 'active']]));
    const script = runScript(body, newFolder());
    await script.ended;
    expect(script.output()).toBe(`EOWNER\nkeyring_unwritable | ${path} cannot be changed (EOWNER)\n`);
    expect(readFileSync(path, 'utf8')).toBe(documentOf(1, [[STRONG, 'active']]));
    expect(statSync(path).uid).toBe(0);
    expect(readdirSync(folder)).toEqual(['keyring.json']);
  });

  test('leaves symlinks as they are, and replaces what they lead to', async () => {
    const path = file();
    const links = newFolder();
    symlinkSync(path, join(links, 'one'));
    symlinkSync('one', join(links, 'two'));
    await replaceFile(join(links, 'two'), 'new', yes);
    expect([readlinkSync(join(links, 'two')), readlinkSync(join(links, 'one'))]).toEqual(['one', path]);
    expect([readFileSync(path, 'utf8'), lstatSync(path).isFile()]).toEqual(['new', true]);
    expect(readdirSync(links).sort()).toEqual(['one', 'two']);
  });

  test('has an inode of its own: what was there stays whole for whoever reads it', async () => {
    const path = file();
    linkSync(path, `${path}.linked`);
    await replaceFile(path, 'new', yes);
    expect(readFileSync(`${path}.linked`, 'utf8')).toBe('old');
  });

  test('changes nothing once it is not its turn any more', async () => {
    const path = file();
    let seen: string[] = [];
    const written = await replaceFile(path, 'new', async () => {
      seen = readdirSync(dirname(path));
      return false;
    });
    expect([written, readFileSync(path, 'utf8')]).toEqual([false, 'old']);
    // The draft was whole by then, and is gone now.
    expect(seen).toHaveLength(2);
    expect(readdirSync(dirname(path))).toEqual(['keyring.json']);
  });

  test('does not write when its draft was cleared away by the one whose turn it is', async () => {
    const path = file();
    let asked = 0;
    const written = await replaceFile(path, 'mine', async () => {
      if (asked++ > 0) return false;
      await replaceFile(path, 'theirs', yes);
      return true;
    });
    expect([written, readFileSync(path, 'utf8')]).toEqual([false, 'theirs']);
  });

  test('clears away what a killed writer of the same file left, and nothing else', async () => {
    const path = file();
    const folder = dirname(path);
    const kept = ['keyring.json', 'keyring.json.bak', 'keyring.json.tmp', 'other.json.0123456789ab.tmp'];
    for (const name of [...kept.slice(1), 'keyring.json.0123456789ab.tmp'])
      writeFileSync(join(folder, name), STRONG);
    await replaceFile(path, 'new', yes);
    expect(readdirSync(folder).sort()).toEqual(kept);
  });

  test('says what went wrong, and leaves nothing behind', async () => {
    const path = file();
    await expect(replaceFile(join(dirname(path), 'none'), 'new', yes)).rejects.toMatchObject({
      code: 'ENOENT',
    });
    const failing = replaceFile(path, 'new', async () => {
      throw new Error('no answer');
    });
    await expect(failing).rejects.toThrow('no answer');
    // The target turned into a folder: the rename fails.
    let asked = 0;
    const broken = replaceFile(path, 'new', async () => {
      if (asked++ > 0) return true;
      rmSync(path);
      mkdirSync(path);
      return true;
    });
    await expect(broken).rejects.toMatchObject({ code: 'EISDIR' });
    expect(readdirSync(dirname(path))).toEqual(['keyring.json']);
  });
});

describe('writeNewFile', () => {
  test('writes once', () => {
    const path = join(newFolder(), 'keyring.json');
    expect(writeNewFile(path, 'first', 0o600)).toBe(true);
    expect(writeNewFile(path, 'second', 0o600)).toBe(false);
    expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual(['first', '600']);
    expect(readdirSync(dirname(path))).toEqual(['keyring.json']);
  });

  test('does not follow a link that leads nowhere', () => {
    const folder = newFolder();
    const path = join(folder, 'keyring.json');
    symlinkSync(join(folder, 'elsewhere'), path);
    expect(writeNewFile(path, 'new', 0o600)).toBe(false);
    expect(readdirSync(folder)).toEqual(['keyring.json']);
  });

  test('in a folder that is not there is the file system’s own error', () => {
    const path = join(newFolder(), 'none', 'keyring.json');
    expect(() => writeNewFile(path, 'new', 0o600)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});

describe('writeInformation', () => {
  test('replaces what is there, and leaves nothing behind when it cannot', async () => {
    const folder = newFolder();
    const path = join(folder, 'report.json');
    await writeInformation(path, 'one');
    await writeInformation(path, 'two');
    expect(readFileSync(path, 'utf8')).toBe('two');
    mkdirSync(join(folder, 'taken.json'));
    await expect(writeInformation(join(folder, 'taken.json'), 'three')).rejects.toMatchObject({
      code: 'EISDIR',
    });
    expect(readdirSync(folder).sort()).toEqual(['report.json', 'taken.json']);
  });
});

describe('a change of a keyring document', () => {
  const changeDocument = async (path: string, change: RingChange) =>
    await new FileRingStore(path, 60, Date.now).change(change);

  const raised = (ring: Keyring) =>
    new Keyring(ring.keys, { id: ring.id as string, generation: ring.generation + 1 });

  test('changes what a link leads to, with one lock whatever the file is called', async () => {
    const path = file(documentOf(1, [[STRONG, 'active']]));
    const link = join(newFolder(), 'link.json');
    symlinkSync(path, link);
    await Promise.all(
      Array.from({ length: 20 }, (_, nth) => changeDocument(nth % 2 === 0 ? path : link, raised)),
    );
    expect(JSON.parse(readFileSync(path, 'utf8')).generation).toBe(21);
    expect(readdirSync(dirname(path))).toEqual(['keyring.json']);
    expect(readdirSync(dirname(link))).toEqual(['link.json']);
  });

  test('leaves the file as it is when the change is refused', async () => {
    const text = documentOf(1, [[STRONG, 'active']]);
    const path = file(text);
    const refused = changeDocument(path, () => {
      throw new TypeError('no');
    });
    await expect(refused).rejects.toThrow();
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(dirname(path))).toEqual(['keyring.json']);
  });

  test('writes nothing that could not be read again: neither what is too large nor what breaks its own rules', async () => {
    const text = documentOf(1, [[STRONG, 'active']]);
    const path = file(text);
    const told = (why: string) => (ring: Keyring) =>
      new Keyring(ring.keys, {
        id: ring.id as string,
        generation: ring.generation + 1,
        history: [{ at: 0, what: 'stage', kid: ring.active.id, why }],
      });
    await expect(changeDocument(path, told('x'.repeat(1024 * 1024)))).rejects.toMatchObject({
      code: 'keyring_unwritable',
      message: `${path} would be larger than 1 MiB, and nobody would read it any more`,
    });
    await expect(changeDocument(path, told(''))).rejects.toMatchObject({
      code: 'document_invalid',
      message: `history[0].why in what was to be written to ${path} must be a text`,
    });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('says which file, why, and what to do when it cannot write', async () => {
    const gone = join(newFolder(), 'none.json');
    await expect(changeDocument(gone, raised)).rejects.toMatchObject({
      code: 'keyring_unwritable',
      message: `${gone} cannot be changed (ENOENT)`,
      hint: 'the file is gone; put it back from a copy',
    });
  });
});
