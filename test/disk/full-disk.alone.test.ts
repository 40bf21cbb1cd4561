// Rule 8 where the disk is full or fails: every file that a command writes is whole or not there, and the next try works.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { noteEnded } from '../../src/fleet/ended-processes.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { parseDocument } from '../../src/keyring/document.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { FileRingStore } from '../../src/keyring-stores/file.js';
import { initRing } from '../../src/rotation/init/init.js';
import { createDevelopmentSecret } from '../../src/secret/development.js';
import { writeReport } from '../support/file-reports.js';
import { machine, SECRET, STRONG, tempDir } from '../support/machine.js';
import { documentOf } from '../support/ring-file.js';

/** The call that fails next: counted down at every call that changes the disk. */
const disk = vi.hoisted(() => ({ fails: -1, code: 'ENOSPC' }));

const failing = vi.hoisted(() => () => disk.fails-- === 0);
const error = vi.hoisted(() => () => Object.assign(new Error(`${disk.code}: no luck`), { code: disk.code }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const written = new Set<number>();
  const may =
    <A extends unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R => {
      if (failing()) throw error();
      return call(...args);
    };
  return {
    ...real,
    renameSync: may(real.renameSync),
    linkSync: may(real.linkSync),
    mkdirSync: may(real.mkdirSync as (path: string) => string | undefined),
    chmodSync: may(real.chmodSync),
    fsyncSync: may(real.fsyncSync),
    openSync: (path: string, flags: string, mode?: number) => {
      const writes = flags === 'wx';
      if (writes && failing()) throw error();
      const file = real.openSync(path, flags, mode);
      if (writes) written.add(file);
      return file;
    },
    writeFileSync: (file: number | string, text: string, ...options: [{ mode?: number }?]) => {
      const short = typeof file === 'number' && failing();
      real.writeFileSync(file, short ? text.slice(0, text.length / 2) : text, ...options);
      if (short) throw error();
    },
    closeSync: (file: number) => {
      real.closeSync(file);
      if (written.delete(file) && failing()) throw error();
    },
  };
});

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const may =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (failing()) throw error();
      return await call(...args);
    };
  return {
    ...real,
    rename: may(real.rename),
    link: may(real.link),
    mkdir: may(real.mkdir as (path: string) => Promise<string | undefined>),
    chmod: may(real.chmod),
    open: async (path: string, flags: string, mode?: number) => {
      const writes = flags === 'wx';
      if (writes && failing()) throw error();
      const file = await real.open(path, flags, mode);
      const { writeFile, sync, close, chmod } = file;
      return Object.assign(file, {
        sync: may(sync.bind(file)),
        chmod: may(chmod.bind(file)),
        writeFile: async (text: string) => {
          const short = failing();
          await writeFile.call(file, short ? text.slice(0, text.length / 2) : text);
          if (short) throw error();
        },
        // Some systems tell of a full disk only now.
        close: async () => {
          await close.call(file);
          if (writes && failing()) throw error();
        },
      });
    },
  };
});

afterEach(() => {
  disk.fails = -1;
});

const OLD = documentOf(1, [[STRONG, 'active']]);
const RING = parseDocument(OLD, 'it');
const KID = RING.active.id;
const ENDED = '{}\n';

/** What a file may hold: looked up by its name, and nothing else may stand in the folder. */
const WHOLE: Readonly<Record<string, (text: string) => boolean>> = {
  '.gitignore': (text) => text === '*\n',
  secret: (text) => /^[0-9a-f]{128}\n$/.test(text),
  'keyring.json': (text) => parseDocument(text, 'it').generation > 0,
  'keyturn.toml': (text) => text.startsWith('# ') && text.endsWith('\n#about = "links to invoices"\n'),
  'keyturn.prod.toml': (text) => text.startsWith('# Settings of production') && /\nfile = ".+"\n$/.test(text),
  'ended.json': (text) => text === ENDED || JSON.parse(text)[KID].at === 2,
  'report-1.json': (text) => JSON.parse(text).instance === 'report-1',
  ballast: () => true,
};

function expectWhole(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    expect(WHOLE[entry.name]?.(text), `${entry.name}: ${text.length} characters`).toBe(true);
  }
}

interface Writer {
  readonly before?: (folder: string) => void;
  readonly write: (folder: string) => Promise<unknown>;
  /** Whether what was to be written is there. */
  readonly done: (folder: string) => boolean;
}

const raised = (ring: Keyring) =>
  new Keyring(ring.keys, { id: ring.id as string, generation: ring.generation + 1 });

const WRITERS: Readonly<Record<string, Writer>> = {
  'a start in development': {
    write: async (folder) => createDevelopmentSecret(join(folder, '.keyturn')),
    done: (folder) => existsSync(join(folder, '.keyturn/secret')),
  },
  'a start in development after an earlier crash': {
    before: (folder) => {
      mkdirSync(join(folder, '.keyturn'));
      writeFileSync(join(folder, '.keyturn/.gitignore'), '*');
    },
    write: async (folder) => createDevelopmentSecret(join(folder, '.keyturn')),
    done: (folder) => readFileSync(join(folder, '.keyturn/.gitignore'), 'utf8') === '*\n',
  },
  init: {
    write: (cwd) =>
      initRing({
        placeSaid: true,
        machine: machine({ cwd, env: { KEYTURN_ENV: 'prod', [SECRET]: STRONG } }),
        profile: undefined,
        who: 'ada',
        imported: [],
      }),
    done: (folder) => existsSync(join(folder, '.keyturn/keyring.json')),
  },
  'a step': {
    before: (folder) => writeFileSync(join(folder, 'keyring.json'), OLD),
    write: (folder) => new FileRingStore(join(folder, 'keyring.json'), 60, Date.now).change(raised),
    done: (folder) => JSON.parse(readFileSync(join(folder, 'keyring.json'), 'utf8')).generation > 1,
  },
  'a report': {
    write: (folder) =>
      writeReport(
        join(folder, 'keyring.json'),
        { instance: 'report-1' } as unknown as ReplicaReport,
        undefined,
      ),
    done: (folder) => existsSync(join(folder, 'keyring.json.fleet/report-1.json')),
  },
  'what ended processes signed': {
    before: (folder) => writeFileSync(join(folder, 'ended.json'), ENDED),
    write: async (folder) => {
      if (!(await noteEnded(folder, { [KID]: 2 }, RING))) throw new Error('not kept');
    },
    done: (folder) => readFileSync(join(folder, 'ended.json'), 'utf8').includes(KID),
  },
};

/** A crash of an earlier version may have left half a rule: that one is no fault of this try. */
function withoutHalfRule(folder: string, check: () => void): void {
  const rule = join(folder, '.keyturn/.gitignore');
  const half = existsSync(rule) && readFileSync(rule, 'utf8') === '*';
  if (half) writeFileSync(rule, '*\n');
  check();
  if (half) writeFileSync(rule, '*');
}

/** Tries once; what is there afterwards is whole. */
async function attempt({ write, done }: Writer, folder: string): Promise<'done' | 'refused' | 'no fault'> {
  const outcome = await write(folder).then(
    () => 'done' as const,
    () => 'refused' as const,
  );
  const untouched = disk.fails >= 0;
  disk.fails = -1;
  withoutHalfRule(folder, () => expectWhole(folder));
  if (outcome === 'done') expect(done(folder)).toBe(true);
  return untouched ? 'no fault' : outcome;
}

describe.each(Object.entries(WRITERS))('%s', (name, writer) => {
  test.each(['ENOSPC', 'EIO'])('%s at any call', async (code) => {
    let refusals = 0;
    for (let nth = 0; ; nth++) {
      const folder = tempDir();
      writer.before?.(folder);
      Object.assign(disk, { fails: nth, code });
      const outcome = await attempt(writer, folder);
      if (outcome === 'no fault') break;
      const refused = outcome === 'refused';
      if (refused) refusals++;
      // Once the disk is well again it works, or all of it is there already.
      if (refused && !(name === 'init' && writer.done(folder))) {
        await writer.write(folder);
        expect(writer.done(folder)).toBe(true);
        expectWhole(folder);
      }
    }
    expect(refusals).toBeGreaterThan(3);
  });
});

/** A small file system of its own; undefined where this process may not make one, as in some containers. */
function ownDisk(files: number): string | undefined {
  const folder = join(tempDir(), 'disk');
  mkdirSync(folder);
  try {
    const options = `size=256k,nr_inodes=${files}`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', [folder], { stdio: 'pipe' }));
  return folder;
}

/** Leaves so many pages of 4 KiB free. */
function fillUp(folder: string, pages: number): void {
  const ballast = join(folder, 'ballast');
  try {
    writeFileSync(ballast, Buffer.alloc(256 * 1024));
  } catch {
    // As much as there was room for.
  }
  truncateSync(ballast, Math.max(0, statSync(ballast).size - pages * 4096));
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'on a disk that is really full',
  () => {
    test.each(Object.entries(WRITERS))('%s', async (_, writer) => {
      const rooms = [0, 1, 2, 3, 5].map((pages) => ({ pages, files: 100 }));
      for (const { pages, files } of [...rooms, ...[2, 4, 5].map((files) => ({ pages: 8, files }))]) {
        const folder = ownDisk(files);
        if (folder === undefined) return;
        try {
          writer.before?.(folder);
          fillUp(folder, pages);
        } catch {
          continue;
        }
        await attempt(writer, folder);
      }
    });
  },
);
