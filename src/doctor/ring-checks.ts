// Checks of a keyring document as a whole: whether a step of its life is overdue, and what its processes report.
import type { ReplicaReport } from '../fleet/report.js';
import type { Facts } from './facts.js';
import { type Point, pass, warn } from './finding.js';

const DAY_MS = 86_400_000;
const STAGED_TOO_LONG_DAYS = 30;

/** Steps that were begun and not finished. */
export function rotation({ ring }: Facts): readonly Point[] {
  if (ring === undefined) return [pass('the keys are not in a keyring document that is a file')];
  const points = ring.keys.flatMap(({ id, state, dates, activatesAt, safeAt }): Point[] => {
    if (state === 'staged' && activatesAt === undefined) {
      const days = Math.floor((ring.now - (dates.staged ?? ring.now)) / DAY_MS);
      if (days <= STAGED_TOO_LONG_DAYS) return [];
      const hint = 'let it sign with keyturn promote, or take it out with keyturn retire and its id';
      return [warn(`the key ${id} has been staged for ${days} days`, hint)];
    }
    if (state !== 'retiring' || safeAt === undefined || safeAt > ring.now) return [];
    return [warn(`the last token of the retiring key ${id} has expired`, 'run keyturn retire')];
  });
  return points.length > 0 ? points : [pass('no step is overdue')];
}

/** What processes say of themselves beside the document. */
export function fleet({ ring }: Facts): readonly Point[] {
  if (ring === undefined || ring.replicas.length === 0)
    return [pass(`no process reports${ring === undefined ? '' : ' beside the document'}`)];
  const { replicas, differing, profile, ring: inForce } = ring;
  const points = replicas.flatMap((replica) => wrongWith(replica, differing, profile));
  const count = replicas.length === 1 ? '1 process reports' : `${replicas.length} processes report`;
  return [...points, pass(`${count}; the document is generation ${inForce.generation}`)];
}

function wrongWith(replica: ReplicaReport, differing: readonly string[], profile: string): readonly Point[] {
  const { instance, degraded, generation, fingerprint } = replica;
  const points: Point[] = [];
  if (replica.profile !== profile) {
    const hint = 'run the doctor with the environment of the app, or with --env';
    points.push(
      warn(`${instance} runs by the ${replica.profile} profile, and the doctor by ${profile}`, hint),
    );
  }
  if (degraded !== undefined) {
    const hint = 'put right what it names; until then the last good keyring stays in force there';
    points.push(warn(`${instance} is degraded: ${degraded}`, hint));
  } else if (differing.includes(instance)) {
    const what = `${instance} has another ring in force than the document (generation ${generation}, fingerprint ${fingerprint})`;
    points.push(warn(what, 'it follows within a second; if not, restart it'));
  }
  return points;
}
