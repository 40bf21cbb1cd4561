// Reports in an engine that replicas share. It is the engine's clock that tells how old they are, so that a process
// whose own is wrong is judged like any other.
import { type HeardReport, isAuthentic, readHeard, reportText } from '../fleet/authentic.js';
import { believed, type LastSigned, proven } from '../fleet/ended.js';
import type { Fleet } from '../fleet/fleet.js';
import { lastSignedBy, lastSignedOf } from '../fleet/replica-facts.js';
import type { ReplicaReport } from '../fleet/report.js';
import { supersededIn } from '../fleet/superseded.js';
import type { Keyring } from '../keyring/keyring.js';
import { ask } from './ask.js';
import type { LeftReport, RingTable, StoredReport } from './ring-table.js';

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

  async write(report: ReplicaReport, ring: Keyring | undefined): Promise<void> {
    const { instance } = report;
    const text = reportText(report, ring);
    // One that nobody can read holds up nobody, and its process must not go by it.
    if (readHeard(text, ring, report.at) === undefined) throw new TypeError('not a valid report');
    await this.#ask((table) => table.writeReport(instance, text, this.#lease * 1000));
  }

  async remove(last: ReplicaReport, ring: Keyring | undefined): Promise<void> {
    const ended = proven(lastSignedOf(last), ring);
    await this.#ask((table) => table.removeReport(last.instance, ended));
  }

  async read(ring: Keyring | undefined, tidy: boolean): Promise<readonly HeardReport[]> {
    const now = this.#now();
    const found = (await this.#ask((table) => table.reports())).map((stored) =>
      this.#judge(stored, ring, now),
    );
    const superseded = supersededIn(found.flatMap(({ live }) => live ?? []));
    const isLive = ({ live }: Judged) => live !== undefined && !superseded.has(live.instance);
    if (tidy)
      await this.#clear(
        found.filter((one) => !isLive(one) && (one.live !== undefined || one.isOver)),
        ring,
      );
    return shown(found.filter(isLive).flatMap(({ live }) => live ?? []));
  }

  /** What anybody may have written is no delay to whoever reads: what is left of it the next one clears away. */
  async #clear(left: readonly Judged[], ring: Keyring | undefined): Promise<void> {
    const cleared = left.map(({ stored: { instance, text }, report, endedAt }): LeftReport => {
      // Until its lease ended it may have signed without saying so.
      const ended = report === undefined ? {} : lastSignedBy(report, endedAt);
      return { instance, seen: text, ended: proven(ended, ring) };
    });
    const tells = ({ ended }: LeftReport) => Object.keys(ended).length > 0;
    for (const some of chunks(cleared.filter(tells))) await this.#ask((table) => table.clearReports(some));
    const hints = cleared.filter((one) => !tells(one)).slice(0, MOST_CLEARED);
    for (const some of chunks(hints))
      await this.#ask((table) => table.clearReports(some)).catch(() => undefined);
  }

  #judge(stored: StoredReport, ring: Keyring | undefined, now: number): Judged {
    const { instance, text, age } = stored;
    // What nobody vouches for does not decide for how long it counts, and when that is over it is not even read.
    const short = Math.min(stored.lease, this.#lease * 1000);
    const isHint = age > short && !isAuthentic(text, ring);
    const heard = isHint ? undefined : readHeard(text, ring, now);
    const report = heard?.instance === instance ? heard : undefined;
    const lease = report?.authentic === true && report.lease !== undefined ? report.lease * 1000 : short;
    const isOver = age > lease;
    const live = report !== undefined && !isOver ? { ...report, at: now - age } : undefined;
    return { stored, report, live, isOver, endedAt: Math.min(now, now - age + lease) };
  }

  /**
   * The engine has lost what replicas said. One that is cut off from it may be ready for a lease from now, with the
   * keys of this report: until then it holds up what the lost reports would have.
   */
  async standIn(report: ReplicaReport, ring: Keyring): Promise<void> {
    const until = this.#now() + this.#lease * 1000;
    const ended = proven(Object.fromEntries(report.verifies.map((kid) => [kid, until])), ring);
    await this.#ask((table) => table.removeReport(UNHEARD_OF, ended));
    const { unit: _, ...rest } = report;
    await this.write({ ...rest, instance: UNHEARD_OF, standIn: true, uses: [], degraded: undefined }, ring);
  }

  async forget(report: HeardReport, ring: Keyring | undefined): Promise<void> {
    const ended = proven(lastSignedBy(report, this.#now()), ring);
    await this.#ask((table) => table.removeReport(report.instance, ended));
  }

  async ended(ring: Keyring | undefined): Promise<LastSigned> {
    return believed(await this.#ask((table) => table.ended()), ring);
  }

  async #ask<T>(question: (table: RingTable) => Promise<T>): Promise<T> {
    return await ask(this.#table.name, () => question(this.#table));
  }
}

/** So many are cleared away at once: an engine answers others in between. */
const CHUNK = 250;

function chunks<T>(all: readonly T[]): ReadonlyArray<readonly T[]> {
  return Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, n) =>
    all.slice(n * CHUNK, (n + 1) * CHUNK),
  );
}

const MOST_CLEARED = 10_000;

/** So many that nobody vouches for are shown: each holds a step up as well as all of them. */
const MOST_HINTS = 1000;

function shown(live: readonly HeardReport[]): readonly HeardReport[] {
  const hints = live.filter(({ authentic }) => !authentic).slice(0, MOST_HINTS);
  return [...live.filter(({ authentic }) => authentic), ...hints].sort((one, other) =>
    one.instance < other.instance ? -1 : 1,
  );
}

/** What is made of a report as it is kept. */
interface Judged {
  readonly stored: StoredReport;
  /** Undefined for what is not a valid report. */
  readonly report: HeardReport | undefined;
  /** Undefined when it counts no more. */
  readonly live: HeardReport | undefined;
  /** Whether the time is over for which it would count. */
  readonly isOver: boolean;
  /** Until when its process may have signed at most, when it has ended; milliseconds since 1970. */
  readonly endedAt: number;
}
