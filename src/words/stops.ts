// What keeps every step from being taken, before anything else is said of one.
import type { Problem } from '../fleet/diagnosis.js';
import { problemText } from '../fleet/diagnosis-words.js';
import type { Status } from '../rotation/status.js';
import { withNames } from './names.js';
import { moment } from './time.js';

/** What keeps every step from being taken. */
const STOPS: readonly Problem['kind'][] = [
  'document_lost',
  'other_profile',
  'other_source',
  'without_shared',
  'forked',
  'outdated',
  'own_clock',
];

/** What keeps every step from being taken, if anything does. */
export function firstProblemOf({ problems }: Status): Problem | undefined {
  return problems.find(stopsSteps);
}

/**
 * Whether it keeps every step from being taken. What is wrong besides holds up one step, or nothing. A silent process
 * has the same said of it as long as it counts: steps are refused because of it until then.
 */
export function stopsSteps(problem: Problem): boolean {
  if (problem.kind === 'other_secret') return problem.isRefused;
  // One that is silent may have been stopped to put it right.
  return STOPS.includes(problem.kind) && (problem.live || problem.kind !== 'without_shared');
}

/** Whether no step can be taken before something is put right. */
export function isStopped(status: Status): boolean {
  return firstProblemOf(status) !== undefined || status.silence !== undefined;
}

/** The same in words, with what to do. @param asker what whoever asks is called */
export function firstProblem(status: Status, asker = 'this command'): string | undefined {
  const found = firstProblemOf(status);
  if (found === undefined) return undefined;
  const { what, hint } = problemText(withNames(found, status), asker, (at) => moment(at, status.now));
  return `first ${hint}: ${what}`;
}
