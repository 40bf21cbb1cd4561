// The public names of `keyturn/rotation`: what the commands do, for programs.
import { KeyturnError } from '../errors.js';
import { Key, type KeyState, Material } from '../keyring/key.js';
import { type Machine, thisMachine } from '../resolve/machine.js';
import { generateSecret } from '../secret/generate.js';
import { foundDocument } from './found.js';
import { Rotation, strongSecret } from './rotation.js';

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

export interface FoundKeyringOptions extends OpenRotationOptions {
  /** Secrets to take over, the newest first; default: the keys in force, or a fresh one where there are none. */
  readonly secrets?: readonly string[];
  /** Who does it, for the history. */
  readonly who?: string;
}

/** What {@link foundKeyring} wrote. */
export interface FoundKeyring {
  /** The keyring document. */
  readonly path: string;
  readonly keys: ReadonlyArray<{ readonly id: string; readonly state: KeyState }>;
  /** Variables and settings that the document replaces, and that must go. */
  readonly takeAway: readonly string[];
}

/**
 * Starts a keyring document in `.keyturn`, as `keyturn init` and `keyturn import` do: of the keys in force, or of
 * secrets of another place. Of those the first signs and the others verify, and the keys in force go on verifying,
 * so that nobody is logged out. Nothing is ever overwritten.
 *
 * @throws KeyturnError `keyring_exists`, `keyring_unwritable`, `secret_weak`, `key_state` for a secret whose key is
 * revoked, and what keeps a process from starting
 */
export async function foundKeyring(options: FoundKeyringOptions = {}): Promise<FoundKeyring> {
  const imported = (options.secrets ?? []).map((secret) => new Material(strongSecret(secret)));
  const { path, ring, takeAway } = await foundDocument({
    machine: machineOf(options),
    profile: options.profile,
    who: options.who,
    command: imported.length === 0 ? 'init' : 'import',
    excuses: ['secret_missing'],
    keys: async ({ keyring }) => foundingKeys(imported, keyring?.keys ?? []),
  });
  return { path, keys: ring.keys.map(({ id, state }) => ({ id, state })), takeAway };
}

function foundingKeys(imported: readonly Material[], inForce: readonly Key[]): readonly Key[] {
  if (imported.length === 0) {
    return inForce.length > 0 ? inForce : [new Key(new Material(generateSecret()), 'active')];
  }
  const keys = new Map<string, Key>();
  for (const material of imported) {
    // Whoever revoked it had a reason: taking it over would accept its tokens again.
    if (inForce.some((key) => key.id === material.kid && key.state === 'revoked')) {
      throw new KeyturnError('key_state', `the key ${material.kid} is revoked`, 'leave its secret out');
    }
    if (!keys.has(material.kid))
      keys.set(material.kid, new Key(material, keys.size === 0 ? 'active' : 'retiring'));
  }
  for (const key of inForce) {
    if (keys.has(key.id)) continue;
    keys.set(key.id, key.state === 'active' ? new Key(key.material ?? key.id, 'retiring') : key);
  }
  return [...keys.values()];
}

/**
 * Finds the keyring in force, to look at it and to take it through its life.
 *
 * @throws KeyturnError whatever keeps a process from starting, weak secrets apart
 */
export async function openRotation(options: OpenRotationOptions = {}): Promise<Rotation> {
  const { profile, config } = options;
  return await Rotation.open({ machine: machineOf(options), profile, config });
}

function machineOf({ cwd, env }: OpenRotationOptions): Machine {
  return thisMachine({ ...(cwd === undefined ? {} : { cwd }), ...(env === undefined ? {} : { env }) });
}
