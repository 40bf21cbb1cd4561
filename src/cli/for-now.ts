// What is refused for now: the same command can be run later, with nothing wrong meanwhile.
import { type ErrorCode, KeyturnError } from '../errors.js';

/** Of these some tell when, and some depend on others. */
const FOR_NOW: readonly ErrorCode[] = ['too_early', 'replica_behind', 'source_differs'];

export function isForNow(error: unknown): error is KeyturnError {
  return error instanceof KeyturnError && (error.safeAt !== undefined || FOR_NOW.includes(error.code));
}
