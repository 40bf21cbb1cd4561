// The document that holds the keys in force, where a variable hides it: so it is between `init` and the restart without
// that variable. What is staged there is there when processes come to it.
import { variableOf } from '../config/settings.js';
import { KeyturnError, orKeyturnError } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
import { listOf } from '../printable.js';
import type { Machine } from '../resolve/machine.js';
import type { Resolution } from '../resolve/resolve.js';
import { takeAwayInWords } from './refusals.js';

/** Variables that give keys, or add to them. */
const OF_KEYS = (
  ['secret', 'file', 'command', 'previous_secrets', 'next_secrets', 'revoked_kids'] as const
).map((name) => variableOf(`security.signing_secret.${name}`));

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
  const takeAway = OF_KEYS.filter((name) => machine.env[name] !== undefined);
  if (place !== undefined || source === undefined || keyring === undefined || takeAway.length === 0)
    return undefined;
  const env = Object.fromEntries(Object.entries(machine.env).filter(([name]) => !takeAway.includes(name)));
  const rotation = await orKeyturnError(() => open({ ...machine, env }));
  if (rotation instanceof KeyturnError || rotation.place === undefined || rotation.shared) return undefined;
  const ring = await rotation.ring();
  const holds = keyring.live.every(({ id }) => ring.get(id)?.live === true);
  return holds ? { rotation, place: rotation.place, takeAway } : undefined;
}

/** The document was made of the keys in force, and is hidden still: processes that go by the variable know no other key. */
export function stillHidden({ place, takeAway }: HiddenDocument<unknown>): KeyturnError {
  return new KeyturnError(
    'source_differs',
    `this environment takes its keys from ${listOf(takeAway)}, which ${takeAway.length === 1 ? 'hides' : 'hide'} ${place}`,
    `${takeAwayInWords(takeAway)}; then keyturn rotate --wait`,
  );
}
