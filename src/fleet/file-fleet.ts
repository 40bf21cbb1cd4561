// Reports beside a keyring file: a folder with a small file for each process.
import { lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { readLoosely, writeInformation } from '../disk/files.js';
import { hasEnded } from '../disk/identity.js';
import type { Keyring } from '../keyring/keyring.js';
import { type HeardReport, readHeard, reportText } from './authentic.js';
import { believed, ENDED_FILE, type LastSigned, noteEnded, readEnded } from './ended.js';
import type { Fleet } from './fleet.js';
import { lastSignedBy, lastSignedOf } from './replica-facts.js';
import type { ReplicaReport } from './report.js';
import { LIMIT_BYTES } from './shape.js';
import { supersededIn } from './superseded.js';

/** What is so many leases old is cleared away. */
const FORGET_AFTER_LEASES = 4;

/** The processes that share a keyring file. */
export class FileFleet implements Fleet {
  readonly #path: string;
  readonly #lease: number;
  readonly #now: () => number;

  /**
   * @param path of the keyring file
   * @param lease seconds
   * @param now milliseconds since 1970
   */
  constructor(path: string, lease: number, now: () => number) {
    this.#path = path;
    this.#lease = lease;
    this.#now = now;
  }

  async write(report: ReplicaReport, ring: Keyring | undefined): Promise<void> {
    await writeReport(this.#path, report, ring);
  }

  async remove(last: ReplicaReport, ring: Keyring | undefined): Promise<void> {
    await removeReport(this.#path, last, ring);
  }

  async read(ring: Keyring | undefined, tidy: boolean): Promise<readonly HeardReport[]> {
    return await readReports(this.#path, { ring, lease: this.#lease, now: this.#now(), tidy });
  }

  async forget(report: HeardReport, ring: Keyring | undefined): Promise<void> {
    const folder = fleetFolder(this.#path);
    if (await noteEnded(folder, lastSignedBy(report, this.#now()), ring))
      await unlink(join(folder, `${report.instance}.json`)).catch(() => {});
  }

  async ended(ring: Keyring | undefined): Promise<LastSigned> {
    return believed(await readEnded(fleetFolder(this.#path)), ring);
  }
}

/** The folder of reports beside a keyring file. */
export function fleetFolder(path: string): string {
  return `${path}.fleet`;
}

/** Writes, or rewrites, the report of one process. @param ring see {@link Fleet} */
export async function writeReport(
  path: string,
  report: ReplicaReport,
  ring: Keyring | undefined,
): Promise<void> {
  const folder = fleetFolder(path);
  // Not the folders above it: where the keyring is gone nothing is to be made anew.
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (!(await isOwnFolder(folder))) throw new Error('the folder of reports is not a folder');
  await writeInformation(join(folder, `${report.instance}.json`), `${reportText(report, ring)}\n`);
}

/** Says goodbye: what the process signed still counts, what it knew no longer matters. */
export async function removeReport(
  path: string,
  last: ReplicaReport,
  ring: Keyring | undefined,
): Promise<void> {
  const folder = fleetFolder(path);
  if (!(await isOwnFolder(folder))) return;
  // Where that cannot be kept the report stays: the next reader sees that its process has ended.
  if (await noteEnded(folder, lastSignedOf(last), ring))
    await unlink(join(folder, `${last.instance}.json`)).catch(() => {});
}

/** A symlink could lead anywhere, and old files in there are cleared away. */
async function isOwnFolder(folder: string): Promise<boolean> {
  return await lstat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** How a folder of reports is read. */
export interface Reading {
  readonly ring: Keyring | undefined;
  /** Seconds. */
  readonly lease: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** False to change nothing in the folder. */
  readonly tidy: boolean;
}

/** A file in the folder, and what is in it. */
interface Filed {
  readonly file: string;
  /** Undefined for what is not a valid report. */
  readonly report: HeardReport | undefined;
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * The reports of replicas that live: younger than the lease, and not known to have ended. Old ones are cleared away, as
 * is what a writer left unfinished; what their processes signed is kept.
 */
export async function readReports(path: string, reading: Reading): Promise<readonly HeardReport[]> {
  const { lease, now, tidy } = reading;
  const folder = fleetFolder(path);
  const names = (await isOwnFolder(folder)) ? await readdir(folder).catch(() => [] as string[]) : [];
  const found: Filed[] = [];
  for (const name of names
    .filter((candidate) => /\.(json|tmp)$/.test(candidate) && candidate !== ENDED_FILE)
    .sort())
    found.push(await readOne(folder, name, reading));
  const superseded = supersededIn(found.flatMap(({ report }) => report ?? []));
  const gone = (report: HeardReport) => superseded.has(report.instance) || hasEnded(report);
  const isLive = ({ report, at }: Filed) => report !== undefined && !gone(report) && now - at <= lease * 1000;
  for (const one of tidy ? found.filter((each) => !isLive(each)) : []) {
    const { file, report, at } = one;
    // Until then it may have signed without saying so.
    const endedAt = Math.min(now, at + lease * 1000);
    const kept =
      report === undefined || (await noteEnded(folder, lastSignedBy(report, endedAt), reading.ring));
    const old = now - at > FORGET_AFTER_LEASES * lease * 1000;
    if (kept && (old || (report !== undefined && gone(report)))) await unlink(file).catch(() => {});
  }
  return found
    .filter(isLive)
    .map(({ report, at }) => ({ ...(report as HeardReport), at: Math.min(at, now) }));
}

async function readOne(folder: string, name: string, { ring, lease, now }: Reading): Promise<Filed> {
  const file = join(folder, name);
  const text = name.endsWith('.json') ? await readLoosely(file, LIMIT_BYTES) : undefined;
  const heard = readHeard(text?.trimEnd(), ring, now);
  const report = heard !== undefined && `${heard.instance}.json` === name ? heard : undefined;
  // Of one that a clock far ahead has dated, or that anybody may have, its file tells the age: it must not hold up a
  // step until that date.
  const dated = report?.authentic === true && report.dated <= now + lease * 1000;
  return { file, report, at: dated ? report.dated : ((await writtenAt(file)) ?? now) };
}

async function writtenAt(file: string): Promise<number | undefined> {
  return await lstat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
