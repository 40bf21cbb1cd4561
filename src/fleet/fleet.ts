// The fleet: the processes that share a keyring. A place (a folder, an engine) keeps what each of them reports.
import type { Keyring } from '../keyring/keyring.js';
import type { HeardReport } from './authentic.js';
import type { Count, Counts, CountsSpan } from './counts.js';
import type { LastSigned } from './ended-processes.js';
import type { ReplicaReport } from './report.js';

/**
 * Where processes report. A report proves that a process is there, and what it knows. That no report is there proves
 * nothing.
 *
 * Each call takes the ring of whoever asks or tells; undefined where it has none. By its keys, reports of other
 * holders of the ring are told from what anybody may have written there.
 */
export interface Fleet {
  /** Writes, or rewrites, the report of one process. */
  write(report: ReplicaReport, ring: Keyring | undefined): Promise<void>;

  /** Says goodbye: what the process signed still counts, what it knew no longer matters. */
  remove(last: ReplicaReport, ring: Keyring | undefined): Promise<void>;

  /**
   * The reports of processes that live, as far as can be told: none is older than its lease.
   *
   * @param tidy whether what processes that are gone have left behind is cleared away; what they signed is kept
   */
  read(ring: Keyring | undefined, tidy: boolean): Promise<readonly HeardReport[]>;

  /**
   * For an operator who says that a process has ended. Its report no longer counts; what it may have signed until now
   * is kept. If the process lives all the same, it reports again and counts again.
   */
  forget(report: HeardReport, ring: Keyring | undefined): Promise<void>;

  /**
   * Keeps what processes have said that they signed, whatever becomes of them. Once the key that vouches for a report
   * is revoked, nobody believes that report any more.
   */
  keep(told: LastSigned, ring: Keyring): Promise<void>;

  /** Until when processes that have ended may have signed, by key id. */
  ended(ring: Keyring | undefined): Promise<LastSigned>;

  /**
   * Adds to what was verified, all of it or nothing. May take as long as it takes: whoever tells it again before it has
   * failed is counted twice.
   */
  count(span: CountsSpan, added: readonly Count[]): Promise<void>;

  /** What was verified in one span, by whoever has told it. */
  counted(span: CountsSpan): Promise<Counts>;
}
