// The document that holds the keys in force, where a variable hides it: so it is between `init` and the restart without
// that variable. What is staged there is there when processes come to it.
import { KeyturnError } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
import type { Machine } from '../resolve/machine.js';
import type { Resolution } from '../resolve/resolve.js';
import { variablesOfKeys } from './refusals.js';

/** A keyring document that a variable hides. */
export interface HiddenDocument<Rotation> {
  readonly rotation: Rotation;
  /** As an operator calls it. */
  readonly place: string;
  /** The variables that hide it. */
  readonly takeAway: readonly string[];
}

interface Opened {
  readonly resolution: Resolution;
  readonly place: string | undefined;
  readonly shared: boolean;
  ring(): Promise<Keyring>;
}

/** @param open the same rotation on another machine: this one without the variables */
export async function findHidden<Rotation extends Opened>(
  { place, resolution: { source, keyring } }: Opened,
  machine: Machine,
  open: (machine: Machine) => Promise<Rotation>,
): Promise<HiddenDocument<Rotation> | undefined> {
  const takeAway = variablesOfKeys(machine.env);
  if (place !== undefined || source === undefined || keyring === undefined || takeAway.length === 0)
    return undefined;
  const env = Object.fromEntries(Object.entries(machine.env).filter(([name]) => !takeAway.includes(name)));
  const rotation = await open({ ...machine, env }).catch((error) => {
    if (error instanceof KeyturnError) return undefined;
    throw error;
  });
  if (rotation?.place === undefined || rotation.shared) return undefined;
  const ring = await rotation.ring();
  const holds = keyring.live.every(({ id }) => ring.get(id)?.live === true);
  return holds ? { rotation, place: rotation.place, takeAway } : undefined;
}
