// Reports as a reader has them, and moments as tables keep them.
import type { HeardReport } from '../../src/fleet/authentic.js';
import type { EndedMoments } from '../../src/fleet/ended.js';
import type { ReplicaReport } from '../../src/fleet/report.js';

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
