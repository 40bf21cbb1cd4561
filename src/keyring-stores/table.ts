// What an engine keeps for the replicas that share a keyring: one sealed text that changes by compare-and-set, and
// beside it what each replica reports. It never sees what is inside either.

import type { LineListener } from '../engines/watch.js';
import type { Count, CountsSpan } from '../fleet/counts.js';
import type { EndedMoments } from '../fleet/ended-processes.js';
import type { RingPlace } from '../keyring/sealed-ring.js';

/** The shared ring as it is kept. */
export interface Slot {
  /** Names the write that it came from; another write has another one. */
  readonly version: string;
  readonly text: string;
  /** What it is sealed for; default: the place of its table. */
  readonly place?: RingPlace | undefined;
}

/** The report of one replica as it is kept. Durations in milliseconds, by the engine's own clock. */
export interface StoredReport {
  readonly instance: string;
  readonly text: string;
  /** Since it was written; never negative, also where the engine's clock was set back. */
  readonly age: number;
  /** So long after it was written it counts. */
  readonly lease: number;
}

/** Some of the reports, since all of them may be more than an engine can send in time. */
export interface ReportPage {
  readonly reports: readonly StoredReport[];
  /** Where the next page begins; undefined behind the last one. */
  readonly next: string | undefined;
}

/** What others have left, and who clears it away has seen. */
export interface LeftReport {
  readonly instance: string;
  readonly ended: EndedMoments;
  readonly seen: string;
}

/** In bytes. None of ours is longer, and whoever can write there must not fill the memory of those who read. */
export const LONGEST_REPORT: number = 256 * 1024;

/** So many reports are asked for at once: an engine answers others in between, and no page keeps anybody waiting. */
export const PAGE: number = 250;

/** The most that the name of a process, and a moment with its proof, take up. In bytes. */
export const LONGEST_NAME: number = 128;
export const LONGEST_MOMENT: number = 128;

/** 400 days in milliseconds: longer no lease is, and no token lives. */
export const FAR_AHEAD: number = 400 * 86_400_000;

/** What the clock of one server shows. */
export interface EngineClock {
  /** Names the server as long as it runs: another one, or the same after a restart, has another name. */
  readonly server: string;
  /** Milliseconds since 1970. */
  readonly shows: number;
}

/** Keeps one shared ring. Every implementation passes `test/keyring-stores/table-contract.ts`. Methods may reject. */
export interface RingTable {
  /** What an operator calls it: the engine, and where in it. Holds no address and no password. */
  readonly name: string;

  /** What a ring that is kept here is sealed for. */
  readonly place: RingPlace;

  /** The names of the app whose processes tell something here; default: that of the place. */
  readonly apps?: readonly (string | undefined)[];

  /** Makes what is missing to hold a ring, such as tables. May be called by many at once, at any time. */
  prepare(): Promise<void>;

  /** The version of what is there, without reading it; undefined when nothing is, also where nothing was prepared. */
  version(): Promise<string | undefined>;

  read(): Promise<Slot | undefined>;

  /**
   * Compare-and-set, and tells all who watch.
   *
   * @param slot its version is the writer's choice: a text that nobody else chooses. A write that finds itself done
   * already, since a client has sent it twice, has succeeded
   * @param expected the version that must be there; undefined: nothing may be there
   * @returns false when something else is there; nothing is changed then
   */
  write(slot: Slot, expected: string | undefined): Promise<boolean>;

  /**
   * Where an app is given a name: keeps the ring under that name from now on, and under none no more.
   *
   * @param slot the same ring, sealed for the place of the name
   * @returns false when something else is there
   */
  move?(slot: Slot): Promise<boolean>;

  /**
   * Calls `told` after a write by anybody, and whenever the connection that would have told has come (back): what was
   * missed meanwhile is to be read. Best effort; whoever needs to know for sure looks now and then. Must not reject
   * where the engine is out of reach: it goes on trying.
   *
   * @param onLoss told each time that such a connection was there and is lost
   * @returns a function that ends it
   */
  watch(told: () => void, onLoss?: LineListener): Promise<() => Promise<void>>;

  /** Writes, or rewrites, the report of one replica. @param lease milliseconds */
  writeReport(instance: string, text: string, lease: number): Promise<void>;

  /**
   * Removes a report, and in the same step keeps the later of each moment, with its proof; 0 and less are none. Without
   * a report the moments count too. One that is kept and lies so far ahead that nobody can have told it
   * ({@link FAR_AHEAD}) gives way.
   */
  removeReport(instance: string, ended: EndedMoments): Promise<void>;

  /**
   * The same for a few hundred reports that others have left, each by itself, and for none that has not the text any
   * more that was seen: a process that was only paused may have reported again by now, and what it signs from here on
   * must not be forgotten.
   */
  clearReports(left: readonly LeftReport[]): Promise<void>;

  /**
   * The reports that have not been removed, however old, about {@link PAGE} of them. Whatever is written or removed
   * between two pages, one that is there all the time is on one of them; it may be on two. Of one that is longer than
   * {@link LONGEST_REPORT} no text, and one under a name longer than {@link LONGEST_NAME} is none.
   *
   * @param from what the page before said; undefined for the first one
   */
  reports(from?: string): Promise<ReportPage>;

  /** What is known of replicas that have ended, about these keys. */
  ended(kids: readonly string[]): Promise<EndedMoments>;

  /** The clock of the server that holds the ring; undefined where that does not say which one it is. */
  clock(): Promise<EngineClock | undefined>;

  /** Adds to what was verified, all of it or nothing. What has no place in the span any more goes now and then. */
  addCounts(span: CountsSpan, added: readonly Count[]): Promise<void>;

  /**
   * What was verified, as it was found: whoever asks looks whether it is what it says. Nothing that is too long to be.
   *
   * @param from milliseconds since 1970; what lies before may be there too
   * @param to milliseconds since 1970
   */
  counts(span: CountsSpan, from: number, to: number): Promise<readonly Count[]>;
}
