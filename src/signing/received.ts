// A token that came in, taken apart once: several may ask about it.
import { parseSealed, type SealedParts } from './sealed-token.js';
import { parseToken, type TokenParts } from './token.js';

/** Nothing in it has been verified. Both are undefined where it has the form of neither. */
export interface ReceivedToken {
  readonly signed: TokenParts | undefined;
  readonly sealed: SealedParts | undefined;
}

export function receive(token: string): ReceivedToken {
  const signed = parseToken(token);
  return { signed, sealed: signed === undefined ? parseSealed(token) : undefined };
}
