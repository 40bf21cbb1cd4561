// How a command that does not succeed ends: with an error in two lines, and an exit code for the kind of error.
import { type ErrorCode, KeyturnError } from '../errors.js';

/** 1: refused, or findings; 2: wrong usage; 3: not yet safe. */
export type ExitCode = 1 | 2 | 3;

/** What an error says to programs. */
interface StopFacts {
  /** One of the library's, or `usage`, `refused`. */
  readonly code: string;
  /** When it becomes safe; milliseconds since 1970. */
  readonly safeAt?: number | undefined;
  readonly cause?: unknown;
  /** Further fields for programs, beside the error. */
  readonly more?: object;
}

/** Ends a command with an error. */
export class Stop extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string;
  readonly facts: StopFacts;

  constructor(exitCode: ExitCode, message: string, hint: string, facts: StopFacts) {
    super(message, { cause: facts.cause });
    this.exitCode = exitCode;
    this.hint = hint;
    this.facts = facts;
  }
}

/** @param code by which programs know this error */
export function refused(message: string, hint: string, code = 'refused'): Stop {
  return new Stop(1, message, hint, { code });
}

export function wrongUsage(message: string, hint: string): Stop {
  return new Stop(2, message, hint, { code: 'usage' });
}

/** The same command can succeed later. */
export function notYet(message: string, hint: string, facts: StopFacts): Stop {
  return new Stop(3, message, hint, facts);
}

/** Refusals that pass. Some of them say when; others wait for replicas. */
const FOR_NOW: readonly ErrorCode[] = ['too_early', 'replica_behind', 'source_differs'];

export function isForNow(error: unknown): error is KeyturnError {
  return error instanceof KeyturnError && (error.safeAt !== undefined || FOR_NOW.includes(error.code));
}
