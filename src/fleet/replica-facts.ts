// What the transitions need to know of the processes of a fleet, made of their reports.
//
// A report that no key of the ring vouches for can hold up a step, and does nothing else. It proves neither that a
// replica is there nor what was signed.
import type { ReplicaFacts } from '../keyring/step-facts.js';
import type { HeardReport } from './authentic.js';
import type { LastSigned } from './ended-processes.js';
import type { ReplicaReport, ReportedUse } from './report.js';
import { reportIntervalMs } from './report-interval.js';

/** After so many pauses without a report a process may be gone, and no longer counts as one that is there. */
const SILENT_AFTER_PAUSES = 3;

/** By what the age of a report is judged. */
export interface Judging {
  /** The lease of whoever asks, in seconds: of reports that name none. */
  readonly lease: number;
  /** The most by which the clocks of two machines differ, in seconds. */
  readonly skew: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function replicaFacts(report: HeardReport, judging: Judging): ReplicaFacts {
  const { instance, unit, verifies, signs, authentic } = report;
  if (!authentic) return { instance, unit, verifies, signs, silent: true };
  return {
    instance,
    unit,
    verifies,
    signs,
    lastSigned: later(lastSignedOf(report), since(report, judging.now)),
    lastVerified: latest(report.uses, 'verifiedAt'),
    ...(report.standIn || isSilent(report, judging) ? { silent: true } : {}),
  };
}

/**
 * Whether it has missed a few reports. How often it reports depends on its own lease, which may differ from that of
 * whoever asks. A report that is too old by its own clock is silent too: somebody may have put an old one there again.
 */
export function isSilent({ at, dated, lease: own }: HeardReport, { lease, skew, now }: Judging): boolean {
  const silentAfter = SILENT_AFTER_PAUSES * reportIntervalMs(own ?? lease);
  return now - at > silentAfter || now - dated > silentAfter + skew * 1000;
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
 * What must be kept of a process that has vanished: when it said that it signed, and until when it may have signed
 * without saying so.
 *
 * @param endedAt milliseconds since 1970
 */
export function lastSignedUntil(report: ReplicaReport, endedAt: number): LastSigned {
  const { signs } = report;
  const unseen = { ...since(report, endedAt), ...(signs === undefined ? {} : { [signs]: endedAt }) };
  return later(lastSignedOf(report), unseen);
}

/** The same; empty for a report that nobody vouches for. */
export function lastSignedBy(report: HeardReport, endedAt: number): LastSigned {
  return report.authentic ? lastSignedUntil(report, endedAt) : {};
}

/** When all of them together last signed with each key, as far as somebody vouches for it. */
export function lastSignedByAll(reports: readonly HeardReport[]): LastSigned {
  return reports
    .filter(({ authentic }) => authentic)
    .map(lastSignedOf)
    .reduce(later, {});
}

/** The keys that have taken over by themselves since a report was written: its process may sign with them until now. */
function since({ scheduled = [] }: ReplicaReport, now: number): LastSigned {
  return Object.fromEntries(scheduled.filter(({ from }) => from <= now).map(({ kid }) => [kid, now]));
}

/** The later of each moment. */
export function later(one: LastSigned, other: LastSigned): LastSigned {
  const both = new Map(Object.entries(one));
  for (const [kid, at] of Object.entries(other)) both.set(kid, Math.max(both.get(kid) ?? 0, at));
  return Object.fromEntries(both);
}

function latest(uses: readonly ReportedUse[], when: 'signedAt' | 'verifiedAt'): Record<string, number> {
  const byKid = new Map<string, number>();
  for (const use of uses) byKid.set(use.kid, Math.max(byKid.get(use.kid) ?? 0, use[when]));
  return Object.fromEntries(byKid);
}
