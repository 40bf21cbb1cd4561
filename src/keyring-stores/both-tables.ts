// The tables of both names of an app, while it is given one. The keyring stays where the unnamed app has it until keyturn
// init moves it: then every process that knows both names finds it under the name, and whoever knows none finds nothing.
import type { LineListener } from '../engines/watch.js';
import type { Count, CountsSpan } from '../fleet/counts.js';
import type { EndedMoment, EndedMoments } from '../fleet/ended-processes.js';
import type { RingPlace } from '../keyring/sealed-ring.js';
import type { EngineClock, LeftReport, ReportPage, RingTable, Slot } from './table.js';

/** What stands where a keyring was that has moved: no process opens it. */
const MOVED = '{"keyturn":1,"moved":true}';
/** Under so many writers at once something is wrong. */
const ATTEMPTS = 100;

export class BothTables implements RingTable {
  readonly name: string;
  readonly place: RingPlace;
  readonly apps: readonly (string | undefined)[];
  readonly #own: RingTable;
  readonly #other: RingTable;
  readonly #named: RingTable;
  readonly #unnamed: RingTable;

  /** @param own of the name that this process has; one of the two has none */
  constructor(own: RingTable, other: RingTable) {
    this.#own = own;
    this.#other = other;
    [this.#named, this.#unnamed] = own.place.app === undefined ? [other, own] : [own, other];
    this.name = own.name;
    this.place = own.place;
    this.apps = [own.place.app, other.place.app];
  }

  async prepare(): Promise<void> {
    await this.#own.prepare();
    await this.#other.prepare();
  }

  async version(): Promise<string | undefined> {
    return (await this.#named.version()) ?? (await this.#before())?.version;
  }

  async read(): Promise<Slot | undefined> {
    const slot = await this.#named.read();
    if (slot !== undefined) return this.#from(this.#named, slot);
    const before = await this.#before();
    return before === undefined ? undefined : this.#from(this.#unnamed, before);
  }

  #from({ place }: RingTable, slot: Slot): Slot {
    return place === this.place ? slot : { ...slot, place };
  }

  /** What is kept for the app without a name, as long as it has not moved. */
  async #before(): Promise<Slot | undefined> {
    const slot = await this.#unnamed.read();
    return slot?.text === MOVED ? undefined : slot;
  }

  async write({ version, text, place = this.place }: Slot, expected: string | undefined): Promise<boolean> {
    const slot = { version, text };
    if (place.app !== undefined) return await this.#named.write(slot, expected);
    // Where the ring has moved meanwhile nobody would read it here, and whoever changes it begins again.
    const hasMoved = async () => (await this.#named.version()) !== undefined;
    return !(await hasMoved()) && (await this.#unnamed.write(slot, expected)) && !(await hasMoved());
  }

  async move(slot: Slot): Promise<boolean> {
    if (!(await this.#named.write(slot, undefined))) return false;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const before = await this.#before();
      if (before === undefined) return true;
      if (await this.#unnamed.write({ version: `${slot.version}-moved`, text: MOVED }, before.version))
        return true;
    }
    return false;
  }

  async watch(told: () => void, onLoss?: LineListener): Promise<() => Promise<void>> {
    const ends = [await this.#own.watch(told, onLoss), await this.#other.watch(told)];
    return async () => void (await Promise.all(ends.map((end) => end())));
  }

  async writeReport(instance: string, text: string, lease: number): Promise<void> {
    await this.#own.writeReport(instance, text, lease);
  }

  async removeReport(instance: string, ended: EndedMoments): Promise<void> {
    await this.#own.removeReport(instance, ended);
    await this.#other.removeReport(instance, {});
  }

  async clearReports(left: readonly LeftReport[]): Promise<void> {
    await this.#own.clearReports(left);
    await this.#other.clearReports(left);
  }

  /** First those under its own name, then the others. */
  async reports(from?: string): Promise<ReportPage> {
    const ofOther = from?.startsWith(OTHER) === true;
    const table = ofOther ? this.#other : this.#own;
    const at = ofOther ? from.slice(OTHER.length) : from;
    const { reports, next } = await table.reports(at === '' ? undefined : at);
    if (ofOther) return { reports, next: next === undefined ? undefined : OTHER + next };
    return { reports, next: next ?? OTHER };
  }

  async ended(kids: readonly string[]): Promise<EndedMoments> {
    const moments: Record<string, EndedMoment> = Object.create(null);
    for (const table of [this.#other, this.#own]) {
      for (const [kid, moment] of Object.entries(await table.ended(kids))) {
        if ((moments[kid]?.at ?? 0) <= moment.at) moments[kid] = moment;
      }
    }
    return moments;
  }

  async clock(): Promise<EngineClock | undefined> {
    return await this.#own.clock();
  }

  async addCounts(span: CountsSpan, added: readonly Count[]): Promise<void> {
    await this.#own.addCounts(span, added);
  }

  async counts(span: CountsSpan, from: number, to: number): Promise<readonly Count[]> {
    return (await Promise.all([this.#own, this.#other].map((table) => table.counts(span, from, to)))).flat();
  }
}

/** The beginning of a page of the other table. */
const OTHER = 'other:';
