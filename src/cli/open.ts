// The keyring in force, as every command finds it.
import { Rotation, type RotationOptions } from '../rotation/rotation.js';
import type { Context } from './command.js';

/** Opened for as long as the command runs. */
export async function openRotation(
  { machine, profile, defer }: Context,
  more: Partial<RotationOptions> = {},
): Promise<Rotation> {
  const rotation = await Rotation.open({ machine, profile, ...more });
  defer(() => rotation.close());
  return rotation;
}
