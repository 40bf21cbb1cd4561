// Cookies that were verified a moment ago: a browser sends the same one with every request of a page.
//
// What is looked up is the part of a token that anybody may know, header and payload; the MAC is then compared in
// constant time with that of the genuine one. So a guess at a MAC takes as long as ever to refuse.
import type { Keyring } from '../keyring/keyring.js';
import { sameMac } from './hmac.js';

/** So many are remembered, and as many again that are on their way out: at most some 2 MB per purpose. */
const GENERATION = 1000;
/** Longer tokens are not worth their room. */
const LONGEST = 1024;

/** A genuine token: what the MAC covers, the MAC, and the payload as JSON text. */
export interface Genuine {
  readonly signed: string;
  readonly mac: string;
  readonly json: string;
}

export class RecentTokens {
  #ring: Keyring | undefined;
  #young = new Map<string, Genuine>();
  #old = new Map<string, Genuine>();

  /** The token, if it was genuine a moment ago, under the ring in force. */
  find(ring: Keyring, signed: string, mac: string): Genuine | undefined {
    // Under another ring nothing is remembered: a revoked key is refused at once.
    if (ring !== this.#ring) this.#forget(ring);
    let genuine = this.#young.get(signed);
    if (genuine === undefined) {
      genuine = this.#old.get(signed);
      if (genuine === undefined) return undefined;
      this.#remember(genuine);
    }
    return sameMac(genuine.mac, mac) ? genuine : undefined;
  }

  /** Remembers a token that has just been verified under the ring in force. */
  add(ring: Keyring, { signed, mac, json }: Genuine): void {
    if (ring !== this.#ring || signed.length > LONGEST) return;
    this.#remember({ signed: ownCopy(signed), mac: ownCopy(mac), json });
  }

  #remember(genuine: Genuine): void {
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(genuine.signed, genuine);
  }

  #forget(ring: Keyring): void {
    this.#ring = ring;
    this.#young = new Map();
    this.#old = new Map();
  }
}

/**
 * The same text in memory of its own. A part of a text is a view of the whole: remembered as it is, each token would keep
 * the `Cookie` header alive that it came in, with everything that somebody put beside it. What is genuine is ASCII.
 */
function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
