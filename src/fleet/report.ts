// Reports of replicas: what each process says of itself, in a folder beside the keyring file.
//
// A report proves what a replica knows, and that it is there. No report proves nothing.
import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeLoosely } from '../disk/files.js';
import { isRunning } from '../disk/lock.js';
import type { Lifetimes } from '../keyring/key.js';
import type { ReplicaFacts } from '../keyring/transitions.js';
import { ENDED_FILE, noteEnded, readEnded } from './ended.js';

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

/** The folder of reports beside a keyring file. */
export function fleetFolder(path: string): string {
  return `${path}.fleet`;
}

/** Writes, or rewrites, the report of one process. */
export async function writeReport(path: string, report: ReplicaReport): Promise<void> {
  const folder = fleetFolder(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeLoosely(join(folder, `${report.instance}.json`), `${JSON.stringify(report)}\n`);
}

/** Says goodbye: what the process signed still counts, what it knew no longer matters. */
export async function removeReport(path: string, last: ReplicaReport): Promise<void> {
  const folder = fleetFolder(path);
  await noteEnded(folder, latest(last.uses, 'signedAt'));
  await unlink(join(folder, `${last.instance}.json`)).catch(() => {});
}

/**
 * The reports of replicas that live: younger than the lease, and of processes that run, as far as this host can
 * tell. Old ones are cleared away, as is what a writer left unfinished; what their processes signed is kept.
 *
 * @param lease seconds
 * @param now milliseconds since 1970
 */
export async function readReports(
  path: string,
  lease: number,
  now: number,
): Promise<readonly ReplicaReport[]> {
  const folder = fleetFolder(path);
  const names = await readdir(folder).catch(() => [] as string[]);
  const live: ReplicaReport[] = [];
  for (const name of names
    .filter((candidate) => /\.(json|tmp)$/.test(candidate) && candidate !== ENDED_FILE)
    .sort()) {
    const file = join(folder, name);
    const report = name.endsWith('.json') ? await readReport(file) : undefined;
    const age = now - (report?.at ?? (await writtenAt(file)) ?? now);
    const dead = report?.host === hostname() && !isRunning(report.pid);
    if (report !== undefined && !dead && age <= lease * 1000) {
      live.push(report);
      continue;
    }
    // Until then it may have signed without saying so.
    const endedAt = Math.min(now, (report?.at ?? now) + lease * 1000);
    if (report !== undefined)
      await noteEnded(folder, { ...latest(report.uses, 'signedAt'), [report.signs]: endedAt });
    if (dead || age > FORGET_AFTER_LEASES * lease * 1000) await unlink(file).catch(() => {});
  }
  return live;
}

async function writtenAt(file: string): Promise<number | undefined> {
  return await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/** What the transitions want to know of a replica. */
export function replicaFacts(report: ReplicaReport): ReplicaFacts {
  return {
    instance: report.instance,
    verifies: report.verifies,
    signs: report.signs,
    lastSigned: latest(report.uses, 'signedAt'),
    lastVerified: latest(report.uses, 'verifiedAt'),
  };
}

/** What the transitions want to know of all processes that have ended. */
export async function endedFacts(path: string): Promise<ReplicaFacts> {
  const lastSigned = await readEnded(fleetFolder(path));
  return { instance: 'a process that has ended', verifies: [], signs: '', lastSigned, ended: true };
}

function latest(uses: readonly ReportedUse[], when: 'signedAt' | 'verifiedAt'): Record<string, number> {
  const byKid: Record<string, number> = {};
  for (const use of uses) byKid[use.kid] = Math.max(byKid[use.kid] ?? 0, use[when]);
  return byKid;
}

async function readReport(path: string): Promise<ReplicaReport | undefined> {
  try {
    const report = JSON.parse(await readFile(path, 'utf8')) as ReplicaReport;
    const whole =
      typeof report.instance === 'string' && Array.isArray(report.verifies) && Array.isArray(report.uses);
    return whole && typeof report.at === 'number' && typeof report.signs === 'string' ? report : undefined;
  } catch {
    return undefined;
  }
}
