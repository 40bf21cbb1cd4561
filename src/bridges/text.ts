// For libraries that take their secrets as texts.
import { KeyturnError } from '../errors.js';
import type { BridgeKey } from './keys.js';

/**
 * @param name of the section under `[move_in]`
 * @throws KeyturnError `config_invalid` where an old secret is bytes
 */
export function textOf({ secret }: Pick<BridgeKey, 'secret'>, name: string): string {
  if (typeof secret === 'string') return secret;
  throw new KeyturnError(
    'config_invalid',
    `an old secret of move_in.${name} has an encoding, and the library takes its secret as the text that it is`,
    `take encoding out of [move_in.${name}]`,
  );
}
