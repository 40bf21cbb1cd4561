// What a process says of itself to the others that share its keyring, and how that is read. Another version may have
// written a report, or a hand. One with a field that is not valid counts for nothing: a moment that is not a number
// would make every comparison with it false.
import { LONGEST_LIFETIME } from '../config/value.js';
import type { PidNamespace } from '../disk/identity.js';
import { INSTANCE_NAME, isKid, isName, LAST_MOMENT } from '../formats.js';
import type { Lifetimes } from '../keyring/key.js';
import { replicaInWords } from '../keyring/step-facts.js';

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

/** What is left of a library that the app moves in from, or that stays beside Keyturn. */
export interface ReportedMoveIn {
  /** The name under `[move_in]`. */
  readonly name: string;
  /** Whether the old secret signs still: see `[move_in]`. */
  readonly phase: string;
  /** When the old secrets are accepted no longer, in milliseconds since 1970; undefined where that is not said. */
  readonly until?: number | undefined;
  /** How many cookies or tokens that an old secret has signed it accepted since it started. */
  readonly seen: number;
  /** When the last of them was, in milliseconds since 1970; 0 means never. */
  readonly seenAt: number;
  /** Since when it counts, in milliseconds since 1970. */
  readonly since?: number | undefined;
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
  /**
   * The place that it runs in, as `KEYTURN_INSTANCE` names it: the UID of a pod, which one process after another has.
   */
  readonly unit?: string | undefined;
  /** The machine's name for itself. */
  readonly host: string;
  /** The id of the process on that machine. */
  readonly pid: number;
  /** The id of this run of the machine's kernel; undefined where the system does not tell it. */
  readonly boot?: string | undefined;
  /** The namespace that the process id is given in; undefined where the system does not tell it. */
  readonly namespace?: PidNamespace | undefined;
  /** When it was written. */
  readonly at: number;
  /** Which rules it goes by. */
  readonly profile: string;
  /** The name of the app; undefined where it has none. */
  readonly app?: string | undefined;
  /** The paths of the configuration files that it has read; undefined where a path does not fit in a report. */
  readonly configFiles?: readonly string[] | undefined;
  /** The source in force, as an operator calls it. */
  readonly source: string;
  /** The id of the keyring that it holds; undefined for one without steps: a secret, or an array. */
  readonly ring: string | undefined;
  /** The generation of the keyring that it holds. */
  readonly generation: number;
  /** Tells that generation from another one with the same number; undefined where the keyring has no steps. */
  readonly mark?: string | undefined;
  /** Of the keyring that it holds: equal where the keys and their states are equal. */
  readonly fingerprint: string;
  /** The ids of the keys that it verifies with. */
  readonly verifies: readonly string[];
  /** Undefined for a process that has no keyring yet. */
  readonly signs: string | undefined;
  /** Keys that begin to sign by themselves at a moment, even if the process cannot report by then. */
  readonly scheduled?: readonly ScheduledKey[] | undefined;
  /** The ids of the secrets that it seals and opens a shared keyring with; undefined where none is shared. */
  readonly roots?: readonly string[] | undefined;
  /** When the ring in force was loaded. */
  readonly loadedAt: number;
  /** What it did with each key, by purpose. */
  readonly uses: readonly ReportedUse[];
  /** What is left of other libraries; undefined where there are none. */
  readonly movingIn?: readonly ReportedMoveIn[] | undefined;
  /** The longest lifetime of each purpose, in seconds. */
  readonly lifetimes: Lifetimes;
  /** Seconds. */
  readonly maxLag: number;
  /** Seconds. For so long it goes on without hearing of its keyring, and for so long this report counts. */
  readonly lease?: number | undefined;
  /** Why it goes by another keyring than the one that is kept; undefined where it does not. */
  readonly degraded: string | undefined;
  /** Stands for replicas whose reports were lost: some may be there, and none needs to be. */
  readonly standIn?: true;
}

/** What an operator calls whoever a report is of. */
export function nameOf(report: ReplicaReport): string {
  return report.standIn === true
    ? 'a replica not heard of since the store lost its data'
    : replicaInWords(report);
}

/** keyturn.toml, and the file of one profile. */
const MOST_FILES = 2;

/** The paths, where a report can hold them. */
export function reportedFiles(paths: readonly string[]): readonly string[] | undefined {
  return paths.length <= MOST_FILES && paths.every(isLine) ? paths : undefined;
}

/** The most that is read of one file. */
export const LIMIT_BYTES: number = 256 * 1024;
/** Of a text that is shown to an operator. */
const LONGEST_TEXT = 4096;

type Shape = (value: unknown) => boolean;

/** A JSON object; undefined for anything else. */
export function readJson(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds since 1970; 0 stands for never. */
export const isMoment: Shape = (value) => isCount(value) && (value as number) <= LAST_MOMENT;

const isMark: Shape = (value) => typeof value === 'string' && /^[\w-]{16}$/.test(value);

const isInstance: Shape = (value) => typeof value === 'string' && INSTANCE_NAME.test(value);

/** A short line of text, which can be shown. */
const isLine: Shape = (value) => typeof value === 'string' && /^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u.test(value);

/** Any text that is not too long; whoever shows it escapes it. */
const isText: Shape = (value) => typeof value === 'string' && value.length <= LONGEST_TEXT;

const isCount: Shape = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whole seconds: a document holds no others. */
const isDuration: Shape = (value) => isCount(value) && (value as number) <= LONGEST_LIFETIME;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether every field has its shape. Further fields may be there: a newer version may say more. */
export function hasShape(value: unknown, shape: Readonly<Record<string, Shape>>): boolean {
  return isRecord(value) && Object.entries(shape).every(([name, fits]) => fits(value[name]));
}

export function optional(shape: Shape): Shape {
  return (value) => value === undefined || shape(value);
}

function arrayOf(shape: Shape, most: number): Shape {
  return (value) => Array.isArray(value) && value.length <= most && value.every(shape);
}

/** The most keys in one report: a keyring that is rotated every day has fewer. */
const MOST_KEYS = 2000;
const MOST_USES = 10_000;
const MOST_LIBRARIES = 100;

const USE = {
  kid: isKid,
  purpose: isName,
  verified: isCount,
  verifiedAt: isMoment,
  signed: isCount,
  signedAt: isMoment,
};

const MOVE_IN = {
  name: isName,
  phase: isName,
  until: optional(isMoment),
  seen: isCount,
  seenAt: isMoment,
  since: optional(isMoment),
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
  configFiles: optional(arrayOf(isLine, MOST_FILES)),
  source: isText,
  ring: optional(isLine),
  generation: isCount,
  mark: optional(isMark),
  fingerprint: isLine,
  verifies: arrayOf(isKid, MOST_KEYS),
  signs: optional(isKid),
  scheduled: optional(arrayOf((key) => hasShape(key, { kid: isKid, from: isMoment }), MOST_KEYS)),
  roots: optional(arrayOf(isKid, MOST_KEYS)),
  loadedAt: isMoment,
  uses: arrayOf((use) => hasShape(use, USE), MOST_USES),
  movingIn: optional(arrayOf((one) => hasShape(one, MOVE_IN), MOST_LIBRARIES)),
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
