// Keeps this process's report up to date, where the folder beside the keyring file can be written.
import { pauseOf, type ReplicaReport, removeReport, writeReport } from './report.js';

export class Reporter {
  readonly #path: string;
  readonly #describe: () => ReplicaReport;
  readonly #pauseMs: number;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;
  /** Whether the last report could be written. */
  working = false;

  /** @param lease seconds: a report older than that counts for nothing */
  constructor(path: string, lease: number, describe: () => ReplicaReport) {
    this.#path = path;
    this.#describe = describe;
    this.#pauseMs = pauseOf(lease);
  }

  /** Reports before the process takes part: a key must not be promoted past a replica that nobody knows of. */
  async start(): Promise<void> {
    await this.update();
    this.#timer = setInterval(() => void this.update(), this.#pauseMs);
    this.#timer.unref();
  }

  /** Writes a report now; one after another. */
  async update(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#closed) return;
      try {
        await writeReport(this.#path, this.#describe());
        this.working = true;
      } catch {
        this.working = false;
      }
    });
    await this.#writing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closed = true;
    await this.#writing;
    this.working = false;
    await removeReport(this.#path, this.#describe());
  }
}
