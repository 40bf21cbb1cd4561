// The public names of `keyturn/rotation`: what the commands do, for programs.
import { thisMachine } from '../resolve/machine.js';
import { Rotation } from './rotation.js';

export type { ReplicaReport, ReportedUse } from '../fleet/report.js';
export type { HistoryEntry } from '../keyring/keyring.js';
export type { Deploy, DeployStage, VariableChange } from './deploys.js';
export type { Effect, Impact, ImpactRow, Step } from './impact.js';
export type { Outcome, Rotation, StageOptions, StepOptions, Waiting, WaitOptions } from './rotation.js';
export type { KeyStatus, Status } from './status.js';

export interface OpenRotationOptions {
  /** Where `keyturn.toml` and `.keyturn` are; default: the working directory. */
  readonly cwd?: string;
  /** Read instead of `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `dev`, `test` or `prod`; default: read from the surroundings. */
  readonly profile?: string;
  /** Settings as in `keyturn.toml`, as `createKeyturn({ config })` takes them. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/**
 * Finds the keyring in force, to look at it and to take it through its life.
 *
 * @throws KeyturnError whatever keeps a process from starting, weak secrets apart
 */
export async function openRotation(options: OpenRotationOptions = {}): Promise<Rotation> {
  const { cwd, env, profile, config } = options;
  const machine = thisMachine({
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  });
  return await Rotation.open({ machine, profile, config });
}
