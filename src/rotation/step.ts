// What a step of a rotation takes, and what comes of it.
import type { Keyring } from '../keyring/keyring.js';

/** What every step takes. */
export interface StepOptions {
  /** Who does it, for the history: `--who` on the command line. */
  readonly who?: string | undefined;
  /** Why, for the history: `--reason` on the command line. */
  readonly why?: string | undefined;
  /** How many replicas there are: lets fresh reports of all of them shorten the wait before `promote`. */
  readonly replicas?: number | undefined;
  /** Processes that have ended, whatever is reported: by instance, or by what `KEYTURN_INSTANCE` calls them. */
  readonly gone?: readonly string[] | undefined;
  /** Change nothing; tell what would be. */
  readonly dryRun?: boolean | undefined;
}

/** What `stage()` takes. */
export interface StageOptions extends StepOptions {
  /** The new secret; default: 32 random bytes as hex digits. */
  readonly secret?: string | undefined;
  /** Schedules the staged key: it signs after so many seconds, without another step. */
  readonly activateIn?: number | undefined;
}

/** What a step did, or with `dryRun` would do. */
export interface Outcome {
  readonly ring: Keyring;
  /** Before the step. */
  readonly former: Keyring;
  /** The key that it was about. */
  readonly kid: string;
}
