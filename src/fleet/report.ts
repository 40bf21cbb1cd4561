// What a process says of itself to the others that share its keyring, and what the transitions make of it.
import type { Lifetimes } from '../keyring/key.js';
import type { ReplicaFacts } from '../keyring/step-facts.js';
import type { LastSigned } from './ended.js';
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

/** A key that takes over by itself. */
export interface PlannedKey {
  readonly kid: string;
  /** When it does so by the clock that is furthest ahead; milliseconds since 1970. */
  readonly from: number;
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
  /** Undefined for a process that has no keyring yet. */
  readonly signs: string | undefined;
  /** Keys that it signs with from a moment on, whether it can say so then or not. */
  readonly planned?: readonly PlannedKey[] | undefined;
  /** The ids of the secrets that it seals and opens a shared keyring with; undefined where none is shared. */
  readonly roots?: readonly string[] | undefined;
  /** When the ring in force was loaded. */
  readonly loadedAt: number;
  readonly uses: readonly ReportedUse[];
  /** The longest lifetime of each purpose, in seconds. */
  readonly lifetimes: Lifetimes;
  /** Seconds. */
  readonly maxLag: number;
  /** Seconds: so long it goes on without hearing of its ring, and so long this report counts. */
  readonly lease?: number | undefined;
  /** Why it goes by an older ring than the file holds. */
  readonly degraded: string | undefined;
  /** It stands for replicas whose reports were lost: it proves that some may be there, and not that any is. */
  readonly standIn?: true;
}

const LONGEST_PAUSE_MS = 10_000;
/** After so many pauses without a report a process may be gone: it proves no longer that all are there. */
const SILENT_AFTER_PAUSES = 3;

/** What an operator calls whoever a report is of. */
export function nameOf({ instance, standIn }: ReplicaReport): string {
  return standIn === true ? 'a replica not heard of since the store lost its data' : instance;
}

/** How often a process reports, in milliseconds. @param lease seconds */
export function pauseOf(lease: number): number {
  return Math.min(LONGEST_PAUSE_MS, (lease * 1000) / 3);
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
    lastSigned: later(lastSignedOf(report), since(report, now)),
    lastVerified: latest(report.uses, 'verifiedAt'),
    ...(report.standIn || isLate(report, lease, now) ? { silent: true } : {}),
  };
}

/** Whether it has missed a few reports. How often it reports goes by its own lease, which may be another one. */
function isLate({ at, lease: own }: ReplicaReport, lease: number, now: number): boolean {
  return now - at > SILENT_AFTER_PAUSES * pauseOf(own ?? lease);
}

/** What the transitions want to know of all processes that have ended. */
export function endedFacts(lastSigned: LastSigned): ReplicaFacts {
  return { instance: 'a process that has ended', verifies: [], signs: undefined, lastSigned, ended: true };
}

/** When each key was last signed with, as far as the process says. */
export function lastSignedOf({ uses }: ReplicaReport): LastSigned {
  return latest(uses, 'signedAt');
}

/**
 * What of a process that has vanished must be kept: when it said that it signed, and until when it may have done so
 * without saying.
 *
 * @param endedAt milliseconds since 1970
 */
export function lastSignedUntil(report: ReplicaReport, endedAt: number): LastSigned {
  const { signs } = report;
  const unseen = { ...since(report, endedAt), ...(signs === undefined ? {} : { [signs]: endedAt }) };
  return later(lastSignedOf(report), unseen);
}

/** The keys that have taken over by themselves since a report was written: its process may sign with them until now. */
function since({ planned = [] }: ReplicaReport, now: number): LastSigned {
  return Object.fromEntries(planned.filter(({ from }) => from <= now).map(({ kid }) => [kid, now]));
}

/** The later of each moment. */
function later(one: LastSigned, other: LastSigned): LastSigned {
  const both = new Map(Object.entries(one));
  for (const [kid, at] of Object.entries(other)) both.set(kid, Math.max(both.get(kid) ?? 0, at));
  return Object.fromEntries(both);
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
  signs: optional(isKid),
  planned: optional(listOf((key) => hasShape(key, { kid: isKid, from: isMoment }))),
  roots: optional(listOf(isKid)),
  loadedAt: isMoment,
  uses: listOf((use) => hasShape(use, USE)),
  lifetimes: (lifetimes: unknown) =>
    isRecord(lifetimes) && Object.entries(lifetimes).every(([name, at]) => isPurpose(name) && isDuration(at)),
  maxLag: isDuration,
  lease: optional(isDuration),
  degraded: optional(isText),
  standIn: optional((standIn) => standIn === true),
};

/** Reads a report; undefined for anything that is none. */
export function readReport(text: string | undefined): ReplicaReport | undefined {
  const report = readJson(text);
  return hasShape(report, REPORT) ? (report as unknown as ReplicaReport) : undefined;
}
