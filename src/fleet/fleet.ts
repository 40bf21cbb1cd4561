// The fleet: the processes that share a keyring, wherever it is. A place keeps what each of them says of itself.
import type { Keyring } from '../keyring/keyring.js';
import type { HeardReport } from './authentic.js';
import type { LastSigned } from './ended-processes.js';
import type { ReplicaReport } from './report.js';

/**
 * Where processes report. A report proves what a process knows, and that it is there. No report proves nothing.
 *
 * Each call takes the ring of whoever asks or tells, undefined where it has none: its keys tell what others who hold it
 * have said from what anybody has written there.
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
   * An operator says that a process has ended: its report counts no more, and what it may have signed until now is kept.
   * One that lives all the same reports again, and counts again.
   */
  forget(report: HeardReport, ring: Keyring | undefined): Promise<void>;

  /**
   * Keeps what processes have said that they signed, whatever becomes of them: once the key is revoked that vouches for a
   * report, nobody believes it any more.
   */
  keep(told: LastSigned, ring: Keyring): Promise<void>;

  /** Until when processes that have ended may have signed, by key id. */
  ended(ring: Keyring | undefined): Promise<LastSigned>;
}
