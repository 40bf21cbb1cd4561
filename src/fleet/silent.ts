// Until when replicas count that may be gone, and those that an engine which lost its data no longer knows of.
import { KeyturnError } from '../errors.js';
import type { HeardReport } from './authentic.js';
import { isSilent } from './replica-facts.js';
import type { ReplicaReport } from './report.js';

/** What decides until when a report counts. */
export interface CountsBy {
  /** The lease of whoever asks, in seconds. */
  readonly lease: number;
  /** The most by which clocks differ, in seconds. */
  readonly skew: number;
  /**
   * Whether reports lie beside a file. There the lease of whoever reads them counts; in an engine, that of the report.
   */
  readonly inFile: boolean;
}

/** Replicas that may be cut off from an engine that has lost what they said. */
export interface UnheardOf {
  /** Until when they hold up steps at most; milliseconds since 1970. */
  readonly until: number;
  /** What they may verify and sign with, by key id. */
  readonly verifies: readonly string[];
  readonly signs: string | undefined;
}

/** Until when a report counts, when no other follows; milliseconds since 1970. */
export function countsUntil({ at, lease: own }: ReplicaReport, { lease, inFile }: CountsBy): number {
  return at + (inFile ? lease : (own ?? lease)) * 1000;
}

/** The replicas that have missed a few reports and may be gone, with the moment until which they count at most. */
export function silentOf(
  replicas: readonly HeardReport[],
  by: CountsBy,
  now: number,
): ReadonlyMap<string, number> {
  return new Map(
    replicas
      .filter((replica) => isSilent(replica, { ...by, now }))
      .map((replica) => [replica.instance, countsUntil(replica, by)]),
  );
}

/** The replicas themselves, without what stands for those that are not heard of. */
export function replicasIn(reports: readonly HeardReport[]): readonly HeardReport[] {
  return reports.filter(({ standIn }) => standIn !== true);
}

export function unheardOfIn(reports: readonly ReplicaReport[], by: CountsBy): UnheardOf | undefined {
  const [report] = reports.filter(({ standIn }) => standIn === true);
  if (report === undefined) return undefined;
  return { until: countsUntil(report, by), verifies: report.verifies, signs: report.signs };
}

/** Why a step is held up where the store has lost the reports. @param until in words */
export function unheardOfInWords(until: string): string {
  return `the store lost its data: replicas not heard of since hold up steps until ${until}`;
}

/**
 * Adds to a refusal because of one replica that it may be gone, or that anybody may have written its report, and until
 * when it counts.
 */
export function saySilence(
  error: unknown,
  reports: readonly HeardReport[],
  by: CountsBy,
  now: number,
): unknown {
  if (!(error instanceof KeyturnError)) return error;
  const { code, message, hint, replica, kid = '' } = error;
  const report = reports.find(({ instance }) => instance === replica);
  if (report === undefined) return error;
  const isBehind = code === 'replica_behind';
  const until = countsUntil(report, by);
  if (report.standIn === true) {
    if (!isBehind) return error;
    const what = report.verifies.includes(kid) ? 'still signs with the key' : 'cannot verify with the key';
    return new KeyturnError(
      code,
      (say) => `${unheardOfInWords(say(until))}, since one may be there that ${what} ${kid}`,
      'wait until then: nobody can tell whether one of them is still there; keyturn status shows all replicas',
      { kid },
    );
  }
  if (!report.authentic) {
    return new KeyturnError(
      code,
      `${message}; no key of this keyring vouches for that, and anybody may have written it`,
      `${hint}; where it is not a process of yours, --gone ${replica} goes on without it`,
      { ...error },
    );
  }
  if (!isBehind || !silentOf([report], by, now).has(report.instance)) return error;
  return new KeyturnError(
    code,
    `${message}; it is silent, and may be gone`,
    (say) =>
      `it counts until ${say(until)} at most: wait for that, or see why it cannot report; where it has ended for certain, --gone ${replica} says so`,
    { ...error },
  );
}
