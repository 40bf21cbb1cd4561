// What every table of shared rings must do. Each case has a place of its own on the engine.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Count, type CountsSpan, firstStart, keptOf, startOf } from '../../src/fleet/counts.js';
import { LONGEST_MOMENT, LONGEST_REPORT, PAGE, type RingTable } from '../../src/keyring-stores/table.js';
import type { Cut } from '../support/engines.js';
import { KIDS, reportsIn, told } from '../support/heard.js';
import { NOT_FOR_EVER, until } from '../support/waiting.js';

export interface TableEngine {
  readonly name: string;
  /** By how many connections it is told; default: 1. */
  readonly connections?: number;
  open(): Promise<TablePlace>;
}

/** A ring is called "default" unless a test says otherwise. */
export interface TablePlace {
  table(ring?: string): RingTable;
  /** Through another client, as another process has it. */
  other(ring?: string): RingTable;
  /** Through yet another one, behind the proxy. */
  far(ring?: string): RingTable;
  readonly proxy: Cut;
  /** Deletes what is kept for "default", behind the back of the tables. */
  wipe(): Promise<void>;
  /** Puts among what was verified by "default" what is none, as far as the engine lets it. */
  spoilCounts(span: CountsSpan, start: number): Promise<void>;
  /**
   * Puts beside the reports of "default", and in the place of moments, what is none, as far as the engine lets it.
   *
   * @returns the key ids whose moments are none now
   */
  spoil(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const LEASE = 60_000;
const HOUR = 3_600_000;
/** Longer than a watch may take to begin or to end, where the engine is out of reach. Waiting for ever takes more. */
const WATCH = NOT_FOR_EVER;
const START = Date.UTC(2026, 0, 1);

const fresh = () => randomBytes(9).toString('base64url');

/** Repeats what an outage makes fail. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  let done: { readonly value: T } | undefined;
  await until(async () => {
    done = await call().then(
      (value) => ({ value }),
      () => undefined,
    );
    return done !== undefined;
  });
  return (done as unknown as { readonly value: T }).value;
}

/** Settles, or is refused for taking too long. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`not within ${ms} ms`)), ms);
    promise.then(done, failed).finally(() => clearTimeout(timer));
  });
}

/** The sockets and timers of this process that keep it going. */
const handles = (): string => {
  const all = process.getActiveResourcesInfo().filter((name) => /^(TCP\w*|Timeout)$/.test(name));
  return all.sort().join(' ');
};

/** Those of one moment that there are more of than at another. What tests before have left may go meanwhile. */
function more(now: string, before: string): readonly string[] {
  const left = before.split(' ');
  return now.split(' ').filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return name !== '' && at < 0;
  });
}

/** Once nothing has come or gone for some looks. */
async function settledHandles(): Promise<string> {
  let last = '';
  let same = 0;
  await until(() => {
    const now = handles();
    same = now === last ? same + 1 : 0;
    last = now;
    return same === 20;
  });
  return last;
}

export function ringTableContract({ open, connections = 1 }: TableEngine): void {
  let place: TablePlace;
  let table: RingTable;
  let other: RingTable;
  const endings: Array<() => Promise<void>> = [];

  beforeEach(async () => {
    place = await open();
    [table, other] = [place.table(), place.other()];
    await table.prepare();
  });
  afterEach(async () => {
    vi.useRealTimers();
    for (const end of endings.splice(0)) await end();
    await place.close();
  });

  /** Counts what is told; the count starts when the first telling says that the watch is on. */
  async function watching(on: RingTable) {
    const watch = { told: 0 };
    const end = await within(
      WATCH,
      on.watch(() => {
        watch.told++;
      }),
    );
    endings.push(end);
    await until(() => watch.told > 0);
    watch.told = 0;
    return { watch, end };
  }

  describe('the ring', () => {
    test('is not there at first, and nothing else is', async () => {
      expect(await table.version()).toBeUndefined();
      expect(await table.read()).toBeUndefined();
      expect(await reportsIn(table)).toEqual([]);
      expect(await table.ended(KIDS)).toEqual({});
    });

    test('is as it was written, for every client', async () => {
      const text = `{"ü":"\\u0000'\\"😀\n"}`;
      expect(await table.write({ version: 'v1', text }, undefined)).toBe(true);
      for (const one of [table, other]) {
        expect(await one.version()).toBe('v1');
        expect(await one.read()).toEqual({ version: 'v1', text });
      }
      expect(await other.write({ version: 'v2', text: '' }, 'v1')).toBe(true);
      expect(await table.read()).toEqual({ version: 'v2', text: '' });
    });

    test('is written only over the version that was expected', async () => {
      expect(await table.write({ version: 'v1', text: 'a' }, 'v0')).toBe(false);
      expect(await table.version()).toBeUndefined();
      await table.write({ version: 'v1', text: 'a' }, undefined);
      for (const expected of [undefined, 'v0', '', 'v', 'v11', 'V1', 'v1 '])
        expect(await other.write({ version: 'v2', text: 'b' }, expected), String(expected)).toBe(false);
      expect(await table.read()).toEqual({ version: 'v1', text: 'a' });
      await table.write({ version: 'v2', text: 'b' }, 'v1');
      expect(await other.write({ version: 'v3', text: 'c' }, 'v1')).toBe(false);
      expect(await table.read()).toEqual({ version: 'v2', text: 'b' });
    });

    test('a write that is asked again is done already, as long as nobody else has written', async () => {
      for (let time = 0; time < 3; time++)
        expect(await table.write({ version: 'v1', text: 'a' }, undefined)).toBe(true);
      for (let time = 0; time < 3; time++)
        expect(await other.write({ version: 'v2', text: 'b' }, 'v1')).toBe(true);
      expect(await table.read()).toEqual({ version: 'v2', text: 'b' });
      expect(await table.write({ version: 'v1', text: 'a' }, undefined)).toBe(false);
      expect(await table.read()).toEqual({ version: 'v2', text: 'b' });
    });

    test.each([
      ['nothing', undefined] as const,
      ['the same version', 'v0'] as const,
    ])('of 50 writers at once who expect %s one wins', async (_name, expected) => {
      if (expected !== undefined) await table.write({ version: expected, text: '' }, undefined);
      const versions = Array.from({ length: 50 }, fresh);
      const won = await Promise.all(
        versions.map((version, n) =>
          (n % 2 === 0 ? table : other).write({ version, text: version }, expected),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      const version = versions[won.indexOf(true)] as string;
      expect(await table.read()).toEqual({ version, text: version });
    });

    test('20 who read, change and write at once lose no change', async () => {
      const add = async (one: RingTable) => {
        for (;;) {
          const slot = await one.read();
          const text = String(Number(slot?.text ?? 0) + 1);
          if (await one.write({ version: fresh(), text }, slot?.version)) return;
        }
      };
      await Promise.all(Array.from({ length: 20 }, (_, n) => add(n % 2 === 0 ? table : other)));
      expect((await table.read())?.text).toBe('20');
    });

    test('that was deleted is not there, and can be written again', async () => {
      await table.write({ version: 'v1', text: 'a' }, undefined);
      await table.writeReport('one', '{}', LEASE);
      await place.wipe();
      expect(await table.version()).toBeUndefined();
      expect(await table.read()).toBeUndefined();
      expect(await reportsIn(table)).toEqual([]);
      expect(await table.write({ version: 'v2', text: 'b' }, 'v1')).toBe(false);
      expect(await table.write({ version: 'v2', text: 'b' }, undefined)).toBe(true);
      expect(await other.read()).toEqual({ version: 'v2', text: 'b' });
    });

    test('may be large', async () => {
      const text = randomBytes(375_000).toString('base64');
      expect(text).toHaveLength(500_000);
      expect(await table.write({ version: 'v1', text }, undefined)).toBe(true);
      expect(await table.write({ version: 'v2', text: `${text}.` }, 'v1')).toBe(true);
      expect((await other.read())?.text).toBe(`${text}.`);
    });

    test('of another name is another ring', async () => {
      const odd = `o'd"d; {x} -- ü \\`;
      const [third, fourth] = [place.table(odd), place.other('Default')];
      const tables = [table, third, fourth];
      for (const [n, one] of tables.entries()) {
        expect(await one.version()).toBeUndefined();
        expect(await one.write({ version: `v${n}`, text: `${n}` }, undefined)).toBe(true);
        await one.writeReport('one', `{"n":${n}}`, LEASE);
        await one.removeReport('two', told({ AAAAAAAA: START + n }));
      }
      for (const [n, one] of tables.entries()) {
        expect(await one.read()).toEqual({ version: `v${n}`, text: `${n}` });
        expect(await reportsIn(one)).toMatchObject([{ instance: 'one', text: `{"n":${n}}` }]);
        expect(await one.ended(KIDS)).toEqual(told({ AAAAAAAA: START + n }));
      }
    });

    test('says what it is called, without an address', () => {
      expect(table.name).toContain('default');
      expect(table.name).not.toMatch(/127\.0\.0\.1|localhost|:\/\//);
    });
  });

  describe('preparing', () => {
    test('is done by 20 at once, and does no harm later', async () => {
      const other = await open();
      endings.push(() => other.close());
      const tables = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? other.table() : other.other()));
      await Promise.all(tables.map((one) => one.prepare()));
      await tables[0]?.write({ version: 'v1', text: 'a' }, undefined);
      await Promise.all(tables.map((one) => one.prepare()));
      expect(await tables[1]?.read()).toEqual({ version: 'v1', text: 'a' });
    });

    test('is not needed to find nothing, and is made up for by whoever writes first', async () => {
      const other = await open();
      endings.push(() => other.close());
      const one = other.table();
      expect([await one.version(), await one.read()]).toEqual([undefined, undefined]);
      expect([await reportsIn(one), await one.ended(KIDS)]).toEqual([[], {}]);
      const writes = Array.from({ length: 10 }, (_, n) =>
        one.write({ version: `v${n}`, text: '' }, undefined),
      );
      expect((await Promise.all(writes)).filter(Boolean)).toHaveLength(1);
      await one.writeReport('one', '{}', LEASE);
      expect(await reportsIn(one)).toHaveLength(1);
    });
  });

  describe('a watch', () => {
    test('is told within a second of what others write, and of what it writes itself', async () => {
      const { watch } = await watching(table);
      let expected: string | undefined;
      for (const one of [other, other, table]) {
        const version = fresh();
        watch.told = 0;
        await one.write({ version, text: version }, expected);
        expected = version;
        await until(() => watch.told > 0);
      }
      watch.told = 0;
      await other.write({ version: fresh(), text: '' }, 'not this');
      await place.other('another').write({ version: fresh(), text: '' }, undefined);
      // News comes in order: what was told of those would have come before.
      await other.write({ version: fresh(), text: '' }, expected);
      await until(() => watch.told > 0);
      expect(watch.told).toBe(1);
    });

    test('is told again after its connection was lost, also of what was written meanwhile', async () => {
      const { watch } = await watching(place.far());
      const { watch: near } = await watching(table);
      for (let time = 0; time < 2; time++) {
        place.proxy.cut();
        near.told = 0;
        await other.write({ version: `v${time}`, text: '' }, time === 0 ? undefined : `v${time - 1}-later`);
        await until(() => near.told > 0);
        expect(watch.told).toBe(0);
        place.proxy.mend();
        await until(() => watch.told >= connections);
        // Each is told once: of each connection, and of the write.
        await other.write({ version: `v${time}-later`, text: '' }, `v${time}`);
        await until(() => watch.told > connections);
        watch.told = 0;
      }
    });

    test('does not reject where the engine is out of reach, and is told when it comes', async () => {
      place.proxy.cut();
      let told = 0;
      const end = await within(
        WATCH,
        place.far().watch(() => told++),
      );
      endings.push(end);
      await until(() => place.proxy.refused > 2);
      expect(told).toBe(0);
      place.proxy.mend();
      await until(() => told > 0);
      told = 0;
      await other.write({ version: 'v1', text: '' }, undefined);
      await until(() => told > 0);
    });

    test('is told nothing once it has ended, and others still are', async () => {
      const first = await watching(table);
      const second = await watching(table);
      await first.end();
      first.watch.told = 0;
      second.watch.told = 0;
      for (let n = 0; n < 5; n++) {
        await other.write({ version: `v${n}`, text: '' }, n === 0 ? undefined : `v${n - 1}`);
        await until(() => second.watch.told > n);
      }
      expect(first.watch.told).toBe(0);
    });

    test('leaves nothing behind when it ends, within reach of the engine or not', async () => {
      await table.version();
      const before = await settledHandles();
      const own = await open();
      await own.table().prepare();
      own.proxy.cut();
      const never = await within(
        WATCH,
        own.far().watch(() => {}),
      );
      await within(WATCH, never());
      own.proxy.mend();
      const held = await watching(own.table());
      await within(WATCH, held.end());
      const lost = await watching(own.far());
      const { refused } = own.proxy;
      own.proxy.cut();
      // It has noticed.
      await until(() => own.proxy.refused > refused);
      await within(WATCH, lost.end());
      own.proxy.mend();
      await own.close();
      // A client of ioredis whose connection is gone already takes two seconds to see that.
      await until(() => more(handles(), before).length === 0, NOT_FOR_EVER).catch(() =>
        expect(more(handles(), before)).toEqual([]),
      );
    });
  });

  describe('reports', () => {
    test('are written, written again, and come back with age and lease', async () => {
      await table.writeReport('one', '{"ü":"1"}', LEASE);
      await other.writeReport('two', '', 1);
      await table.writeReport('one', '{"ü":"2"}', LEASE + 1);
      const reports = [...(await reportsIn(other))].sort((a, b) => (a.instance < b.instance ? -1 : 1));
      expect(reports).toEqual([
        { instance: 'one', text: '{"ü":"2"}', age: expect.any(Number), lease: LEASE + 1 },
        { instance: 'two', text: '', age: expect.any(Number), lease: 1 },
      ]);
      for (const { age } of reports) {
        expect(Number.isSafeInteger(age)).toBe(true);
        expect(age).toBeGreaterThanOrEqual(0);
        expect(age).toBeLessThan(NOT_FOR_EVER);
      }
    });

    test('grow old, and young again', async () => {
      const age = async () => (await reportsIn(other))[0]?.age as number;
      await table.writeReport('one', '{}', 1);
      await until(async () => (await age()) >= 1000);
      const begun = performance.now();
      await table.writeReport('one', '{}', 1);
      expect(await age()).toBeLessThanOrEqual(performance.now() - begun + 1);
    });

    test.each([
      -HOUR,
      HOUR,
    ])('are as old as the engine says, for a process whose clock is %i ms off', async (off) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + off });
      await table.writeReport('off', '{}', LEASE);
      vi.useRealTimers();
      await other.writeReport('right', '{}', LEASE);
      const young = (reports: readonly { readonly age: number }[]) => {
        expect(reports).toHaveLength(2);
        for (const { age } of reports) expect(age).toBeLessThan(NOT_FOR_EVER);
      };
      young(await reportsIn(other));
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + off });
      young(await reportsIn(table));
    });

    test('may be many, some KB each', async () => {
      const text = randomBytes(3000).toString('base64');
      const names = Array.from({ length: 200 }, (_, n) => `replica-${String(n).padStart(3, '0')}`);
      await Promise.all(names.map((name) => table.writeReport(name, text, LEASE)));
      const reports = await reportsIn(other);
      expect(reports.map(({ instance }) => instance).sort()).toEqual(names);
      expect(new Set(reports.map((report) => report.text))).toEqual(new Set([text]));
    });

    test('of odd names are reports like others', async () => {
      const names = ['__proto__', 'toString', "o'd", '', 'ü\n', 'version'];
      for (const name of names) await table.writeReport(name, name, LEASE);
      expect((await reportsIn(table)).map(({ instance }) => instance).sort()).toEqual([...names].sort());
      for (const name of names) await table.removeReport(name, {});
      expect(await reportsIn(table)).toEqual([]);
    });

    test('are removed one by one, and what is not there is no error', async () => {
      await table.writeReport('one', '{}', LEASE);
      await table.writeReport('two', '{}', LEASE);
      await other.removeReport('one', {});
      await other.removeReport('one', {});
      expect(await reportsIn(table)).toMatchObject([{ instance: 'two' }]);
      expect(await table.ended(KIDS)).toEqual({});
    });

    test('are cleared away only as they were seen', async () => {
      await table.writeReport('one', 'seen', LEASE);
      await table.writeReport('one', 'written since', LEASE);
      const ended = told({ AAAAAAAA: START });
      await other.clearReports([
        { instance: 'one', seen: 'seen', ended },
        { instance: 'nobody', seen: 'seen', ended },
        { instance: 'nobody', seen: '', ended: {} },
      ]);
      expect(await reportsIn(table)).toMatchObject([{ text: 'written since' }]);
      expect(await table.ended(KIDS)).toEqual({});
      await other.clearReports([{ instance: 'one', seen: 'written since', ended }]);
      expect(await reportsIn(table)).toEqual([]);
      expect(await table.ended(KIDS)).toEqual(told({ AAAAAAAA: START }));
      for (const text of ['', '%d 1 2', '1 2 x']) {
        await table.writeReport('two', text, LEASE);
        await other.clearReports([{ instance: 'two', seen: `${text} `, ended: {} }]);
        expect(await reportsIn(table)).toHaveLength(1);
        await other.clearReports([{ instance: 'two', seen: text, ended: {} }]);
        expect(await reportsIn(table)).toEqual([]);
      }
    });

    test('are cleared away together, and of each moment the later one is kept', async () => {
      const names = Array.from({ length: 300 }, (_, n) => `replica-${n}`);
      await Promise.all(names.map((name) => table.writeReport(name, name, LEASE)));
      await table.removeReport('one', told({ CCCCCCCC: START + 1000 }));
      await other.clearReports([]);
      await other.clearReports(
        names.map((name, n) => ({
          instance: name,
          // One has reported again.
          seen: n === 299 ? 'another' : name,
          ended: n === 7 ? {} : told({ AAAAAAAA: START + n, BBBBBBBB: START - n, CCCCCCCC: START + n }),
        })),
      );
      expect(await reportsIn(table)).toMatchObject([{ instance: 'replica-299' }]);
      const moments = { AAAAAAAA: START + 298, BBBBBBBB: START, CCCCCCCC: START + 1000 };
      expect(await table.ended(KIDS)).toEqual(told(moments));
    });

    test('of any number come in pages, and none that stays is missed while others come and go', async () => {
      const names = Array.from({ length: 3 * PAGE + 1 }, (_, n) => `replica-${n}`);
      await Promise.all(names.map((name) => table.writeReport(name, name, LEASE)));
      const found = new Set<string>();
      let pages = 0;
      for (let from: string | undefined; pages < 100; ) {
        const page = await table.reports(from);
        expect(page.reports.length).toBeLessThan(2 * PAGE);
        for (const { instance } of page.reports) found.add(instance);
        // What was seen goes, but for a few, and others come.
        await other.clearReports(
          page.reports
            .filter(({ instance }) => !instance.endsWith('7'))
            .map(({ instance, text }) => ({ instance, seen: text, ended: {} })),
        );
        for (let n = 0; n < 5; n++) await other.writeReport(`later-${pages}-${n}`, '', LEASE);
        pages += 1;
        if (page.next === undefined) break;
        from = page.next;
      }
      expect(pages).toBeGreaterThanOrEqual(3);
      expect(names.filter((name) => !found.has(name))).toEqual([]);
    });

    test('that are too long come without their text, and go', async () => {
      await table.writeReport('long', 'x'.repeat(LONGEST_REPORT + 1), LEASE);
      await table.writeReport('short', '{}', LEASE);
      const reports = [...(await reportsIn(other))].sort((a, b) => (a.instance < b.instance ? -1 : 1));
      expect(reports).toMatchObject([
        { instance: 'long', text: '', lease: LEASE },
        { instance: 'short', text: '{}' },
      ]);
      await other.clearReports([
        { instance: 'long', seen: '', ended: {} },
        { instance: 'short', seen: '', ended: {} },
      ]);
      expect(await reportsIn(table)).toMatchObject([{ instance: 'short' }]);
    });

    test('that are none are skipped', async () => {
      await table.writeReport('one', '{}', LEASE);
      const kids = await place.spoil();
      expect(await reportsIn(table)).toMatchObject([{ instance: 'one' }]);
      expect(await table.ended(kids)).toEqual({});
      const moments = told(Object.fromEntries(kids.map((kid) => [kid, START])));
      await table.removeReport('one', moments);
      expect(await table.ended(kids)).toEqual(moments);
      expect(await reportsIn(table)).toEqual([]);
    });
  });

  describe('what replicas that have ended signed', () => {
    test('is kept with the report gone, the later of each moment', async () => {
      await table.writeReport('one', '{}', LEASE);
      await table.removeReport('one', told({ AAAAAAAA: START, BBBBBBBB: START }));
      await other.removeReport('two', told({ AAAAAAAA: START - 1, BBBBBBBB: START + 1, CCCCCCCC: 0 }));
      await other.removeReport('two', {});
      expect(await table.ended(KIDS)).toEqual(told({ AAAAAAAA: START, BBBBBBBB: START + 1 }));
      expect(await reportsIn(table)).toEqual([]);
    });

    test('is exact to the millisecond, up to the last moment that there is', async () => {
      const moments = told({
        AAAAAAAA: 1,
        BBBBBBBB: 1_799_999_999_999,
        CCCCCCCC: Date.now() + 399 * 86_400_000,
      });
      await table.removeReport('one', moments);
      await table.removeReport('one', told(Object.fromEntries(Object.keys(moments).map((kid) => [kid, 1]))));
      expect(await other.ended(KIDS)).toEqual(moments);
    });

    test('goes by names that objects know', async () => {
      const names = ['toString', '__proto__', 'valueOf_', 'hasOwnPr', 'isProtot', 'constructor'];
      expect(Object.keys(await table.ended(names))).toEqual([]);
      expect((await table.ended(names)).toString).toBeUndefined();
      const moments = (at: number) => told(Object.fromEntries(names.map((name) => [name, at])));
      await table.removeReport('one', moments(START));
      await table.removeReport('two', moments(START - 1));
      const ended = await other.ended(names);
      expect(Object.keys(ended).sort()).toEqual([...names].sort());
      for (const name of names) expect(ended[name]?.at).toBe(START);
    });

    test('is told about the keys that are asked for, whatever else lies there', async () => {
      await table.removeReport('one', told({ AAAAAAAA: START, BBBBBBBB: START }));
      await table.removeReport('two', { CCCCCCCC: { at: START, proof: 'x'.repeat(LONGEST_MOMENT + 1) } });
      expect(await other.ended(['CCCCCCCC', 'BBBBBBBB', 'DDDDDDDD'])).toEqual(told({ BBBBBBBB: START }));
      expect(await other.ended([])).toEqual({});
    });

    test('is told by many at once', async () => {
      const kids = Array.from({ length: 10 }, fresh);
      await Promise.all(
        Array.from({ length: 30 }, (_, n) => {
          const order = n % 2 === 0 ? kids : [...kids].reverse();
          const moments = told(Object.fromEntries(order.map((kid) => [kid, START + n])));
          return (n % 3 === 0 ? table : other).removeReport(`replica-${n}`, moments);
        }),
      );
      expect(await table.ended(kids)).toEqual(told(Object.fromEntries(kids.map((kid) => [kid, START + 29]))));
    });
  });

  describe('what replicas verified', () => {
    const now = Date.now();
    const count = (span: CountsSpan, ago: number, verified: number, kid = 'AAAAAAAA'): Count => ({
      start: startOf(span, now - ago),
      kid,
      purpose: 'session',
      verified,
    });
    const found = async (one: RingTable, span: CountsSpan) =>
      keptOf(span, await one.counts(span, firstStart(span, now), now), now);

    test('adds up over all who tell it, by bucket, key and purpose', async () => {
      for (const span of ['quarter-hour', 'day', 'month'] as const) {
        expect(await found(table, span)).toEqual([]);
        await Promise.all(
          Array.from({ length: 50 }, (_, n) =>
            (n % 2 === 0 ? table : other).addCounts(span, [
              count(span, 0, n + 1),
              count(span, 0, 1, 'BBBBBBBB'),
              { ...count(span, 0, 2), purpose: 'csrf' },
            ]),
          ),
        );
        expect(await found(other, span)).toEqual([
          { ...count(span, 0, 100), purpose: 'csrf' },
          count(span, 0, 1275),
          count(span, 0, 50, 'BBBBBBBB'),
        ]);
      }
    });

    test('of a whole span comes back, and nothing from before or from later', async () => {
      for (const [span, bucket, buckets] of [
        ['quarter-hour', 5000, 180],
        ['day', 300_000, 288],
        ['month', 7_200_000, 372],
      ] as const) {
        const all = Array.from({ length: buckets }, (_, n) => count(span, n * bucket, n + 1)).reverse();
        await table.addCounts(span, [...all, count(span, buckets * bucket, 5), count(span, -bucket, 5)]);
        expect(await found(other, span)).toEqual(all);
      }
    });

    test('many at once, and none', async () => {
      const many = Array.from({ length: 1000 }, (_, n) =>
        count('day', (n % 4) * 300_000, n + 1, `kid${String(n).padStart(5, '0')}`),
      );
      await table.addCounts('day', many);
      await other.addCounts('day', [...many].reverse());
      await table.addCounts('day', []);
      const sum = (counts: readonly Count[]) => counts.reduce((all, { verified }) => all + verified, 0);
      expect(sum(await found(table, 'day'))).toBe(1001 * 1000);
    });

    test('never grows beyond what is exact', async () => {
      for (let time = 0; time < 3; time++)
        await table.addCounts('day', [count('day', 0, Number.MAX_SAFE_INTEGER - 1)]);
      expect(await found(table, 'day')).toEqual([count('day', 0, Number.MAX_SAFE_INTEGER)]);
    });

    test('of another ring is another', async () => {
      await table.addCounts('day', [count('day', 0, 5)]);
      expect(await found(place.table('another'), 'day')).toEqual([]);
    });

    test('is what it is, whatever else lies there', async () => {
      const { start } = count('quarter-hour', 0, 1);
      await table.addCounts('quarter-hour', [count('quarter-hour', 0, 7)]);
      await place.spoilCounts('quarter-hour', start);
      expect(await found(table, 'quarter-hour')).toEqual([count('quarter-hour', 0, 7)]);
      await table.addCounts('quarter-hour', [count('quarter-hour', 0, 1)]);
      expect(await found(table, 'quarter-hour')).toEqual([count('quarter-hour', 0, 8)]);
    });

    test("is in nobody's way: not in that of the ring, of reports or of moments", async () => {
      await table.addCounts('month', [count('month', 0, 1)]);
      expect(await table.version()).toBeUndefined();
      expect(await reportsIn(table)).toEqual([]);
      expect(await table.ended(KIDS)).toEqual({});
    });
  });

  describe('the clock of the engine', () => {
    test('has the name of its server, the same for everybody, and goes on', async () => {
      const one = await table.clock();
      const two = await other.clock();
      expect(one?.server).toMatch(/^(Redis \w{40}|PostgreSQL \d{16})$/);
      expect(two?.server).toBe(one?.server);
      expect(two?.shows).toBeGreaterThanOrEqual(one?.shows as number);
      // Milliseconds since 1970, on the same machine as this test.
      expect(Math.abs((one?.shows as number) - Date.now())).toBeLessThan(HOUR);
    });
  });

  describe('an engine that goes', () => {
    test('in the middle of a write: sent or asked again, it has succeeded', async () => {
      const far = place.far();
      // The engine knows the scripts, and there is a connection.
      await far.write({ version: 'v0', text: '' }, undefined);
      for (let n = 1; n <= 5; n++) {
        const write = () => far.write({ version: `v${n}`, text: 'a' }, `v${n - 1}`);
        place.proxy.loseNextAnswer();
        expect(await insist(write)).toBe(true);
        expect(await table.read()).toEqual({ version: `v${n}`, text: 'a' });
      }
      await place.wipe();
      place.proxy.loseNextAnswer();
      expect(await insist(() => far.write({ version: 'v9', text: 'b' }, undefined))).toBe(true);
      expect(await table.read()).toEqual({ version: 'v9', text: 'b' });
    });

    test('comes back by itself', async () => {
      const far = place.far();
      await far.write({ version: 'v1', text: 'a' }, undefined);
      place.proxy.cut();
      const asked = far.version().catch(() => 'rejected');
      // It is told, or its client tries again.
      await Promise.race([asked, until(() => place.proxy.refused > 0)]);
      place.proxy.mend();
      expect(['rejected', 'v1']).toContain(await asked);
      expect(await insist(() => far.read())).toEqual({ version: 'v1', text: 'a' });
    });
  });
}
