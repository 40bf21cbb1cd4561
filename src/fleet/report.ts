// Reports of replicas: what each process says of itself, in a folder beside the keyring file.
//
// A report proves what a replica knows, and that it is there. No report proves nothing.
import { lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readLoosely, writeLoosely } from '../disk/files.js';
import { isRunning } from '../disk/lock.js';
import type { Lifetimes } from '../keyring/key.js';
import type { ReplicaFacts } from '../keyring/transitions.js';
import { ENDED_FILE, noteEnded, readEnded } from './ended.js';
import {
  hasShape,
  isCount,
  isDuration,
  isKid,
  isLine,
  isMoment,
  isPurpose,
  isRecord,
  isText,
  LIMIT_BYTES,
  listOf,
  optional,
  readJson,
} from './shape.js';

/** What one process did with one key for one purpose. Times in milliseconds since 1970; 0 means never. */
export interface ReportedUse {
  readonly kid: string;
  readonly purpose: string;
  readonly verified: number;
  readonly verifiedAt: number;
  readonly signed: number;
  readonly signedAt: number;
}

/** Times in milliseconds since 1970. */
export interface ReplicaReport {
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  /** When it was written. */
  readonly at: number;
  readonly profile: string;
  /** The source in force, as an operator calls it. */
  readonly source: string;
  readonly ring: string | undefined;
  readonly generation: number;
  readonly fingerprint: string;
  readonly verifies: readonly string[];
  readonly signs: string;
  /** When the ring in force was loaded. */
  readonly loadedAt: number;
  readonly uses: readonly ReportedUse[];
  /** The longest lifetime of each purpose, in seconds. */
  readonly lifetimes: Lifetimes;
  /** Seconds. */
  readonly maxLag: number;
  /** Why it goes by an older ring than the file holds. */
  readonly degraded: string | undefined;
}

/** What is so many leases old is cleared away. */
const FORGET_AFTER_LEASES = 4;
const LONGEST_PAUSE_MS = 10_000;
/** After so many pauses without a report a process may be gone: it proves no longer that all are there. */
const SILENT_AFTER_PAUSES = 3;

/** How often a process reports, in milliseconds. @param lease seconds */
export function pauseOf(lease: number): number {
  return Math.min(LONGEST_PAUSE_MS, (lease * 1000) / 3);
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
  if (await noteEnded(folder, latest(last.uses, 'signedAt')))
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
    const report = name.endsWith('.json') ? await readReport(file) : undefined;
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
    const kept =
      report === undefined ||
      (await noteEnded(folder, { ...latest(report.uses, 'signedAt'), [report.signs]: endedAt }));
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

/**
 * What the transitions want to know of a replica.
 *
 * @param lease seconds
 * @param now milliseconds since 1970
 */
export function replicaFacts(report: ReplicaReport, lease: number, now: number): ReplicaFacts {
  return {
    instance: report.instance,
    verifies: report.verifies,
    signs: report.signs,
    lastSigned: latest(report.uses, 'signedAt'),
    lastVerified: latest(report.uses, 'verifiedAt'),
    ...(now - report.at > SILENT_AFTER_PAUSES * pauseOf(lease) ? { silent: true } : {}),
  };
}

/** What the transitions want to know of all processes that have ended. */
export async function endedFacts(path: string): Promise<ReplicaFacts> {
  const lastSigned = await readEnded(fleetFolder(path));
  return { instance: 'a process that has ended', verifies: [], signs: '', lastSigned, ended: true };
}

function latest(uses: readonly ReportedUse[], when: 'signedAt' | 'verifiedAt'): Record<string, number> {
  const byKid = new Map<string, number>();
  for (const use of uses) byKid.set(use.kid, Math.max(byKid.get(use.kid) ?? 0, use[when]));
  return Object.fromEntries(byKid);
}

const USE = {
  kid: isKid,
  purpose: isPurpose,
  verified: isCount,
  verifiedAt: isMoment,
  signed: isCount,
  signedAt: isMoment,
};

const REPORT = {
  instance: isLine,
  host: isLine,
  pid: (pid: unknown) => isCount(pid) && pid !== 0,
  at: isMoment,
  profile: isLine,
  source: isText,
  ring: optional(isLine),
  generation: isCount,
  fingerprint: isLine,
  verifies: listOf(isKid),
  signs: isKid,
  loadedAt: isMoment,
  uses: listOf((use) => hasShape(use, USE)),
  lifetimes: (lifetimes: unknown) =>
    isRecord(lifetimes) && Object.entries(lifetimes).every(([name, at]) => isPurpose(name) && isDuration(at)),
  maxLag: isDuration,
  degraded: optional(isText),
};

/** A report that is whole; undefined for anything else. */
async function readReport(path: string): Promise<ReplicaReport | undefined> {
  const report = readJson(await readLoosely(path, LIMIT_BYTES));
  return hasShape(report, REPORT) ? (report as unknown as ReplicaReport) : undefined;
}
