// The fleet: the processes that share a keyring, wherever it is. A place keeps what each of them says of itself.

import type { LastSigned } from './ended.js';
import type { ReplicaReport } from './report.js';

/** Where processes report. A report proves what a process knows, and that it is there. No report proves nothing. */
export interface Fleet {
  /** Writes, or rewrites, the report of one process. */
  write(report: ReplicaReport): Promise<void>;

  /** Says goodbye: what the process signed still counts, what it knew no longer matters. */
  remove(last: ReplicaReport): Promise<void>;

  /**
   * The reports of processes that live, as far as can be told: none is older than its lease.
   *
   * @param tidy whether what processes that are gone have left behind is cleared away; what they signed is kept
   */
  read(tidy: boolean): Promise<readonly ReplicaReport[]>;

  /** Until when processes that have ended may have signed, by key id. */
  ended(): Promise<LastSigned>;
}
