// Asks an engine, and says in one way that it does not answer.

import { KeyturnError } from '../errors.js';
import { describeFailure, type EngineFailure, failureOf } from './failure.js';
import { withTimeout } from './watch.js';

/** A client that the app made may wait for ever. Those that are opened here give up sooner by themselves. */
const PATIENCE_MS = 4000;

/** @param place what an operator calls it. @throws KeyturnError `engine_unavailable` */
export async function ask<T>(place: string, question: () => Promise<T>): Promise<T> {
  try {
    return await withTimeout(question(), PATIENCE_MS);
  } catch (error) {
    throw engineUnavailable(error, (failure) => `${place} ${describeFailure(failure)}`);
  }
}

/**
 * What an engine or its client has thrown, in words of ours: its own may hold addresses and names of users, and are in
 * the cause. Errors of Keyturn know better themselves.
 */
export function engineUnavailable(error: unknown, say: (failure: EngineFailure) => string): KeyturnError {
  if (error instanceof KeyturnError) return error;
  const failure = failureOf(error);
  return new KeyturnError('engine_unavailable', say(failure), failure.hint, { cause: plain(error) });
}

/** What an operator wants to read: some clients hang onto their errors what was to be kept, sessions and all. */
function plain(error: unknown): Error {
  const { name, message, code, stack } = (error ?? {}) as Partial<Error> & { readonly code?: unknown };
  // Of several addresses that were tried in vain Node tells only the code.
  const told = Object.assign(new Error(message || String(code ?? error)), code === undefined ? {} : { code });
  told.name = name ?? 'Error';
  if (stack !== undefined) told.stack = stack;
  return told;
}
