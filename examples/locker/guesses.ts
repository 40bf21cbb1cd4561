// Checks passwords, a few at a time.
import type { FastifyRequest } from 'fastify';
import type { Accounts } from './accounts.js';
import { inTurn } from './turns.js';

/** As {@link Accounts.check}. */
export type CheckPassword = (
  request: FastifyRequest,
  user: string,
  given: string,
) => Promise<number | undefined>;

export function takeTurns(accounts: Accounts): CheckPassword {
  return async (_request, user, given) => await inTurn(() => accounts.check(user, given));
}
