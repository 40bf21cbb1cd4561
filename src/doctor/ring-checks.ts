// Checks of the life of a keyring: whether a step of it is overdue, and what its processes report.
import { formatDuration } from '../config/value.js';
import { KeyturnError, toIso } from '../errors.js';
import type { Problem } from '../fleet/diagnosis.js';
import { problemText } from '../fleet/diagnosis-words.js';
import { timesOf } from '../fleet/fleet-times.js';
import { replicaInWords } from '../keyring/step-facts.js';
import type { Status } from '../rotation/status.js';
import type { Facts, RingFacts } from './facts.js';
import { fail, type Point, pass, warn } from './finding.js';

const DAY_MS = 86_400_000;
const STAGED_TOO_LONG_DAYS = 30;
/** Seconds. Processes look once a minute whether a key is due, or a little later where they are busy. */
const DUE_FOR_LONG = 300;

/** Steps that were begun and not finished, or that should have been taken by themselves. */
export function rotation(facts: Facts): readonly Point[] {
  const ring = facts.ring instanceof KeyturnError ? undefined : facts.ring;
  const scheduled = byItself(facts, ring);
  if (ring?.status.place === undefined) {
    const { hiddenDocument: hidden } = facts;
    if (scheduled.length === 0 && hidden !== undefined) {
      const what = `${facts.resolution.source?.name} hides ${hidden.path}, a keyring document: no step of it has an effect`;
      return [warn(what, 'the check "source" says which of the two to keep')];
    }
    const none = 'the keys are in no keyring that steps can change, or it cannot be read';
    return scheduled.length > 0 ? scheduled : [pass(none)];
  }
  const { keys, now, problems } = ring.status;
  if (problems.some(({ kind }) => kind === 'own_clock'))
    return [pass('not judged: the clock here is wrong, see the check fleet')];
  const points = keys.flatMap(({ id, state, dates, scheduledFor, safeAt }): Point[] => {
    if (state === 'staged' && scheduledFor === undefined) {
      const days = Math.floor((now - (dates.staged ?? now)) / DAY_MS);
      if (days <= STAGED_TOO_LONG_DAYS) return [];
      const hint = 'promote it with keyturn promote, or retire it with keyturn retire and its id';
      return [warn(`the key ${id} has been staged for ${days} days`, hint)];
    }
    if (state !== 'retiring' || safeAt === undefined || safeAt > now) return [];
    return [warn(`the last token of the retiring key ${id} has expired`, 'run keyturn retire')];
  });
  return points.length + scheduled.length > 0 ? [...points, ...scheduled] : [pass('no step is overdue')];
}

/** Whether `security.rotation.every` can do what it says, and does it. */
function byItself({ resolution }: Facts, ring: RingFacts | undefined): Point[] {
  const { settings, source } = resolution;
  const every = settings.get('security.rotation.every');
  if (every === undefined) return [];
  const kept = settings.get('security.keyring.store') !== undefined;
  const inFile = source?.kind === 'file' && source.format === 'document';
  if (!kept && !inFile) {
    const what = `security.rotation.every is set, and nothing can rotate ${source?.name ?? 'a secret that is not there'} by itself`;
    return [warn(what, 'make a keyring with keyturn init, or take the setting out')];
  }
  const { lease, maxLag, skew } = timesOf(settings);
  const wait = lease + maxLag + skew;
  if (every > wait) return overdue(every, ring);
  const what = `security.rotation.every is ${formatDuration(every)}, and each new key waits ${formatDuration(wait)} before it signs (lease, max_lag and clock_skew)`;
  return [
    warn(what, 'choose days: frequent renewal is not a defence against a break-in'),
    ...overdue(every, ring),
  ];
}

function overdue(every: number, ring: RingFacts | undefined): Point[] {
  const { status, nextKeyAt } = ring ?? {};
  if (status === undefined || nextKeyAt === undefined) return [];
  const patience = Math.min(DUE_FOR_LONG, every) * 1000;
  const isStaged = status.keys.some(({ state }) => state === 'staged');
  if (isStaged || status.now < nextKeyAt + patience) return [];
  const what = `a new key has been due since ${toIso(nextKeyAt)}`;
  const hint =
    status.replicas.length === 0
      ? 'a running process makes it, and none reports: start one, or run keyturn rotate --wait'
      : 'the log of a process says why it cannot make one (keyring.turn_failed), unless none has security.rotation.every set';
  return [warn(what, hint)];
}

/** What processes say of themselves where their keyring is, or their sessions are. */
export function fleet(facts: Facts): readonly Point[] {
  if (facts.ring === undefined) return [pass('no process reports')];
  if (facts.ring instanceof KeyturnError)
    return [pass(`not asked: ${facts.ring.message}; see the other checks`)];
  const { status } = facts.ring;
  const { replicas, silence, problems } = status;
  if (silence !== undefined)
    return [warn(`processes cannot be asked: ${silence}`, 'see the check session_backend')];
  const points = problems.map((problem) => judged(problem, status));
  if (replicas.length === 0) return [...points, pass(`no process reports${where(status)}`)];
  const who = replicas.length === 1 ? '1 process reports' : `${replicas.length} processes report`;
  return [...points, pass(`${who}${generation(status)}`)];
}

function judged(problem: Problem, status: Status): Point {
  const { what, hint } = problemText(withPlaces(problem, status), 'the doctor');
  const { kind, live } = problem;
  if (kind === 'other_app' && problem.accepted) return pass(what);
  // One that was just stopped to put it right counts for a lease, and must not fail a pipeline that long.
  const fails = live && ['document_lost', 'other_secret', 'without_shared'].includes(kind);
  return (fails ? fail : warn)(what, hint);
}

/** "replica-c (web-1-kGtvOWFF)": by the name that its operator knows. What an option takes stays the id of the process. */
function withPlaces<P extends Problem>(problem: P, { replicas }: Status): P {
  if (problem.kind === 'unverified') return problem;
  const known = new Map(replicas.map((replica) => [replica.instance, replica]));
  const instances = problem.instances.map((instance) => {
    const replica = known.get(instance);
    return replica === undefined ? instance : replicaInWords(replica);
  });
  return { ...problem, instances };
}

function where({ place, shared }: Status): string {
  if (place === undefined) return ' beside its sessions';
  return shared ? ` in ${place}` : ' beside the document';
}

function generation({ place, shared, ring }: Status): string {
  if (place === undefined) return '';
  return `; the ${shared ? 'keyring' : 'document'} is generation ${ring.generation}`;
}
