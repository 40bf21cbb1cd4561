// Reports as a reader has them, and moments as tables keep them.
import type { HeardReport } from '../../src/fleet/authentic.js';
import type { EndedMoments } from '../../src/fleet/ended-processes.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import type { RingTable, StoredReport } from '../../src/keyring-stores/table.js';

/** As one that a key of the ring vouches for. */
export function heard(report: ReplicaReport): HeardReport {
  return { ...report, authentic: true, dated: report.at };
}

/** What a process beside a document in development says of itself, but for what a test is about. */
export function reportOf(changes: Partial<ReplicaReport>): ReplicaReport {
  return {
    instance: 'web-1-7-aaaa',
    host: 'web-1',
    pid: 7,
    at: Date.now(),
    profile: 'dev',
    source: 'file',
    ring: 'ring-of-the-tests',
    generation: 1,
    fingerprint: 'AAAAAAAAAAA',
    verifies: [],
    signs: undefined,
    loadedAt: Date.now(),
    uses: [],
    lifetimes: {},
    maxLag: 2,
    degraded: undefined,
    ...changes,
  };
}

/** Moments of a teller that tables do not know. @param by key id, in milliseconds since 1970 */
export function told(moments: Readonly<Record<string, number>>): EndedMoments {
  return Object.assign(
    Object.create(null),
    Object.fromEntries(
      Object.entries(moments).map(([kid, at]) => [kid, { at, proof: `${kid} ${at}`.replaceAll(' ', '-') }]),
    ),
  );
}

/** The key ids of tests about moments. */
export const KIDS = ['AAAAAAAA', 'BBBBBBBB', 'CCCCCCCC'];

/** All pages of a table's reports. */
export async function reportsIn(table: RingTable): Promise<readonly StoredReport[]> {
  const found: StoredReport[] = [];
  for (let from: string | undefined; ; ) {
    const { reports, next } = await table.reports(from);
    found.push(...reports);
    if (next === undefined) return found;
    from = next;
  }
}
