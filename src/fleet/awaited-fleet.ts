// Where a process reports that goes by secrets alone: beside the document that init makes of them, as soon as there is
// one. Processes that come to the document later must know who does not go by it yet.
import { isThere } from '../disk/read.js';
import type { Keyring } from '../keyring/keyring.js';
import type { HeardReport } from './authentic.js';
import type { LastSigned } from './ended.js';
import type { Fleet } from './fleet.js';
import type { ReplicaReport } from './report.js';

export interface AwaitedFleetParts {
  /** The document, whether it is there or not. */
  readonly path: string;
  /** Seconds. */
  readonly lease: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Where it reports besides. */
  readonly first: Fleet | undefined;
}

export class AwaitedFleet implements Fleet {
  readonly #parts: AwaitedFleetParts;
  /** Loaded once there is a document: most processes never see one. */
  #beside: Fleet | undefined;

  constructor(parts: AwaitedFleetParts) {
    this.#parts = parts;
  }

  /** Where it reports besides, and what is asked first. */
  get first(): Fleet | undefined {
    return this.#parts.first;
  }

  async write(report: ReplicaReport, ring: Keyring | undefined): Promise<void> {
    const beside = await this.#besideIt();
    if (this.first === undefined) {
      if (beside === undefined) throw new Error('there is no document yet to report beside');
      await beside.write(report, ring);
      return;
    }
    await beside?.write(report, ring).catch(() => undefined);
    await this.first.write(report, ring);
  }

  async remove(last: ReplicaReport, ring: Keyring | undefined): Promise<void> {
    await this.#beside?.remove(last, ring).catch(() => undefined);
    await this.first?.remove(last, ring);
  }

  async read(ring: Keyring | undefined, tidy: boolean): Promise<readonly HeardReport[]> {
    if (this.first !== undefined) return await this.first.read(ring, tidy);
    return (await (await this.#besideIt())?.read(ring, false)) ?? [];
  }

  async forget(report: HeardReport, ring: Keyring | undefined): Promise<void> {
    await this.first?.forget(report, ring);
  }

  async keep(told: LastSigned, ring: Keyring): Promise<void> {
    await this.first?.keep(told, ring);
  }

  async ended(ring: Keyring | undefined): Promise<LastSigned> {
    return (await this.first?.ended(ring)) ?? {};
  }

  async #besideIt(): Promise<Fleet | undefined> {
    const { path, lease, now } = this.#parts;
    if (this.#beside !== undefined) return this.#beside;
    if (!(await isThere(path))) return undefined;
    const { FileFleet } = await import('./file-fleet.js');
    this.#beside = new FileFleet(path, lease, now);
    return this.#beside;
  }
}
