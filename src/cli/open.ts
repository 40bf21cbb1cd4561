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

/** The options that decide what a command sees, as they are typed again: of another folder or profile all is different. */
export function sameOptions({ value }: Pick<Context, 'value'>): string {
  return ['cwd', 'env']
    .map((name) => [name, value(name)] as const)
    .filter(([, typed]) => typed !== undefined)
    .map(([name, typed = '']) => ` --${name} ${asWord(typed)}`)
    .join('');
}

/** One word of a shell. */
function asWord(text: string): string {
  return /^[\w./@%+:=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
