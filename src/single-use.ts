// Tokens that work once: a token is signed and stateless, so a store has to remember that it was used.

import type { SessionStore } from './sessions/stores/contract.js';
import { requireStore } from './sessions/stores/require.js';
import { digest } from './signing/digest.js';
import type { Signer, VerifyOptions } from './signing/public-signer.js';
import type { RefusalReason, Verified } from './signing/result.js';

/** A refusal of {@link SingleUse.redeem}: as of `verify`, or `used` for a token that was redeemed before. */
export interface RedeemRefusal {
  readonly ok: false;
  /** Why, for logs and metrics; clients are never told. */
  readonly reason: RefusalReason | 'used';
}

/** Makes tokens work once. Made by {@link createSingleUse}. */
export interface SingleUse {
  /**
   * Verifies a token and uses it up: of any number of requests that redeem it, exactly one succeeds. Redeem last,
   * after everything else about the request has been found right.
   */
  redeem<T>(
    signer: Signer<T>,
    token: unknown,
    options?: VerifyOptions<T>,
  ): Promise<Verified<T> | RedeemRefusal>;
}

/**
 * Remembers redeemed tokens in a session store, until they would have expired anyway.
 *
 * @param store any store of sessions; what is remembered stands there under names of its own
 * @example
 * const once = createSingleUse(keyturn.sessionStore ?? memoryStore());
 * const result = await once.redeem(keyturn.signer('password-reset'), token);
 * if (!result.ok) return reply.code(400).send('This link does not work any more.');
 *
 * @throws KeyturnError `store_invalid`
 */
export function createSingleUse(store: SessionStore): SingleUse {
  const used = requireStore(store, 'createSingleUse(store)');
  return {
    async redeem(signer, token, options) {
      const result = await (options === undefined ? signer.verify(token) : signer.verify(token, options));
      if (!result.ok) return result;
      // Only a token that verified gets here, so strangers cannot fill the store; and only a hash is kept.
      const id = `once-${digest(String(token))}`;
      const record = {
        text: '{}',
        createdAt: result.issuedAt.getTime(),
        expiresAt: result.expiresAt.getTime(),
      };
      const outcome = await used.put(id, record, 0);
      return outcome === 'saved' ? result : { ok: false, reason: 'used' };
    },
  };
}
