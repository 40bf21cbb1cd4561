// Processes that another one has replaced. A container that is restarted says no goodbye, and nobody should wait a
// lease for it when its successor is there. But one that was only cut off must go on counting.
import type { HeardReport } from './authentic.js';

/**
 * The instances that have ended for certain: one of the same unit, on the same boot of the same machine, has begun in a
 * younger pid namespace, and whoever starts the containers of a unit has seen the former end. Nothing less will do. A
 * host name says nothing, the same namespace may hold several workers, and a unit on another machine may have been
 * given up for lost while it still runs.
 */
export function supersededIn(reports: readonly HeardReport[]): ReadonlySet<string> {
  const youngest = new Map<string, number>();
  for (const report of reports) {
    const place = report.authentic ? placeOf(report) : undefined;
    const since = report.namespace?.since;
    if (place !== undefined && since !== undefined)
      youngest.set(place, Math.max(youngest.get(place) ?? since, since));
  }
  const isOlder = (report: HeardReport) => {
    const latest = youngest.get(placeOf(report) ?? '');
    return latest !== undefined && report.namespace !== undefined && report.namespace.since < latest;
  };
  return new Set(reports.filter(isOlder).map(({ instance }) => instance));
}

/** Undefined where it is not told. */
function placeOf({ unit, boot }: HeardReport): string | undefined {
  return unit === undefined || boot === undefined ? undefined : `${boot} ${unit}`;
}
