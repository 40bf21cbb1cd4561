// What an operator knows better than the fleet: that a process has ended, or that a report is nobody's.
import type { HeardReport } from '../fleet/authentic.js';
import { endedFacts, lastSignedBy } from '../fleet/replica-facts.js';
import type { TransitionFacts } from '../keyring/step-facts.js';

/** @param names of processes, or of the places that they run in */
export function isNamed({ instance, unit }: HeardReport, names: readonly string[] = []): boolean {
  return names.includes(instance) || (unit !== undefined && names.includes(unit));
}

/** The facts of a step without these processes: they know nothing any more, and may have signed until now. */
export function withGone(facts: TransitionFacts, gone: readonly HeardReport[]): TransitionFacts {
  const ended = gone.map((report) => ({
    ...endedFacts(lastSignedBy(report, facts.now)),
    instance: report.instance,
  }));
  return {
    ...facts,
    replicas: [...facts.replicas, ...ended],
    gone: gone.map(({ instance }) => instance),
  };
}
