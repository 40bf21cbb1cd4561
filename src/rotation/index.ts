// The public names of `keyturn/rotation`: what the commands do, for programs.
import { type OptionNames, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { KeyState, Material } from '../keyring/key.js';
import type { Config } from '../purposes/payloads.js';
import { type Machine, thisMachine } from '../resolve/machine.js';
import { initRing } from './init/init.js';
import type { RotationOptions } from './opening.js';
import { publicRotation, type Rotation } from './public-rotation.js';
import { Rotation as RingRotation } from './rotation.js';
import { strongMaterial } from './strong-secret.js';

export type { HeardReport } from '../fleet/authentic.js';
export type { Count, Counts, CountsSpan } from '../fleet/counts.js';
export type { Problem } from '../fleet/diagnosis.js';
export type { ReplicaReport, ReportedMoveIn, ReportedUse } from '../fleet/report.js';
export type { HistoryEntry } from '../keyring/keyring.js';
export type { KeyringView, KeyView } from '../keyring/view.js';
export { keyringSchemaSql } from '../keyring-stores/postgres-schema.js';
export type { Deploy, DeployStage, VariableChange } from './deploys.js';
export type { Effect, Impact, ImpactRow, Step } from './impact.js';
export type { Outcome, Rotation } from './public-rotation.js';
export type { KeyStatus, MoveInStatus, Status, WaitsFor } from './status.js';
export type { StageOptions, StepOptions } from './step.js';
export type { UnusedBuiltIn } from './unused.js';
export type { Waiting, WaitOptions } from './wait.js';

/** What `openRotation()` takes. */
export interface OpenRotationOptions {
  /** Where `keyturn.toml` and `.keyturn` are; default: the working directory. */
  readonly cwd?: string;
  /** Read instead of `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `dev`, `test` or `prod`; default: read from the surroundings. */
  readonly profile?: string;
  /** Settings as in `keyturn.toml`, as `createKeyturn({ config })` takes them. */
  readonly config?: Config;
}

/** What `initKeyring()` takes. */
export interface InitKeyringOptions extends OpenRotationOptions {
  /** Secrets to take over, the newest first; default: the keys in force, or a fresh one where there are none. */
  readonly secrets?: readonly string[];
  /** Who does it, for the history. */
  readonly who?: string;
}

const OPEN: OptionNames<OpenRotationOptions> = { cwd: true, env: true, profile: true, config: true };
const INIT: OptionNames<InitKeyringOptions> = { ...OPEN, secrets: true, who: true };

/** What {@link initKeyring} made. */
export interface NewKeyring {
  /** Where the keyring is kept, as an operator calls it. */
  readonly place: string;
  /** The keyring document; undefined where `security.keyring.store` names an engine. */
  readonly path: string | undefined;
  /** Its keys, without material. */
  readonly keys: ReadonlyArray<{ readonly id: string; readonly state: KeyState }>;
  /** Weak secrets in force that do not come along, by key id. */
  readonly left: readonly string[];
  /** Variables and settings that the document replaces, and that must go. */
  readonly takeAway: readonly string[];
}

/**
 * Starts a keyring, as `keyturn init` and `keyturn import` do: in the engine that `security.keyring.store` names, else
 * a document in `.keyturn`. Of the keys in force, or of secrets of another place: of those the first signs and the
 * others verify, and the keys in force go on verifying, so that nobody is logged out. Nothing is ever overwritten.
 *
 * @example
 * const { path, takeAway } = await initKeyring({ who: 'deploy' });
 * console.log(`keys are in ${path} now; remove ${takeAway.join(', ')}`);
 *
 * @throws KeyturnError `config_elsewhere`, `keyring_exists`, `keyring_unwritable`, `secret_weak`, `key_state` for a secret whose key is
 * revoked, and what keeps a process from starting; with an engine also `engine_missing`, `engine_unavailable`,
 * `keyring_sealed`, `profile_differs`, `secret_differs`
 */
export async function initKeyring(options: InitKeyringOptions = {}): Promise<NewKeyring> {
  requireOptions(options, 'initKeyring(options)', INIT, { secret: 'write secrets: [secret]' });
  const imported = (options.secrets ?? []).map(strongMaterial);
  const { place, document, ring, keys, takeAway } = await initRing({
    machine: machineOf(options),
    profile: options.profile,
    config: options.config as RotationOptions['config'],
    placeSaid: options.cwd !== undefined,
    who: options.who,
    imported,
    approve: ({ left }) => refuseRevoked(imported, left),
  });
  return {
    place,
    path: document?.path,
    keys: ring.keys.map(({ id, state }) => ({ id, state })),
    left: keys.left,
    takeAway,
  };
}

/** Who asks for a secret by name wants it, and has to know that it cannot be had. */
function refuseRevoked(imported: readonly Material[], left: readonly string[]): void {
  const revoked = imported.find(({ kid }) => left.includes(kid));
  if (revoked === undefined) return;
  throw new KeyturnError('key_state', `the key ${revoked.kid} is revoked`, 'leave its secret out');
}

/**
 * Finds the keyring in force, to look at it and to take it through its life.
 *
 * @example
 * await using rotation = await openRotation({ profile: 'prod' });
 * await rotation.stage({ who: 'deploy' });
 * await rotation.promoteWhenSafe({ patience: 300, who: 'deploy' });
 *
 * @throws KeyturnError whatever keeps a process from starting, weak secrets apart
 */
export async function openRotation(options: OpenRotationOptions = {}): Promise<Rotation> {
  requireOptions(options, 'openRotation(options)', OPEN);
  const { profile } = options;
  const config = options.config as RotationOptions['config'];
  return publicRotation(await RingRotation.open({ machine: machineOf(options), profile, config }));
}

function machineOf({ cwd, env }: OpenRotationOptions): Machine {
  return thisMachine({ ...(cwd === undefined ? {} : { cwd }), ...(env === undefined ? {} : { env }) });
}
