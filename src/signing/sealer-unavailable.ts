// What is said where something is to be sealed and the peer is not there.
import { KeyturnError } from '../errors.js';

export const AEAD_PACKAGE = 'libsodium-wrappers';

export function sealerUnavailable(purpose: string): KeyturnError {
  const setting = purpose === 'session' ? '[session]' : `[purposes.${purpose}]`;
  return new KeyturnError(
    'sealer_unavailable',
    `tokens for "${purpose}" cannot be sealed: the package ${AEAD_PACKAGE} is not installed`,
    `npm install ${AEAD_PACKAGE}; production loads it where sealed = true stands under ${setting}`,
  );
}
