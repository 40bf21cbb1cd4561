// Reports as a reader has them, and moments as tables keep them.
import type { HeardReport } from '../../src/fleet/authentic.js';
import type { EndedMoments } from '../../src/fleet/ended.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import type { RingTable, StoredReport } from '../../src/ring-stores/ring-table.js';

/** As one that a key of the ring vouches for. */
export function heard(report: ReplicaReport): HeardReport {
  return { ...report, authentic: true, dated: report.at };
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
