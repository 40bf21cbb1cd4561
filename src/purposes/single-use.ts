// Tokens that work once: a token is signed and stateless, so a store has to remember that it was used.
import { digest } from '../signing/digest.js';
import type { RefusalReason, Verified } from '../signing/result.js';
import type { Signer, VerifyOptions } from '../signing/signer.js';
import type { SessionStore } from '../stores/store.js';

/** A refusal of {@link SingleUse.redeem}: as of `verify`, or `used` for a token that was redeemed before. */
export interface RedeemRefusal {
  readonly ok: false;
  readonly reason: RefusalReason | 'used';
}

/** Remembers redeemed tokens in a session store, until they would have expired anyway. */
export class SingleUse {
  readonly #store: SessionStore;

  /** @param store any store of sessions; records of this class stand under names of their own */
  constructor(store: SessionStore) {
    this.#store = store;
  }

  /**
   * Verifies a token and uses it up: of any number of requests that redeem it, exactly one succeeds. Redeem last,
   * after everything else about the request has been found right.
   */
  async redeem<T>(
    signer: Signer<T>,
    token: unknown,
    options?: VerifyOptions<T>,
  ): Promise<Verified<T> | RedeemRefusal> {
    const result = await (options === undefined ? signer.verify(token) : signer.verify(token, options));
    if (!result.ok) return result;
    // Only a token that verified gets here, so strangers cannot fill the store; and only a hash is kept.
    const id = `once-${digest(String(token))}`;
    const record = {
      text: '{}',
      createdAt: result.issuedAt.getTime(),
      expiresAt: result.expiresAt.getTime(),
    };
    const outcome = await this.#store.put(id, record, 0);
    return outcome === 'saved' ? result : { ok: false, reason: 'used' };
  }
}
