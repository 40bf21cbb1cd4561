// Cookies that were verified a moment ago: a browser sends the same one with every request of a page.
//
// What is looked up is the part of a token that anybody may know, header and payload. The MAC is then compared in
// constant time with that of the genuine token, so that a guess at a MAC takes as long as ever to refuse.
//
// A token is remembered only when it is verified for the second time while nobody else has used its slot. Where each
// request brings another cookie, copying all of them would cost more than it saves (docs/performance.md).
import type { Keyring } from '../keyring/keyring.js';
import { sameMac } from './hmac.js';

/** One token each: at most some 2.5 MB per purpose, and some 10 MB with what is read in them. A power of two. */
const SLOTS = 2048;
/** Characters. Longer tokens are not worth their room. */
const LONGEST = 1024;
/** Here the payload of each session holds a part of its random id, whether the session is in the cookie or in a store. */
const MARK_START = 36;
const MARK_END = 52;

/** A genuine token: what the MAC covers, the MAC, and the payload as JSON text. */
interface GenuineToken {
  readonly signed: string;
  readonly mac: string;
  readonly json: string;
}

/** One that is remembered. */
export interface RecentToken extends GenuineToken {
  /** What its reader has made of the payload, for the next time. Many requests have it at once: nobody changes it. */
  read: unknown;
}

export class RecentTokens {
  #ring: Keyring | undefined;
  #marks = new Int32Array(0);
  #tokens: Array<RecentToken | undefined> = [];

  /** The token, if it was genuine a moment ago, under the ring in force. */
  find(ring: Keyring, signed: string, mac: string): RecentToken | undefined {
    // Under another ring nothing is remembered: a revoked key is refused at once.
    if (ring !== this.#ring) this.#forget(ring);
    const known = this.#tokens[slotOf(markOf(signed))];
    return known !== undefined && known.signed === signed && sameMac(known.mac, mac) ? known : undefined;
  }

  /** Told of a token that has just been verified under the ring in force. */
  add(ring: Keyring, { signed, mac, json }: GenuineToken): void {
    if (ring !== this.#ring || signed.length > LONGEST) return;
    const mark = markOf(signed);
    const slot = slotOf(mark);
    if (this.#marks[slot] !== mark) this.#marks[slot] = mark;
    else this.#tokens[slot] = { signed: ownCopy(signed), mac: ownCopy(mac), json, read: undefined };
  }

  #forget(ring: Keyring): void {
    this.#ring = ring;
    this.#marks = new Int32Array(SLOTS);
    this.#tokens = new Array(SLOTS).fill(undefined);
  }
}

/** Tells most tokens apart. Who makes two collide gains nothing: a MAC is computed then. */
function markOf(signed: string): number {
  let mark = 0;
  for (let at = MARK_START; at < MARK_END; at++) mark = (Math.imul(mark, 31) + signed.charCodeAt(at)) | 0;
  return mark ^ (mark >>> 15);
}

function slotOf(mark: number): number {
  return mark & (SLOTS - 1);
}

/**
 * The same text in memory of its own. A part of a text is a view of the whole: remembered as it is, each token would keep
 * the `Cookie` header alive that it came in, with everything that somebody put beside it. What is genuine is ASCII.
 */
function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
