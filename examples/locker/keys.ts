import type { Keyturn } from 'keyturn';

/** The public name of the key that signs at present. */
export function signingKid(keyturn: Keyturn): string | undefined {
  return keyturn.keyring.keys.find((key) => key.state === 'active')?.id;
}
