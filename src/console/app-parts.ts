// What a console is made of besides its pages.
import type { Logger } from '../runtime/log.js';
import type { Beside, ConsoleSource } from './contract.js';

export interface ConsoleParts {
  readonly source: ConsoleSource;
  /** Whether steps are switched on. */
  readonly steps: boolean;
  /** The name of the app, where it has one. */
  readonly app: string | undefined;
  /** What else the first page tells, asked for with each drawing. */
  readonly beside?: (() => readonly Beside[]) | undefined;
  readonly logger: Pick<Logger, 'error' | 'info'>;
}
