// The one diagnosis of what is wrong, or not the same, among the processes of a fleet. `keyturn status`, the doctor and
// `next:` put it into words (diagnosis-words.ts) and look for nothing themselves.
import type { AppName } from '../config/app.js';
import { isNeighbour } from '../disk/identity.js';
import type { Keyring } from '../keyring/keyring.js';
import type { HeardReport } from './authentic.js';
import { type Clash, clashesIn, isLiveClash, oddOne, strangers } from './clashes.js';
import { isOff } from './clock-difference.js';
import type { OtherApp } from './other-apps.js';
import type { ReplicaReport } from './report.js';
import { reportIntervalMs } from './report-interval.js';
import type { UnheardOf } from './silent.js';

/** What the processes are compared with. */
export interface Compared {
  /** As steps would change it. */
  readonly ring: Keyring;
  /** Where it is kept; undefined where no step can change it. */
  readonly place: string | undefined;
  /** Whether it is kept in an engine, for all to share. */
  readonly shared: boolean;
  /** By which rules steps are taken. */
  readonly profile: string;
  /** The ids of the secrets that a shared keyring is sealed with here. */
  readonly roots: readonly string[];
  readonly configFiles: readonly string[];
  /** The names of the app, its own first. */
  readonly apps: readonly AppName[];
  /** The most by which clocks may differ, in seconds. */
  readonly skew: number;
  /** Of whoever asks, in seconds: for reports that name none. */
  readonly lease: number;
  readonly replicas: readonly HeardReport[];
  /** Those that may be gone, with the moment until which they count. */
  readonly silent: ReadonlyMap<string, number>;
  readonly unheardOf: UnheardOf | undefined;
  readonly otherApps: readonly OtherApp[];
  /** By how many milliseconds the clock here is ahead of that of the place; undefined where nothing tells. */
  readonly clockAhead?: number | undefined;
  /** A file that is a keyring document no more, and the processes that hold that. */
  readonly lostDocument?: { readonly path: string; readonly instances: readonly string[] } | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Which ring a process has in force, where that is not the one that is kept. */
export interface OtherRing {
  readonly ring: string | undefined;
  readonly generation: number;
  readonly fingerprint: string;
  readonly kept: { readonly id: string | undefined; readonly generation: number };
}

type Found =
  | { readonly kind: 'other_profile'; readonly profile: string; readonly here: string }
  | {
      readonly kind: 'other_config';
      readonly files: readonly string[];
      readonly here: readonly string[];
      /** It was started before the files here were there. */
      readonly isOlder: boolean;
    }
  | {
      readonly kind: 'other_app';
      readonly app: AppName;
      readonly here: AppName;
      /** Whether each accepts what the other signs. */
      readonly accepted: boolean;
    }
  | { readonly kind: 'other_source'; readonly source: string }
  | {
      readonly kind: 'other_secret';
      readonly clash: Clash;
      readonly silent: readonly string[];
      /** Whether steps are refused here because of it. */
      readonly isRefused: boolean;
    }
  | { readonly kind: 'without_shared' }
  | { readonly kind: 'unheard_of'; readonly until: number }
  | ({ readonly kind: 'forked' | 'outdated' } & OtherRing)
  | ({
      readonly kind: 'behind';
      /** When the step was taken that it does not know, in milliseconds since 1970; undefined where nothing tells. */
      readonly since: number | undefined;
      /** Whether it should have followed long ago: waiting will not help. */
      readonly isOverdue: boolean;
    } & OtherRing)
  | { readonly kind: 'other_keyring'; readonly fingerprint: string }
  | { readonly kind: 'no_keyring' | 'degraded'; readonly why: string | undefined }
  | { readonly kind: 'silent'; readonly until: number }
  | { readonly kind: 'unverified' }
  | { readonly kind: 'document_lost'; readonly path: string }
  | { readonly kind: 'own_clock'; readonly ahead: number; readonly place: string; readonly inEngine: boolean }
  | { readonly kind: 'clock_differs' };

/**
 * One thing that is wrong among the replicas, or not the same everywhere. Its `kind` says what; more fields belong to
 * it.
 */
export type Problem = Found & {
  /** The names of the replicas that it is about. */
  readonly instances: readonly string[];
  /** False where all of them are silent: they may have been stopped to put it right, and count for a lease still. */
  readonly live: boolean;
};

/** Everything that is wrong, in the order in which it is to be put right. */
export function diagnose(compared: Compared): readonly Problem[] {
  const { ring, place, shared, profile, roots, replicas, silent, unheardOf, lostDocument } = compared;
  const about = (find: (replica: HeardReport) => Found | undefined) => grouped(replicas, silent, find);
  const clashes = place !== undefined && !shared ? [] : clashesIn(ring, shared ? roots : undefined, replicas);
  const told = strangers(clashes);
  const refused = replicas.filter((replica) => cannotOpen(replica, roots)).map(({ instance }) => instance);
  return [
    ...(lostDocument === undefined ? [] : [{ kind: 'document_lost', live: true, ...lostDocument } as const]),
    ...about((replica) =>
      replica.profile === profile
        ? undefined
        : { kind: 'other_profile', profile: replica.profile, here: profile },
    ),
    ...about((replica) => otherConfig(replica, compared)),
    ...otherNames(compared.otherApps, compared.apps),
    ...about((replica) =>
      isBesideDocument(replica, compared) ? { kind: 'other_source', source: replica.source } : undefined,
    ),
    ...clashes.map((clash): Problem => {
      const names = [...clash.one.instances, ...clash.other.instances];
      const quiet = names.filter((name) => silent.has(name));
      const { instances } = oddOne(clash)[0];
      const live = isLiveClash(clash, silent);
      const isRefused = shared ? refused.some((name) => names.includes(name)) : live;
      return { kind: 'other_secret', clash, silent: quiet, isRefused, instances, live };
    }),
    ...about((replica) => (shared && replica.roots === undefined ? { kind: 'without_shared' } : undefined)),
    ...(unheardOf === undefined
      ? []
      : [{ kind: 'unheard_of', until: unheardOf.until, instances: [], live: true } as const]),
    ...ownClock(compared),
    ...about((replica) => offLineOf(replica, compared)),
    ...about((replica) => conditionOf(replica, compared, told)),
    ...about((replica) => (hasOtherClock(replica, compared) ? { kind: 'clock_differs' } : undefined)),
  ];
}

/** Whoever asks may be the one whose clock is wrong: then its steps are refused, and no replica is at fault. */
function ownClock({ clockAhead, skew, place = '', shared }: Compared): readonly Problem[] {
  if (!isOff(clockAhead, skew)) return [];
  return [{ kind: 'own_clock', ahead: clockAhead, place, inEngine: shared, instances: [], live: true }];
}

/** Beside a file `at` goes by the clock here, and is as wrong as that. */
function hasOtherClock(
  { at, dated, authentic }: HeardReport,
  { clockAhead, shared, skew }: Compared,
): boolean {
  if (!shared && isOff(clockAhead, skew)) return false;
  return authentic && isOff(dated - at, skew);
}

/** @param apps the names of the app, its own first */
export function otherNames(
  others: readonly OtherApp[],
  [here, ...accepted]: readonly AppName[],
): readonly Problem[] {
  return others.map(({ app, instances }) => ({
    kind: 'other_app',
    app,
    here,
    accepted: accepted.includes(app),
    instances,
    live: true,
  }));
}

/** What is wrong with one process, if anything. Only the gravest problem is told. */
function conditionOf(
  replica: HeardReport,
  { ring, place, shared, silent, lease, now }: Compared,
  told: ReadonlySet<string>,
): Found | undefined {
  const { instance, signs, degraded: why, fingerprint, authentic } = replica;
  if (signs === undefined) return { kind: 'no_keyring', why };
  if (why !== undefined) return { kind: 'degraded', why };
  const until = silent.get(instance);
  // Where no step can be taken, a silent replica holds up nothing.
  if (until !== undefined) return place === undefined ? undefined : { kind: 'silent', until };
  if (!authentic && place !== undefined) return { kind: 'unverified' };
  if (fingerprint === ring.fingerprint) return undefined;
  if (place === undefined) return told.has(instance) ? undefined : { kind: 'other_keyring', fingerprint };
  if (shared ? replica.roots === undefined : ring.id !== undefined && replica.ring === undefined)
    return undefined;
  // That is told by itself.
  if (offLine(ring, replica) !== undefined) return undefined;
  const since = ring.history.at(-1)?.at;
  // It hears of a step within a second, and says so at once: its next report would have told of it at the latest.
  const patience = reportIntervalMs(replica.lease ?? lease) + HEARD_WITHIN_MS;
  const isOverdue = since !== undefined && now - since > patience;
  return { kind: 'behind', ...otherRing(replica, ring), since, isOverdue };
}

/** Also of one that is degraded, or silent: steps are refused because of it all the same. */
function offLineOf(replica: HeardReport, { ring, place }: Compared): Found | undefined {
  const kind = place === undefined ? undefined : offLine(ring, replica);
  return kind === undefined ? undefined : { kind, ...otherRing(replica, ring) };
}

function otherRing({ ring, generation, fingerprint }: HeardReport, kept: Keyring): OtherRing {
  return { ring, generation, fingerprint, kept: { id: kept.id, generation: kept.generation } };
}

/**
 * Whether it cannot open what is sealed under these roots. One that has no keyring yet is at fault itself: it stops
 * nobody.
 *
 * @param roots the ids of those that are live
 */
export function cannotOpen({ signs, roots: its }: ReplicaReport, roots: readonly string[]): boolean {
  return signs !== undefined && its !== undefined && !its.some((kid) => roots.includes(kid));
}

const HEARD_WITHIN_MS = 1000;

/**
 * Whether a process holds a newer ring than the one that is kept, or one that this does not come from. Such a process
 * will not follow a step on what is kept. One that goes by an array or a single secret has no steps: it takes any
 * document that holds all its keys.
 */
export function offLine(
  kept: Keyring,
  { ring, generation, mark }: ReplicaReport,
): 'forked' | 'outdated' | undefined {
  if (ring === undefined || kept.id === undefined) return undefined;
  if (ring !== kept.id) return 'forked';
  // What is kept was put back to an older one, which processes refuse: they would refuse a step on it as well.
  if (generation > kept.generation) return 'outdated';
  return mark === undefined || kept.passesThrough({ generation, mark }) ? undefined : 'forked';
}

/**
 * Whether it reports beside a document but takes its keys from elsewhere, most often from the variable that the
 * document was made of. It does not know a key that is added to the document.
 */
function isBesideDocument(replica: ReplicaReport, { ring, place, shared }: Compared): boolean {
  const isDocument = place !== undefined && !shared && ring.id !== undefined;
  return isDocument && replica.signs !== undefined && replica.ring === undefined;
}

/**
 * Most often the command was typed in the wrong folder. Only a report that a key of the ring vouches for may name
 * another.
 */
function otherConfig(replica: HeardReport, compared: Compared): Found | undefined {
  const { silent, configFiles: here, profile } = compared;
  const { configFiles: files, instance, authentic } = replica;
  if (files === undefined || !authentic || silent.has(instance) || !isNeighbour(replica)) return undefined;
  if (files.join('\n') === here.join('\n')) return undefined;
  // It looks for the document in this folder, or has read some of the files here: then the others were added later.
  const some = files.length > 0 && files.every((path) => here.includes(path));
  const isOlder =
    files.length === 0 ? isBesideDocument(replica, compared) : some && replica.profile === profile;
  return { kind: 'other_config', files, here, isOlder };
}

/** Replicas with the same problem are named together. */
function grouped(
  replicas: readonly HeardReport[],
  silent: ReadonlyMap<string, number>,
  find: (replica: HeardReport) => Found | undefined,
): readonly Problem[] {
  const groups = new Map<string, Problem & { readonly instances: string[] }>();
  for (const replica of replicas) {
    const found = find(replica);
    if (found === undefined) continue;
    const live = !silent.has(replica.instance);
    const same = JSON.stringify([found, live]);
    const group = groups.get(same);
    if (group === undefined) groups.set(same, { ...found, live, instances: [replica.instance] });
    else group.instances.push(replica.instance);
  }
  return [...groups.values()];
}
