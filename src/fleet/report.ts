// What a process says of itself to the others that share its keyring.

import type { PidNamespace } from '../disk/identity.js';
import { isKid, isName } from '../forms.js';
import type { Lifetimes } from '../keyring/key.js';
import {
  hasShape,
  isCount,
  isDuration,
  isInstance,
  isLine,
  isMark,
  isMoment,
  isRecord,
  isText,
  LIMIT_BYTES,
  listOf,
  optional,
  readJson,
} from './report-validators.js';

/** What one process did with one key for one purpose. Times in milliseconds since 1970; 0 means never. */
export interface ReportedUse {
  readonly kid: string;
  /** What its tokens were for. */
  readonly purpose: string;
  /** How many tokens it accepted since it started. */
  readonly verified: number;
  /** When the last of them was. */
  readonly verifiedAt: number;
  /** How many it signed since it started. */
  readonly signed: number;
  /** When the last of them was. */
  readonly signedAt: number;
}

/** A staged key that is scheduled to sign. */
export interface ScheduledKey {
  readonly kid: string;
  /** When it does so by the clock that is furthest ahead; milliseconds since 1970. */
  readonly from: number;
}

/** Times in milliseconds since 1970. */
export interface ReplicaReport {
  /** Names the process. */
  readonly instance: string;
  /** What `KEYTURN_INSTANCE` calls the place that it runs in, as the UID of a pod: one process after another has it. */
  readonly unit?: string | undefined;
  /** The machine's name for itself. */
  readonly host: string;
  /** The id of the process on that machine. */
  readonly pid: number;
  /** The run of the kernel, and where in it process ids are given; undefined where that is not told. */
  readonly boot?: string | undefined;
  /** The namespace of that id. */
  readonly namespace?: PidNamespace | undefined;
  /** When it was written. */
  readonly at: number;
  /** Which rules it goes by. */
  readonly profile: string;
  /** The name of the app; undefined where it has none. */
  readonly app?: string | undefined;
  /** The paths of the configuration files that it has read; undefined where they cannot be told in short lines. */
  readonly configFiles?: readonly string[] | undefined;
  /** The source in force, as an operator calls it. */
  readonly source: string;
  readonly ring: string | undefined;
  /** The generation of the keyring that it holds. */
  readonly generation: number;
  /** Tells the generation of its ring from any other of that number; undefined where a ring has no steps. */
  readonly mark?: string | undefined;
  /** Of the keyring that it holds: equal where keys and states are. */
  readonly fingerprint: string;
  /** The ids of the keys that it verifies with. */
  readonly verifies: readonly string[];
  /** Undefined for a process that has no keyring yet. */
  readonly signs: string | undefined;
  /** Keys that it signs with from a moment on, whether it can say so then or not. */
  readonly scheduled?: readonly ScheduledKey[] | undefined;
  /** The ids of the secrets that it seals and opens a shared keyring with; undefined where none is shared. */
  readonly roots?: readonly string[] | undefined;
  /** When the ring in force was loaded. */
  readonly loadedAt: number;
  /** What it did with each key, by purpose. */
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

/** What an operator calls whoever a report is of. */
export function nameOf({ instance, standIn }: ReplicaReport): string {
  return standIn === true ? 'a replica not heard of since the store lost its data' : instance;
}

/** Of every profile, and of one. */
const MOST_FILES = 2;

/** Paths as a report can tell them. */
export function reportedFiles(paths: readonly string[]): readonly string[] | undefined {
  return paths.length <= MOST_FILES && paths.every(isLine) ? paths : undefined;
}

/** How many keys a process may tell of: a ring that turns daily has fewer. */
const MOST_KEYS = 2000;
const MOST_USES = 10_000;

const USE = {
  kid: isKid,
  purpose: isName,
  verified: isCount,
  verifiedAt: isMoment,
  signed: isCount,
  signedAt: isMoment,
};

const REPORT = {
  instance: isInstance,
  unit: optional(isInstance),
  host: isLine,
  pid: (pid: unknown) => isCount(pid) && pid !== 0,
  boot: optional(isLine),
  namespace: optional((namespace) => hasShape(namespace, { id: isLine, since: isCount })),
  at: isMoment,
  profile: isLine,
  app: optional(isName),
  configFiles: optional(listOf(isLine, MOST_FILES)),
  source: isText,
  ring: optional(isLine),
  generation: isCount,
  mark: optional(isMark),
  fingerprint: isLine,
  verifies: listOf(isKid, MOST_KEYS),
  signs: optional(isKid),
  scheduled: optional(listOf((key) => hasShape(key, { kid: isKid, from: isMoment }), MOST_KEYS)),
  roots: optional(listOf(isKid, MOST_KEYS)),
  loadedAt: isMoment,
  uses: listOf((use) => hasShape(use, USE), MOST_USES),
  lifetimes: (lifetimes: unknown) =>
    isRecord(lifetimes) && Object.entries(lifetimes).every(([name, at]) => isName(name) && isDuration(at)),
  maxLag: isDuration,
  lease: optional(isDuration),
  degraded: optional(isText),
  standIn: optional((standIn) => standIn === true),
};

/** Reads a report; undefined for anything that is not a valid one. */
export function readReport(text: string | undefined): ReplicaReport | undefined {
  const report = text !== undefined && text.length <= LIMIT_BYTES ? readJson(text) : undefined;
  return hasShape(report, REPORT) ? (report as unknown as ReplicaReport) : undefined;
}
