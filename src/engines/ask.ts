// Asks an engine, and says in one way that it does not answer.

import { KeyturnError } from '../errors.js';
import { describeFailure, failureOf } from './failure.js';
import { withTimeout } from './watch.js';

/** A client that the app made may wait for ever. Those that are opened here give up sooner by themselves. */
const PATIENCE_MS = 4000;

/**
 * The engine's own errors may hold addresses and names of users: they are told in words of ours, and are the cause.
 *
 * @param name what an operator calls the place
 * @throws KeyturnError `engine_unavailable`
 */
export async function ask<T>(name: string, question: () => Promise<T>): Promise<T> {
  try {
    return await withTimeout(question(), PATIENCE_MS);
  } catch (error) {
    if (error instanceof KeyturnError) throw error;
    const failure = failureOf(error);
    throw new KeyturnError('engine_unavailable', `${name} ${describeFailure(failure)}`, failure.hint, {
      cause: error,
    });
  }
}
