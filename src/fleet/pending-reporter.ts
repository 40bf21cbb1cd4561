// A process that goes by secrets alone has nowhere to report, until `keyturn init` makes a document of them. Then it
// reports beside the document that it does not go by it: whoever follows the document must not sign with a key that
// this process lacks. A promotion waits until such reports can be there (see `heardAfter`), whenever the timer fires.
import { isThere } from '../disk/read.js';
import type { Keyring } from '../keyring/keyring.js';
import type { CountingParts } from './counting.js';
import type { ReplicaReport } from './report.js';
import { DOCUMENT_POLL_MS } from './report-interval.js';
import type { Reporter } from './reporter.js';

export interface BesideParts {
  /** The document, whether it is there or not. */
  readonly path: string;
  /** Seconds. */
  readonly lease: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly describe: () => ReplicaReport;
  readonly configFiles: readonly string[];
  readonly ring: () => Keyring | undefined;
  readonly counting?: CountingParts;
}

export class PendingReporter {
  readonly #parts: BesideParts;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #reporter: Reporter | undefined;

  constructor(parts: BesideParts) {
    this.#parts = parts;
  }

  /** Where the document is there already, the process reports before it takes part. */
  async start(): Promise<void> {
    await this.#look();
    if (this.#reporter !== undefined) return;
    const look = () => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    };
    try {
      this.#timer = setInterval(look, DOCUMENT_POLL_MS);
      this.#timer.unref();
    } catch {
      // A worker sets no timers while its modules are evaluated, and has no disk where a document could appear.
    }
  }

  async update(): Promise<void> {
    await this.#reporter?.update();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.#reporter?.close();
  }

  /** Loads the reporter only when it is needed: most processes never see a document. */
  async #look(): Promise<void> {
    const { path, lease, now, describe, configFiles, ring, counting } = this.#parts;
    if (!isThere(path)) return;
    clearInterval(this.#timer);
    const { FileFleet } = await import('./file-fleet.js');
    const { Reporter, reportedFiles } = await import('./reporter.js');
    const files = reportedFiles(configFiles);
    this.#reporter = new Reporter({
      fleet: new FileFleet(path, lease, now),
      lease,
      describe: () => ({ ...describe(), configFiles: files }),
      ring,
      counting,
    });
    await this.#reporter.start();
  }
}
