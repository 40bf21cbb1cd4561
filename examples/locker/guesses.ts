// Slows the guessing of passwords: wrong ones are counted by the address that they come from, and by the account that
// they are for, wherever they come from. Each process counts for itself.
//
// Whoever guesses on purpose keeps the owner of an account from signing in meanwhile, and not from what they are signed
// in to already, or from choosing a new password, with which the count begins anew.
import type { RateLimitOptions } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Accounts } from './accounts.js';
import { Refusal } from './errors.js';
import { field } from './fields.js';
import { inTurn } from './turns.js';

/** As {@link Accounts.check}, for so many wrong passwords and no more. @throws Refusal 429 */
export type CheckPassword = (
  request: FastifyRequest,
  user: string,
  given: string,
) => Promise<number | undefined>;

const WINDOW = { timeWindow: '15 minutes', cache: 20_000 } satisfies RateLimitOptions;
/** Many people may share an address; of IPv6 a network (/64) counts as one. */
const PER_ADDRESS: RateLimitOptions = { ...WINDOW, max: 30 };
const PER_ACCOUNT: RateLimitOptions = { ...WINDOW, max: 10 };

/** @param app has the plugin @fastify/rate-limit */
export function limitGuesses(app: FastifyInstance, accounts: Accounts): CheckPassword {
  const accountOf = ({ body }: FastifyRequest) => {
    const user = field(body, 'username').trim();
    return JSON.stringify([user, accounts.chosenAt(user)]);
  };
  const limits = [
    app.createRateLimit(PER_ADDRESS),
    app.createRateLimit({ ...PER_ACCOUNT, keyGenerator: accountOf }),
  ];

  const refuseFurther = async (request: FastifyRequest) => {
    for (const look of limits) {
      const limit = await look(request, { increment: false });
      if (!limit.isAllowed && limit.remaining === 0) throw tooMany(limit.ttlInSeconds);
    }
  };

  return async (request, user, given) => {
    await refuseFurther(request);
    return await inTurn(async () => {
      // Once more: of a hundred guesses at once all but a few have been counted only now.
      await refuseFurther(request);
      const passwordAt = await accounts.check(user, given);
      if (passwordAt === undefined) for (const count of limits) await count(request);
      return passwordAt;
    });
  };
}

function tooMany(seconds: number): Refusal {
  const minutes = Math.ceil(seconds / 60);
  const explanation = {
    title: 'Too many wrong passwords',
    advice: `Please wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, and try again.`,
  };
  return new Refusal(429, explanation, { 'retry-after': String(Math.max(1, seconds)) });
}
