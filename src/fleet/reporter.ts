// Keeps this process's report up to date, where there is a place for it that can be written.
import type { Keyring } from '../keyring/keyring.js';
import { Counting, type CountingParts } from './counting.js';
import type { Fleet } from './fleet.js';
import type { ReplicaReport } from './report.js';
import { reportIntervalMs } from './report-interval.js';

export { reportedFiles } from './report.js';

export interface ReporterParts {
  readonly fleet: Fleet;
  /** Seconds: a report older than that counts for nothing. */
  readonly lease: number;
  readonly describe: () => ReplicaReport;
  /** Whose active key vouches for the report. */
  readonly ring: () => Keyring | undefined;
  /** Called before a report is made. What it returns is called when the report has been written. */
  readonly begin?: () => () => void;
  /** What is counted over time; default: nothing. */
  readonly counting?: CountingParts | undefined;
}

export class Reporter {
  readonly #parts: ReporterParts;
  readonly #counting: Counting | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** A write that has not begun. */
  #next: Promise<void> | undefined;
  #closed = false;
  /** Whether the last report could be written. */
  working = false;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#counting = parts.counting && new Counting(parts.fleet, parts.counting);
  }

  /** Reports before the process takes part: a key must not be promoted past a replica that nobody knows of. */
  async start(): Promise<void> {
    await this.update();
    this.#timer = setInterval(() => void this.update(), reportIntervalMs(this.#parts.lease));
    this.#timer.unref();
    this.#counting?.start();
  }

  /** Writes a report now, one at a time. Calls that come before the next one has begun share it. */
  async update(): Promise<void> {
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      this.#writing = this.#write();
      return this.#writing;
    });
    await this.#next;
  }

  async #write(): Promise<void> {
    if (this.#closed) return;
    const { fleet, describe, ring, begin } = this.#parts;
    const written = begin?.();
    try {
      await fleet.write(describe(), ring());
      this.working = true;
      written?.();
      this.#counting?.tell();
    } catch {
      this.working = false;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closed = true;
    await (this.#next ?? this.#writing);
    this.working = false;
    const { fleet, describe, ring } = this.#parts;
    // Where that fails, others notice after a lease.
    const removed = fleet.remove(describe(), ring()).catch(() => undefined);
    await Promise.all([removed, this.#counting?.close()]);
  }
}
