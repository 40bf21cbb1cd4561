// Reports beside a keyring file: a folder with a small file for each process.
import { lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readLoosely, writeLoosely } from '../disk/files.js';
import { isRunning } from '../disk/lock.js';
import { ENDED_FILE, type LastSigned, noteEnded, readEnded } from './ended.js';
import type { Fleet } from './fleet.js';
import { lastSignedOf, lastSignedUntil, type ReplicaReport, readReport } from './report.js';
import { LIMIT_BYTES } from './shape.js';

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

  async write(report: ReplicaReport): Promise<void> {
    await writeReport(this.#path, report);
  }

  async remove(last: ReplicaReport): Promise<void> {
    await removeReport(this.#path, last);
  }

  async read(tidy: boolean): Promise<readonly ReplicaReport[]> {
    return await readReports(this.#path, this.#lease, this.#now(), tidy);
  }

  async ended(): Promise<LastSigned> {
    return await readEnded(fleetFolder(this.#path));
  }
}

/** The folder of reports beside a keyring file. */
export function fleetFolder(path: string): string {
  return `${path}.fleet`;
}

/** Writes, or rewrites, the report of one process. */
export async function writeReport(path: string, report: ReplicaReport): Promise<void> {
  const folder = fleetFolder(path);
  // Not the folders above it: where the keyring is gone nothing is to be made anew.
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (!(await isOwnFolder(folder))) throw new Error('the folder of reports is none');
  await writeLoosely(join(folder, `${report.instance}.json`), `${JSON.stringify(report)}\n`);
}

/** Says goodbye: what the process signed still counts, what it knew no longer matters. */
export async function removeReport(path: string, last: ReplicaReport): Promise<void> {
  const folder = fleetFolder(path);
  if (!(await isOwnFolder(folder))) return;
  // Where that cannot be kept the report stays: the next reader sees that its process has ended.
  if (await noteEnded(folder, lastSignedOf(last)))
    await unlink(join(folder, `${last.instance}.json`)).catch(() => {});
}

/** A symlink could lead anywhere, and old files in there are cleared away. */
async function isOwnFolder(folder: string): Promise<boolean> {
  return await lstat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/**
 * The reports of replicas that live: younger than the lease, and of processes that run, as far as this host can
 * tell. Old ones are cleared away, as is what a writer left unfinished; what their processes signed is kept.
 *
 * @param lease seconds
 * @param now milliseconds since 1970
 * @param tidy false to change nothing in the folder
 */
export async function readReports(
  path: string,
  lease: number,
  now: number,
  tidy = true,
): Promise<readonly ReplicaReport[]> {
  const folder = fleetFolder(path);
  const names = (await isOwnFolder(folder)) ? await readdir(folder).catch(() => [] as string[]) : [];
  const live: ReplicaReport[] = [];
  for (const name of names
    .filter((candidate) => /\.(json|tmp)$/.test(candidate) && candidate !== ENDED_FILE)
    .sort()) {
    const file = join(folder, name);
    const report = name.endsWith('.json') ? readReport(await readLoosely(file, LIMIT_BYTES)) : undefined;
    // Of one that a clock far ahead has dated its file tells the age: it must not hold up a step until that date.
    const dated = report !== undefined && report.at <= now + lease * 1000;
    const at = dated ? report.at : ((await writtenAt(file)) ?? now);
    const age = now - at;
    const dead = report?.host === hostname() && !isRunning(report.pid);
    if (report !== undefined && `${report.instance}.json` === name && !dead && age <= lease * 1000) {
      live.push(report);
      continue;
    }
    if (!tidy) continue;
    // Until then it may have signed without saying so.
    const endedAt = Math.min(now, at + lease * 1000);
    const kept = report === undefined || (await noteEnded(folder, lastSignedUntil(report, endedAt)));
    if (kept && (dead || age > FORGET_AFTER_LEASES * lease * 1000)) await unlink(file).catch(() => {});
  }
  return live;
}

async function writtenAt(file: string): Promise<number | undefined> {
  return await lstat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
