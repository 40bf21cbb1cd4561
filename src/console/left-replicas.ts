// Replicas that this console has seen report, and that do so no longer. That no report is there proves nothing: a replica
// that has vanished would drop out of what is shown without a word.
import type { HeardReport } from '../fleet/authentic.js';
import type { LeftReplica } from '../rotation/status.js';

/** So long they are told of, in milliseconds. */
const TOLD_FOR = 15 * 60_000;
/** In a deploy the new one comes before the old one goes, or after it; milliseconds. */
const REPLACED_WITHIN = 5 * 60_000;
/** Anybody may write reports: what is kept of them has an end. */
const MOST = 10_000;

interface Seen extends LeftReplica {
  /** When this console first saw it; undefined for those that were there at its first look. */
  readonly since: number | undefined;
}

export class LeftReplicas {
  #seen: ReadonlyMap<string, Seen> | undefined;

  /** @returns those that are gone, and that no new one has replaced; the last to go first */
  note(replicas: readonly HeardReport[], now: number): readonly LeftReplica[] {
    const before = this.#seen;
    const since = before === undefined ? undefined : now;
    const here = replicas
      .filter(({ authentic }) => authentic)
      .slice(0, MOST)
      .map(({ instance, unit, at }): Seen => {
        const known = before?.get(instance);
        return { instance, unit, at, since: known === undefined ? since : known.since };
      });
    const reports = new Set(here.map(({ instance }) => instance));
    const left = [...(before?.values() ?? [])]
      .filter(({ instance, at }) => !reports.has(instance) && now - at < TOLD_FOR)
      .slice(0, MOST);
    this.#seen = new Map([...left, ...here].map((one) => [one.instance, one]));
    return withoutReplaced(left, here).sort((one, other) => other.at - one.at);
  }
}

/** One of the same place, or any other that is new, has taken over. Each replaces one. */
function withoutReplaced(left: readonly Seen[], here: readonly Seen[]): LeftReplica[] {
  const fresh = new Set(here.filter(({ since }) => since !== undefined));
  const replaces = (found: Seen | undefined) => found !== undefined && fresh.delete(found);
  const others = left.filter(({ unit }) => {
    const same = unit === undefined ? undefined : [...fresh].find((one) => one.unit === unit);
    return !replaces(same);
  });
  return others
    .filter(({ at }) => {
      const near = [...fresh].find(({ since = 0 }) => Math.abs(since - at) < REPLACED_WITHIN);
      return !replaces(near);
    })
    .map(({ instance, unit, at }) => ({ instance, unit, at }));
}
