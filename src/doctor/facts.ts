// What the doctor knows before it judges. Gathered by run.ts; the checks see nothing else.
import type { EngineFailure } from '../engines/failure.js';
import type { KeyturnError } from '../errors.js';
import type { Key } from '../keyring/key.js';
import type { FoundNeighbour } from '../neighbours/find.js';
import type { PurposeRegistry } from '../purposes/registry.js';
import type { WeakKey } from '../resolve/key-strength.js';
import type { Resolution } from '../resolve/resolve.js';
import type { Status } from '../rotation/status.js';
import type { Point } from './finding.js';
import type { WordlistFacts } from './wordlist.js';

/** A file or folder that is there and holds secrets. */
export interface SecretPlace {
  readonly path: string;
  /** The path as an operator would type it. */
  readonly name: string;
  readonly folder: boolean;
  /** The permission bits; undefined on systems that have none. */
  readonly mode: number | undefined;
  /** Put there by a platform (a Docker or Kubernetes secret), which also decides its mode. */
  readonly mounted: boolean;
  /** A file of other programs, such as `.env`: Keyturn does not read it. */
  readonly foreign: boolean;
}

export interface GitFacts {
  /**
   * `absent`: no git here; `silent`: it did not answer in time; `refused`: it would not, or could not, look at a
   * checkout; `none`: the folder is in no checkout.
   */
  readonly state: 'absent' | 'silent' | 'refused' | 'none' | 'checkout';
  /** Files with secrets that git tracks. */
  readonly tracked: readonly string[];
  /** The folder `.keyturn` is there, inside the checkout, and no rule ignores it. */
  readonly dataDirExposed: boolean;
}

/** What an engine said that the settings name. */
export interface EngineFacts {
  /** Its kind, host and port. */
  readonly place: string;
  /** Why it did not do what it was asked; undefined when it did. */
  readonly away: EngineFailure | undefined;
  /** Why it would take no writes though it answers; undefined when it would. */
  readonly readOnly?: EngineFailure | undefined;
}

/** The keyring in force with what its processes report. */
export interface RingFacts {
  readonly status: Status;
  /** When the next key is due by itself, in milliseconds since 1970; undefined where it is never. */
  readonly nextKeyAt: number | undefined;
  /** Its live keys that are too weak. */
  readonly weak: ReadonlyArray<
    WeakKey & { /** Whether `accept_weak` lets it in for now. */ readonly excused: boolean }
  >;
  readonly live: readonly Key[];
  /** The ids of the secrets that a shared keyring is sealed under. */
  readonly sealedUnder: readonly string[];
}

/** A keyring document that is there, and that the source in force hides. */
export interface HiddenDocument {
  readonly path: string;
  /** The variables to take away, where it holds all keys in force; empty where it does not, or no variable hides it. */
  readonly takeAway: readonly string[];
}

export interface Facts {
  readonly resolution: Resolution;
  readonly hiddenDocument?: HiddenDocument | undefined;
  /** `NODE_ENV`, where it is set. */
  readonly node: string | undefined;
  /** The purposes, or why there are none. */
  readonly purposes: PurposeRegistry | KeyturnError;
  /** The configuration files that are there, lowest first. */
  readonly configFiles: readonly string[];
  /** Where there is none: where some are instead. */
  readonly elsewhere: { readonly what: string; readonly hint: string } | undefined;
  /** Files beside them that look like some and are never read. */
  readonly misnamed: readonly { readonly what: string; readonly hint: string }[];
  readonly secretPlaces: readonly SecretPlace[];
  /** What stands in the folder `.keyturn`. */
  readonly dataDir: { readonly name: string; readonly secret: boolean; readonly document: boolean };
  readonly git: GitFacts;
  /** The keyring in force, or why it cannot be read; undefined for secrets by themselves that nobody reports on. */
  readonly ring: RingFacts | KeyturnError | undefined;
  /** The engine of the sessions, or what is wrong with its settings; undefined where they need none. */
  readonly sessionEngine: EngineFacts | KeyturnError | undefined;
  /** What a word list of the operator's says of the keys; undefined where none was named. */
  readonly wordlist: WordlistFacts | undefined;
  /** Libraries of the app that sign with secrets of their own, or beside Keyturn. */
  readonly neighbours: readonly FoundNeighbour[];
  /** Why sealed purposes cannot be sealed; undefined when they can, or none is declared. */
  readonly sealingFails: KeyturnError | undefined;
}

/** Looks at the facts and tells what it noticed; at least one point. */
export type Check = (facts: Facts) => readonly Point[];
