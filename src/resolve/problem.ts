// What the resolver finds wrong, gathered instead of thrown: boot throws the first, the doctor tells all.
import { KeyturnError } from '../errors.js';

/** The part of the configuration that a problem belongs to; the doctor has a check of the same name. */
export type ProblemArea = 'profile' | 'configuration' | 'signing_secret' | 'keyring' | 'source';

/** Something that is wrong with what was configured. */
export interface Problem {
  /** Where it is. */
  readonly area: ProblemArea;
  /** An error stops the process, a warning is logged. */
  readonly severity: 'error' | 'warning';
  /** What it is, and what to do about it. */
  readonly error: KeyturnError;
  /** Only who serves requests needs what is lacking: an operator's shell has other variables than the service. */
  readonly serving?: true;
}

export class Problems {
  readonly list: Problem[] = [];

  error(area: ProblemArea, error: KeyturnError): void {
    this.list.push({ area, severity: 'error', error });
  }

  /** What keeps a process from serving, and no command from its work. */
  errorOfServing(area: ProblemArea, error: KeyturnError): void {
    this.list.push({ area, severity: 'error', error, serving: true });
  }

  warn(area: ProblemArea, error: KeyturnError): void {
    this.list.push({ area, severity: 'warning', error });
  }

  /** Runs a step; an operator's mistake in it becomes a problem. Anything else is a bug, and is thrown. */
  attempt<T>(area: ProblemArea, step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof KeyturnError)) throw error;
      this.error(area, error);
      return undefined;
    }
  }
}

/** Throws the first error. @param isExcused of those that are in nobody's way */
export function refuseErrors(
  problems: readonly Problem[],
  isExcused: (problem: Problem) => boolean = () => false,
): void {
  const wrong = problems.find((problem) => problem.severity === 'error' && !isExcused(problem));
  if (wrong !== undefined) throw wrong.error;
}
