// Reports in an engine, where processes come, stop and go on at the worst moment.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ReplicaReport, readReport } from '../../src/fleet/report.js';
import { Reporter } from '../../src/fleet/reporter.js';
import { SharedFleet } from '../../src/keyring-stores/shared-fleet.js';
import type { ReportPage, RingTable } from '../../src/keyring-stores/table.js';
import { reportsIn } from '../support/heard.js';
import { kidOf, STRONG } from '../support/machine.js';
import {
  closePlace,
  type EngineName,
  firstRing,
  openPlace,
  type SharedPlace,
} from '../support/shared-ring.js';
import { Gate, until } from '../support/waiting.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
const KID = kidOf(STRONG);
const RING = firstRing(STRONG);

function reportOf(changes: Partial<ReplicaReport> = {}): ReplicaReport {
  return {
    instance: 'web-2-17-abcd',
    host: 'web-2',
    pid: 17,
    at: Date.now(),
    profile: 'prod',
    source: 'A_VARIABLE',
    ring: 'ring',
    generation: 1,
    fingerprint: 'AAAAAAAAAAA',
    verifies: [KID],
    signs: KID,
    loadedAt: Date.now(),
    uses: [],
    lifetimes: {},
    maxLag: 1,
    degraded: undefined,
    ...changes,
  };
}

describe.each(ENGINES)('%s:', (engine) => {
  let place: SharedPlace;

  beforeEach(async () => {
    place = await openPlace(engine);
  });
  afterEach(() => closePlace(place));

  /** @param lease seconds */
  const fleet = (lease: number, table: RingTable = place.table) => new SharedFleet(table, lease, Date.now);

  /** A report whose lease is over. */
  const writeOld = async (): Promise<void> => {
    await fleet(0.1).write(reportOf(), RING);
    await until(async () => ((await reportsIn(place.table))[0]?.age ?? 0) > 100);
  };

  /** The same table, and what it tells of reports comes by way of somebody. */
  const tableThrough = (told: (page: ReportPage) => ReportPage | Promise<ReportPage>): RingTable =>
    new Proxy(place.table, {
      get: (table, name) => {
        if (name === 'reports') return async (from?: string) => await told(await table.reports(from));
        const value = Reflect.get(table, name, table);
        return typeof value === 'function' ? value.bind(table) : value;
      },
    });

  /** The same table, and something happens right after the reports have been read. */
  const meanwhile = (happens: () => Promise<void>): RingTable =>
    tableThrough(async (page) => {
      await happens();
      return page;
    });

  test('one that goes on while its old report is cleared away is not cleared away with it', async () => {
    await writeOld();
    const clearing = fleet(
      60,
      meanwhile(() => fleet(60).write(reportOf({ generation: 2 }), RING)),
    );
    await clearing.read(RING, true);
    expect((await fleet(60).read(RING, true)).map(({ generation }) => generation)).toEqual([2]);
    // Nothing was made up about it either: it is there, and says itself what it signs.
    expect({ ...(await fleet(60).ended(RING)) }).toEqual({});
  });

  test('two that clear away at once keep what was signed once', async () => {
    const begun = Date.now();
    await writeOld();
    const all = await Promise.all(Array.from({ length: 5 }, () => fleet(60).read(RING, true)));
    expect(all).toEqual([[], [], [], [], []]);
    const { [KID]: at = 0 } = await fleet(60).ended(RING);
    // When its lease ended; by another clock of this machine, in part.
    expect(at).toBeGreaterThanOrEqual(begun);
    expect(at).toBeLessThanOrEqual(Date.now());
  });

  test('an answer that takes its time makes no report older than it is', async () => {
    const written = Date.now();
    await fleet(60).write(reportOf(), RING);
    const slow = { ms: 0 };
    const table = tableThrough(({ reports, ...rest }) => {
      slow.ms = 5000;
      return { ...rest, reports: reports.map((report) => ({ ...report, age: report.age + slow.ms })) };
    });
    const [heard] = await new SharedFleet(table, 60, () => Date.now() + slow.ms).read(RING, true);
    expect(heard?.at).toBeGreaterThanOrEqual(written - 2);
  });

  test('what nobody could read is not written, and its process knows that nobody hears of it', async () => {
    const half = reportOf({ at: Date.now() + 0.5 });
    expect(readReport(JSON.stringify(half))).toBeUndefined();
    let written = 0;
    const reporter = new Reporter({
      fleet: fleet(60),
      lease: 60,
      describe: () => half,
      ring: () => RING,
      begin: () => () => {
        written++;
      },
    });
    await reporter.start();
    expect([reporter.working, written]).toEqual([false, 0]);
    expect(await reportsIn(place.table)).toEqual([]);
    await reporter.close();
  });

  test('what others have written there is no report, and goes when its time is over', async () => {
    for (const [n, text] of ['', '{', 'null', JSON.stringify({ ...reportOf(), signs: '<script>' })].entries())
      await place.table.writeReport(`odd-${n}`, text, 100);
    // Under the name of another it counts for nobody.
    await place.table.writeReport('odd-9', JSON.stringify(reportOf()), 100);
    expect(await fleet(60).read(RING, true)).toEqual([]);
    await until(async () => {
      await fleet(60).read(RING, true);
      return (await reportsIn(place.table)).length === 0;
    });
  });

  test('a clock that is far off decides nothing: how old a report is the engine says', async () => {
    const year = 365 * 86_400_000;
    for (const off of [-year, year]) {
      const strange = (lease: number) => new SharedFleet(place.table, lease, () => Date.now() + off);
      await strange(60).write(reportOf({ at: Date.now() + off }), RING);
      for (const reader of [strange(60), fleet(60)]) expect(await reader.read(RING, true)).toHaveLength(1);
      for (const reader of [strange(0.1), fleet(0.1)])
        await until(async () => (await reader.read(RING, false)).length === 0);
      await strange(0.1).read(RING, true);
      expect(await fleet(60).read(RING, true)).toEqual([]);
    }
  });

  test('while reports wait for an engine that does not answer, they do not pile up', async () => {
    let asked = 0;
    const answer = new Gate();
    const slow = {
      write: async () => {
        asked++;
        await answer.pass();
      },
      remove: async () => {},
    };
    const reporter = new Reporter({
      fleet: slow as never,
      lease: 60,
      describe: () => reportOf(),
      ring: () => RING,
    });
    const updates = Array.from({ length: 50 }, () => reporter.update());
    await answer.reached();
    const later = Array.from({ length: 50 }, () => reporter.update());
    answer.open();
    await Promise.all([...updates, ...later]);
    expect(asked).toBe(2);
  });
});
