// Keyring files for tests of running processes: documents in any state, and the ways in which files are replaced.
import {
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { parseDocument, writeDocument } from '../../src/keyring/document.js';
import { Key, type KeyFacts, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import type { Keyturn } from '../../src/keyturn.js';
import { monotonicClock } from '../../src/resolve/monotonic-clock.js';
import { startKeyturn } from '../../src/start/start.js';
import { type LogRecord, memoryLogger } from './keyturn.js';
import { FILE } from './machine.js';
import { ticks } from './waiting.js';

const leftovers: Array<() => unknown> = [];

afterAll(async () => {
  for (const remove of leftovers.reverse()) await remove();
});

/** Does something after the tests of the file, the last first. */
export function afterwards(remove: () => unknown): void {
  leftovers.push(remove);
}

/** A folder of its own, gone after the tests of the file. Unlike `tempDir` it may be used by concurrent tests. */
export function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'keyturn-test-'));
  afterwards(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export type KeySpec = readonly [secret: string, state: KeyState, facts?: KeyFacts];

export interface RingSpec {
  readonly id?: string;
  /** The ring, or the text of the document, that this one comes from by a step. */
  readonly after?: Keyring | string;
}

const WHAT: { readonly [State in KeyState]?: string } = { retired: 'retire', revoked: 'revoke' };

/** A ring as a document holds it. What has become of keys that are gone stands in its history. */
export function ringOf(
  generation: number,
  keys: readonly KeySpec[],
  { id = 'ring-of-tests', after }: RingSpec = {},
): Keyring {
  const former = typeof after === 'string' ? parseDocument(after, 'the former') : after;
  const made = keys.map(([secret, state, facts]) => new Key(new Material(secret), state, facts));
  const history = made.flatMap((key) => {
    const what = WHAT[key.state];
    return what === undefined ? [] : [{ at: 0, what, kid: key.id }];
  });
  return new Keyring(made, { id, generation, history, marks: former?.marks ?? [] });
}

/** The text of a keyring document. */
export function documentOf(generation: number, keys: readonly KeySpec[], spec?: RingSpec): string {
  return writeDocument(ringOf(generation, keys, spec));
}

/** How a file gets another content, by whom. */
export const REPLACED: Readonly<Record<string, (path: string, text: string) => void>> = {
  'in place': (path, text) => writeFileSync(path, text),
  "by an editor's rename": (path, text) => {
    writeFileSync(`${path}~`, text, { mode: 0o600 });
    renameSync(`${path}~`, path);
  },
  'by another inode, as Docker does': (path, text) => {
    unlinkSync(path);
    writeFileSync(path, text, { mode: 0o600 });
  },
  "by Kubernetes' swap of a folder": (path, text) => {
    const folder = dirname(path);
    const old = readlinkSync(join(folder, '..data'));
    mount(folder, text, `..2026_${Math.random()}`);
    rmSync(join(folder, old), { recursive: true });
  },
};

/** Puts a secret into a folder as Kubernetes mounts it. @returns the path of the file */
export function mount(folder: string, text: string, version = '..2026_1'): string {
  mkdirSync(join(folder, version), { recursive: true });
  writeFileSync(join(folder, version, 'keyring.json'), text);
  symlinkSync(version, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  const path = join(folder, 'keyring.json');
  try {
    symlinkSync(join('..data', 'keyring.json'), path);
  } catch {
    // There from the first time.
  }
  return path;
}

export interface FollowerListener {
  readonly keyturn: Keyturn;
  readonly log: readonly LogRecord[];
  /** The log records of one event. */
  readonly of: (event: string) => readonly LogRecord[];
}

export interface Start {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly clock?: () => number;
  readonly onLog?: (event: unknown) => void;
}

/** Starts a Keyturn in production on a keyring file; closed after the tests of the file. */
export async function follow(path: string, start: Start = {}): Promise<FollowerListener> {
  const logger = memoryLogger();
  const env = { KEYTURN_ENV: 'prod', [FILE]: path, ...start.env };
  const signs = { terminal: false, debugger: false, container: false };
  const listening = {
    ...logger,
    info: (facts: Readonly<Record<string, unknown>>, message: string) => {
      logger.info(facts, message);
      start.onLog?.(facts.event);
    },
  };
  const keyturn = await startKeyturn(
    { logger: listening },
    { cwd: start.cwd ?? dirname(path), env, signs, now: start.clock ?? Date.now, monotonic: monotonicClock },
  );
  afterwards(() => keyturn.close());
  const of = (event: string) => logger.records.filter(({ facts }) => facts.event === event);
  return { keyturn, log: logger.records, of };
}

/** Several looks of each that follows a file: they come four times a second. */
export async function severalLooks(): Promise<void> {
  await ticks(4, 250);
}
