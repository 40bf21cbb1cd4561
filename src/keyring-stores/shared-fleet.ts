// Reports in an engine that replicas share. It is the engine's clock that tells how old they are, so that a process
// whose own is wrong is judged like any other.

import { ask } from '../engines/ask.js';
import { type HeardReport, heardAs, isAuthentic, readHeard, reportText } from '../fleet/authentic.js';
import { type Count, type Counts, type CountsSpan, countsOf, firstStart } from '../fleet/counts.js';
import { believed, type LastSigned, proven } from '../fleet/ended-processes.js';
import type { Fleet } from '../fleet/fleet.js';
import { lastSignedBy, lastSignedOf, later } from '../fleet/replica-facts.js';
import type { ReplicaReport } from '../fleet/report.js';
import { supersededIn } from '../fleet/superseded.js';
import { UnverifiedLimits } from '../fleet/unverified-limits.js';
import type { Keyring } from '../keyring/keyring.js';
import { type LeftReport, PAGE, type RingTable, type StoredReport } from './table.js';

/** Stands for replicas that may be there, and whose reports are lost. */
const UNHEARD_OF = 'replicas-unheard-of';
/** No process is called that. */
const NOBODY = '';

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
    const ended = proven(lastSignedOf(last), ring, this.#app);
    await this.#ask((table) => table.removeReport(last.instance, ended));
  }

  async read(ring: Keyring | undefined, tidy: boolean): Promise<readonly HeardReport[]> {
    const reading: Reading = { ring, hints: new UnverifiedLimits() };
    // A report may come twice.
    const live = new Map<string, Judged>();
    for await (const page of this.#pages()) {
      // After the engine has measured the ages: by a moment before the question, an answer that takes its time would
      // make every report older than it is, and end what its process may have signed too early.
      const now = this.#now();
      const judged = page.map((stored) => this.#judge(stored, reading, now));
      for (const one of judged) if (one.live !== undefined) live.set(one.stored.instance, one);
      if (tidy) await this.#clear(judged, reading);
    }
    const all = [...live.values()];
    const reports = all.flatMap((one) => one.live ?? []);
    const superseded = supersededIn(reports);
    if (tidy)
      await this.#leave(
        all.filter(({ stored }) => superseded.has(stored.instance)),
        ring,
      );
    const counting = reports.filter(({ instance }) => !superseded.has(instance));
    return counting.sort((one, other) => (one.instance < other.instance ? -1 : 1));
  }

  async *#pages(): AsyncIterable<readonly StoredReport[]> {
    let from: string | undefined;
    do {
      const { reports, next } = await this.#ask((table) => table.reports(from));
      yield reports;
      from = next;
    } while (from !== undefined);
  }

  /** What anybody may have written is no delay to whoever reads: what is left of it the next one clears away. */
  async #clear(judged: readonly Judged[], { ring, hints }: Reading): Promise<void> {
    const over = judged.filter(({ isOver }) => isOver);
    const tells = ({ report }: Judged) => report?.authentic === true;
    await this.#leave(over.filter(tells), ring);
    const left = hints.toClear(over.filter((one) => !tells(one)));
    await this.#leave(left, ring).catch(() => undefined);
  }

  /** Clears reports away; what their processes may have signed is kept. */
  async #leave(judged: readonly Judged[], ring: Keyring | undefined): Promise<void> {
    const left = judged.map(({ stored: { instance, text }, report, endedAt }): LeftReport => {
      // Until its lease ended it may have signed without saying so.
      const ended = report === undefined ? {} : lastSignedBy(report, endedAt);
      return { instance, seen: text, ended: proven(ended, ring, this.#app) };
    });
    for (let at = 0; at < left.length; at += PAGE)
      await this.#ask((table) => table.clearReports(left.slice(at, at + PAGE)));
  }

  #judge(stored: StoredReport, { ring, hints }: Reading, now: number): Judged {
    const { instance, text, age } = stored;
    const authentic = isAuthentic(text, ring);
    // What nobody vouches for does not decide for how long it counts, and when that is over it is not even read.
    const short = Math.min(stored.lease, this.#lease * 1000);
    const isRead = authentic || (age <= short && hints.admits(text));
    const heard = isRead ? heardAs(text, authentic, now) : undefined;
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
    const ended = proven(Object.fromEntries(report.verifies.map((kid) => [kid, until])), ring, this.#app);
    await this.#ask((table) => table.removeReport(UNHEARD_OF, ended));
    const { unit: _, ...rest } = report;
    await this.write({ ...rest, instance: UNHEARD_OF, standIn: true, uses: [], degraded: undefined }, ring);
  }

  async forget(report: HeardReport, ring: Keyring | undefined): Promise<void> {
    const ended = proven(lastSignedBy(report, this.#now()), ring, this.#app);
    await this.#ask((table) => table.removeReport(report.instance, ended));
  }

  async keep(told: LastSigned, ring: Keyring): Promise<void> {
    await this.#ask((table) => table.removeReport(NOBODY, proven(told, ring, this.#app)));
  }

  async ended(ring: Keyring | undefined): Promise<LastSigned> {
    // Of no other keys, whatever else lies there.
    const kids = (ring?.live ?? []).map(({ id }) => id);
    const moments = Object.entries(await this.#ask((table) => table.ended(kids)));
    // Who tells something here is of an app that the place belongs to.
    const { apps = [this.#app] } = this.#table;
    const told = (app: string | undefined) =>
      believed(Object.fromEntries(moments.map(([kid, moment]) => [kid, { ...moment, app }])), ring);
    return apps.map(told).reduce(later, {});
  }

  /** Not as others ask: a client that sends it later, when it has a connection, has not failed. */
  async count(span: CountsSpan, added: readonly Count[]): Promise<void> {
    await this.#table.addCounts(span, added);
  }

  async counted(span: CountsSpan): Promise<Counts> {
    const now = this.#now();
    const found = await this.#ask((table) => table.counts(span, firstStart(span, now), now));
    return countsOf(span, found, now);
  }

  get #app(): string | undefined {
    return this.#table.place.app;
  }

  async #ask<T>(question: (table: RingTable) => Promise<T>): Promise<T> {
    return await ask(this.#table.name, () => question(this.#table));
  }
}

/** How one reader goes by what it finds. */
interface Reading {
  readonly ring: Keyring | undefined;
  readonly hints: UnverifiedLimits;
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
