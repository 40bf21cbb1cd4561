// The wire format of a sealed token, version 1. docs/token-format.md is its specification.
//
//   ks1.<kid>.<issued><expires>.<body>
//
// The header is that of a signed token. body: nonce (24 bytes), what was encrypted, tag (16 bytes), in base64url.
// Authenticated beside it: the header with its last dot, and what the token is bound to.
import { KID_END, KID_START, PAYLOAD_START, parseTime, TIME_CHARACTERS, TIMES_START } from './token.js';

/** Bytes. */
export const NONCE = 24;
const TAG = 16;
/** As many as the MAC of a signed token has: the tag and some more. */
const TAIL_CHARACTERS = 43;
const SHORTEST = PAYLOAD_START + Math.ceil(((NONCE + 1 + TAG) * 4) / 3);
/**
 * The most that one token may hold, in bytes. The memory that libsodium works in grows to twice of it and never
 * shrinks, and strangers may send tokens of any length.
 */
export const LARGEST_CONTENT: number = 1024 * 1024;
const LONGEST = PAYLOAD_START + Math.ceil(((NONCE + 1 + LARGEST_CONTENT + TAG) * 4) / 3);

/** Where the parts of a sealed token lie. Nothing in it has been verified. */
export interface SealedParts {
  readonly kid: string;
  /** With its last dot. */
  readonly header: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** Not looked at yet: it may be anything. */
  readonly body: string;
  /** The token up to its last characters: what anybody may know who tries to guess the rest. */
  readonly lead: string;
  /** Its last characters, which hold the tag. */
  readonly tail: string;
}

/** Takes a sealed token apart; undefined when it does not have the form of one. Costs no cryptography. */
export function parseSealed(token: string): SealedParts | undefined {
  if (token.length < SHORTEST || token.length > LONGEST || !token.startsWith('ks1.')) return undefined;
  if (token[KID_END] !== '.' || token[PAYLOAD_START - 1] !== '.') return undefined;
  const issuedAt = parseTime(token, TIMES_START);
  const expiresAt = parseTime(token, TIMES_START + TIME_CHARACTERS);
  if (issuedAt < 0 || expiresAt < 0) return undefined;
  return {
    kid: token.slice(KID_START, KID_END),
    header: token.slice(0, PAYLOAD_START),
    issuedAt,
    expiresAt,
    body: token.slice(PAYLOAD_START),
    lead: token.slice(0, -TAIL_CHARACTERS),
    tail: token.slice(-TAIL_CHARACTERS),
  };
}
