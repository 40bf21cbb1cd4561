// Reports in an engine that replicas share. It is the engine's clock that tells how old they are, so that a process
// whose own is wrong is judged like any other.
import type { LastSigned } from '../fleet/ended.js';
import type { Fleet } from '../fleet/fleet.js';
import { lastSignedOf, lastSignedUntil, type ReplicaReport, readReport } from '../fleet/report.js';
import { ask } from './ask.js';
import type { RingTable } from './ring-table.js';

/** Stands for replicas that may be there, and whose reports are lost. */
const UNHEARD_OF = 'replicas-unheard-of';

export class SharedFleet implements Fleet {
  readonly #table: RingTable;
  readonly #lease: number;
  readonly #now: () => number;

  /**
   * @param lease seconds
   * @param now milliseconds since 1970
   */
  constructor(table: RingTable, lease: number, now: () => number) {
    this.#table = table;
    this.#lease = lease;
    this.#now = now;
  }

  async write(report: ReplicaReport): Promise<void> {
    const { instance } = report;
    const text = JSON.stringify(report);
    // One that nobody can read holds up nobody, and its process must not go by it.
    if (readReport(text) === undefined) throw new TypeError('this is no report');
    await this.#ask((table) => table.writeReport(instance, text, this.#lease * 1000));
  }

  async remove(last: ReplicaReport): Promise<void> {
    await this.#ask((table) => table.removeReport(last.instance, lastSignedOf(last)));
  }

  async read(tidy: boolean): Promise<readonly ReplicaReport[]> {
    const now = this.#now();
    const live: ReplicaReport[] = [];
    for (const { instance, text, age, lease } of await this.#ask((table) => table.reports())) {
      const report = readReport(text);
      if (report?.instance === instance && age <= lease) {
        live.push({ ...report, at: now - age });
      } else if (tidy && age > lease) {
        // Until its lease ended it may have signed without saying so.
        const endedAt = Math.min(now, now - age + lease);
        const kept = report === undefined ? {} : lastSignedUntil(report, endedAt);
        await this.#ask((table) => table.removeReport(instance, kept, text));
      }
    }
    return live.sort((one, other) => (one.instance < other.instance ? -1 : 1));
  }

  /**
   * The engine has lost what replicas said. One that is cut off from it may be ready for a lease from now, with the
   * keys of this report: until then it holds up what the lost reports would have.
   */
  async standIn(report: ReplicaReport): Promise<void> {
    const until = this.#now() + this.#lease * 1000;
    const ended = Object.fromEntries(report.verifies.map((kid) => [kid, until]));
    await this.#ask((table) => table.removeReport(UNHEARD_OF, ended));
    await this.write({ ...report, instance: UNHEARD_OF, standIn: true, uses: [], degraded: undefined });
  }

  async ended(): Promise<LastSigned> {
    return await this.#ask((table) => table.ended());
  }

  async #ask<T>(question: (table: RingTable) => Promise<T>): Promise<T> {
    return await ask(this.#table.name, () => question(this.#table));
  }
}
