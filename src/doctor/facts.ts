// What the doctor knows before it judges. Gathered by run.ts; the checks see nothing else.
import type { KeyturnError } from '../errors.js';
import type { PurposeRegistry } from '../purposes/registry.js';
import type { Resolution } from '../resolve/resolve.js';
import type { Status } from '../rotation/status.js';
import type { Point } from './finding.js';

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
  /** `absent`: no git here; `silent`: it did not answer in time; `none`: the folder is in no checkout. */
  readonly state: 'absent' | 'silent' | 'none' | 'checkout';
  /** Files with secrets that git tracks. */
  readonly tracked: readonly string[];
  /** The folder `.keyturn` is there, inside the checkout, and no rule ignores it. */
  readonly dataDirExposed: boolean;
}

export interface Facts {
  readonly resolution: Resolution;
  /** The purposes, or why there are none. */
  readonly purposes: PurposeRegistry | KeyturnError;
  /** The configuration files that are there, lowest first. */
  readonly configFiles: readonly string[];
  readonly secretPlaces: readonly SecretPlace[];
  /** What stands in the folder `.keyturn`. */
  readonly dataDir: { readonly name: string; readonly secret: boolean; readonly document: boolean };
  readonly git: GitFacts;
  /** The keyring document in force with what its processes report; undefined where there is none in a file. */
  readonly ring: Status | undefined;
  /** Why sealed purposes cannot be sealed; undefined when they can, or none is declared. */
  readonly sealingFails: KeyturnError | undefined;
}

/** Looks at the facts and tells what it noticed; at least one point. */
export type Check = (facts: Facts) => readonly Point[];
