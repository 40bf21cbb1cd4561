// How a command ends that does not succeed: with an error in two lines, and an exit code that says which kind it is.
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
  /** What programs are told beside the error. */
  readonly more?: object;
}

/** Ends a command with an error. */
export class Stop extends Error {
  readonly hint: string;
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly safeAt: number | undefined;
  readonly more: object;

  constructor(exitCode: ExitCode, message: string, hint: string, facts: StopFacts) {
    const { code, safeAt, cause, more = {} } = facts;
    super(message, { cause });
    this.exitCode = exitCode;
    this.hint = hint;
    this.code = code;
    this.safeAt = safeAt;
    this.more = more;
  }
}

/** @param code what programs tell it by */
export function refused(message: string, hint: string, code = 'refused'): Stop {
  return new Stop(1, message, hint, { code });
}

export function wrongUsage(message: string, hint: string): Stop {
  return new Stop(2, message, hint, { code: 'usage' });
}

/** What can be done later, as it was asked for. */
export function notYet(message: string, hint: string, facts: StopFacts): Stop {
  return new Stop(3, message, hint, facts);
}

/** Of these some tell when, and some depend on others. */
const FOR_NOW: readonly ErrorCode[] = ['too_early', 'replica_behind', 'source_differs'];

export function isForNow(error: unknown): error is KeyturnError {
  return error instanceof KeyturnError && (error.safeAt !== undefined || FOR_NOW.includes(error.code));
}
