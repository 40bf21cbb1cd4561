// What is counted over time: in which bucket it lands, what becomes of it where it cannot be told, and that nothing of
// what others write there passes for a count that is none.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Counting } from '../../src/fleet/counting.js';
import {
  addUp,
  type Count,
  type CountsSpan,
  countsOf,
  firstStart,
  keptOf,
  MOST_IN_BUCKET,
  SPANS,
  startOf,
  withNewest,
} from '../../src/fleet/counts.js';
import { FileFleet, fleetFolder } from '../../src/fleet/file-fleet.js';
import { manualClock } from '../../src/testing/clock.js';
import { newFolder } from '../support/ring-file.js';
import { Gate, until } from '../support/waiting.js';

const NOON = Date.UTC(2026, 0, 15, 12);
const KID = 'AAAAAAAA';
const OTHER = 'BBBBBBBB';
const ALL = Object.keys(SPANS) as CountsSpan[];

const count = (start: number, verified = 1, kid = KID, purpose = 'session'): Count => ({
  start,
  kid,
  purpose,
  verified,
});
const sum = (counts: readonly Count[]) => counts.reduce((all, { verified }) => all + verified, 0);

test('a longer span contains what only a shorter one has been told yet, and counts nothing twice', () => {
  const now = NOON + 11 * 60_000;
  const at = (minutes: number) => NOON + minutes * 60_000;
  const newest = [count(at(1), 3), count(at(7), 5), count(at(10), 7), count(at(10), 2, OTHER)];
  const told = [count(at(-60), 100), count(at(0), 9), count(at(5), 4)];
  const both = withNewest(countsOf('day', told, now), countsOf('quarter-hour', newest, now));
  // Of the first bucket the shorter span has forgotten a part.
  expect(both).toEqual(
    countsOf(
      'day',
      [count(at(-60), 100), count(at(0), 9), count(at(5), 5), count(at(10), 7), count(at(10), 2, OTHER)],
      now,
    ),
  );
});

describe('buckets', () => {
  test.each(
    ALL,
  )('of a %s: each begins at a multiple of its size, and there is a whole number of them', (span) => {
    const { bucket, kept } = SPANS[span];
    expect(kept % bucket).toBe(0);
    fc.assert(
      fc.property(fc.integer({ min: kept, max: 8.64e15 }), (now) => {
        const start = startOf(span, now);
        expect(start % bucket).toBe(0);
        expect(now - start).toBeGreaterThanOrEqual(0);
        expect(now - start).toBeLessThan(bucket);
        // The last of them is the one that goes on.
        expect((start - firstStart(span, now)) / bucket).toBe(kept / bucket - 1);
      }),
    );
  });

  test('add up, whoever told them and in whatever order', () => {
    const name = fc.constantFrom(KID, OTHER);
    const some = fc.array(
      fc.record({
        start: fc.integer({ min: 0, max: 5 }).map((n) => NOON - n * 5000),
        kid: name,
        purpose: fc.constantFrom('session', 'csrf'),
        verified: fc.integer({ min: 1, max: 1000 }),
      }),
    );
    fc.assert(
      fc.property(some, some, (one, other) => {
        const added = addUp([...one, ...other]);
        expect(sum(added)).toBe(sum(one) + sum(other));
        expect(addUp([...other, ...one])).toEqual(added);
        expect(addUp([...addUp(one), ...addUp(other)])).toEqual(added);
        expect(added.map(({ start }) => start)).toEqual(added.map(({ start }) => start).sort());
      }),
    );
    expect(addUp([count(0, Number.MAX_SAFE_INTEGER), count(0, 5)])).toEqual([
      count(0, Number.MAX_SAFE_INTEGER),
    ]);
  });

  test('are shown from the first that can be there until now', () => {
    const inside = [count(NOON - 15 * 60_000 + 5000), count(NOON)];
    const shown = countsOf('quarter-hour', [count(NOON - 15 * 60_000), ...inside, count(NOON + 5000)], NOON);
    expect(shown).toEqual({
      span: 'quarter-hour',
      from: NOON - 15 * 60_000 + 5000,
      to: NOON,
      counts: inside,
    });
  });

  test('hold the keys and purposes that verified most, where there are too many', () => {
    const many = Array.from({ length: MOST_IN_BUCKET + 50 }, (_, n) =>
      count(NOON, n + 1, `kid-${String(n).padStart(4, '0')}`),
    );
    const kept = keptOf('day', [...many, count(NOON - 300_000)], NOON);
    expect(kept).toEqual([count(NOON - 300_000), ...many.slice(50)]);
  });

  test('hold nothing that is no count, whatever lies there', () => {
    const odd = fc.oneof(
      fc.anything(),
      fc.constantFrom<unknown>(NOON, NOON + 1, NOON - 5000, -5000, 0, Number.NaN, Infinity, 2 ** 60, '5000'),
      fc.constantFrom<unknown>(
        KID,
        'session',
        '<b>',
        '__proto__',
        'constructor',
        'AAAAAAA\n',
        'session\u2028',
        1,
      ),
    );
    const found = fc.array(fc.record({ start: odd, kid: odd, purpose: odd, verified: odd }));
    fc.assert(
      fc.property(found, (all) => {
        for (const { start, kid, purpose, verified } of keptOf(
          'quarter-hour',
          all as Iterable<Count>,
          NOON,
        )) {
          expect(start % 5000).toBe(0);
          expect(start).toBeGreaterThanOrEqual(firstStart('quarter-hour', NOON));
          expect(start).toBeLessThanOrEqual(NOON);
          expect(kid).toMatch(/^[\w-]{8}$/);
          expect(purpose).toMatch(/^[a-z][a-z0-9-]{0,31}$/);
          expect(Number.isSafeInteger(verified) && verified > 0).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** A fleet that keeps what it is told, or refuses it. */
function fleetOf() {
  const fleet = {
    told: { 'quarter-hour': [] as Count[], day: [] as Count[], month: [] as Count[] },
    calls: 0,
    largest: 0,
    refuses: false,
    gate: undefined as Gate | undefined,
    count: async (span: CountsSpan, added: readonly Count[]) => {
      fleet.calls += 1;
      fleet.largest = Math.max(fleet.largest, added.length);
      await fleet.gate?.pass();
      if (fleet.refuses) throw new Error('refused');
      fleet.told[span].push(...added);
    },
  };
  return fleet;
}

function counting(start = NOON) {
  const clock = manualClock(start);
  const fleet = fleetOf();
  const uses = [
    { kid: KID, purpose: 'session', verified: 100 },
    { kid: OTHER, purpose: 'csrf', verified: 0 },
  ] as const satisfies ReadonlyArray<{ kid: string; purpose: string; verified: number }>;
  const [session, csrf] = uses as unknown as [{ verified: number }, { verified: number }];
  let looked = 0;
  const looking = () => {
    looked += 1;
    return uses;
  };
  const all = new Counting(fleet, { uses: looking, now: clock.read });
  /** Looked at at the end of each bucket, as the timer does, a moment late. */
  const verifying = (each: readonly number[]) => {
    for (const n of each) {
      session.verified += n;
      clock.now += 5000;
      all.look();
    }
  };
  return { clock, fleet, session, csrf, all, verifying, looks: () => looked };
}

describe('a process', () => {
  test('counts what it verifies from now on, in the bucket in which it did', async () => {
    const { all, fleet, verifying, csrf } = counting(NOON + 3);
    verifying([7, 0, 5]);
    csrf.verified += 2;
    await all.close();
    expect(addUp(fleet.told['quarter-hour'])).toEqual([
      count(NOON, 7),
      count(NOON + 10_000, 5),
      count(NOON + 15_000, 2, OTHER, 'csrf'),
    ]);
    for (const span of ['day', 'month'] as const)
      expect(addUp(fleet.told[span])).toEqual([count(NOON, 12), count(NOON, 2, OTHER, 'csrf')]);
  });

  test('looks at the end of each bucket by itself', async () => {
    const { all, fleet, session, clock, looks } = counting(NOON + 4990);
    session.verified += 3;
    all.start();
    clock.now = NOON + 5001;
    const before = looks();
    await until(() => looks() > before);
    session.verified += 4;
    await all.close();
    expect(fleet.told['quarter-hour']).toEqual([count(NOON, 3), count(NOON + 5000, 4)]);
  });

  test('tells each span as often as that needs, and all of them when it ends', async () => {
    const { all, fleet, verifying } = counting();
    const tell = async () => {
      all.tell();
      await new Promise((done) => setImmediate(done));
    };
    verifying([1]);
    await tell();
    expect(fleet.calls).toBe(3);
    for (let n = 0; n < 5; n++) {
      verifying([1]);
      await tell();
    }
    expect(fleet.calls).toBe(8);
    expect(sum(fleet.told['quarter-hour'])).toBe(6);
    expect(sum(fleet.told.day)).toBe(1);
    await all.close();
    expect([sum(fleet.told['quarter-hour']), sum(fleet.told.day), sum(fleet.told.month)]).toEqual([6, 6, 6]);
  });

  test('has nothing to tell where nothing was verified', async () => {
    const { all, fleet } = counting();
    all.tell();
    await all.close();
    expect(fleet.calls).toBe(0);
  });

  test('loses nothing that it could not tell, and does not tell it twice', async () => {
    const { all, fleet, verifying } = counting();
    fleet.refuses = true;
    verifying([1, 2, 3]);
    all.tell();
    await until(() => fleet.calls === 3);
    verifying([4]);
    // It is not asked again at once.
    all.tell();
    fleet.refuses = false;
    await all.close();
    const told = [count(NOON, 1), count(NOON + 5000, 2), count(NOON + 10_000, 3), count(NOON + 15_000, 4)];
    expect(addUp(fleet.told['quarter-hour'])).toEqual(told);
    expect(sum(fleet.told.month)).toBe(10);
  });

  test('tells nothing anew while nobody knows what has become of it', async () => {
    const { all, fleet, verifying } = counting();
    fleet.gate = new Gate();
    verifying([1]);
    all.tell();
    await fleet.gate.reached();
    verifying([2]);
    for (let n = 0; n < 10; n++) all.tell();
    expect(fleet.calls).toBe(1);
    fleet.gate.open();
    await all.close();
    expect(sum(fleet.told['quarter-hour'])).toBe(3);
    expect(sum(fleet.told.day)).toBe(3);
  });

  test('keeps what it could not tell within bounds', async () => {
    const { all, fleet, verifying } = counting();
    fleet.refuses = true;
    // An hour of an engine that is gone.
    verifying(Array.from({ length: 720 }, () => 1));
    fleet.refuses = false;
    await all.close();
    expect(fleet.told['quarter-hour'].length).toBeLessThanOrEqual(180);
    expect(sum(fleet.told.day)).toBe(720);
    expect(fleet.largest).toBeLessThanOrEqual(1000);
  });

  test.each([
    ['back', -3_600_000],
    ['ahead', 3_600_000],
  ])('whose clock is set %s goes on, and counts by the clock that it has', async (_name, by) => {
    const { all, fleet, verifying, clock } = counting();
    verifying([1]);
    clock.now += by;
    verifying([2, 3]);
    await all.close();
    expect(sum(fleet.told.day)).toBe(6);
    const starts = fleet.told['quarter-hour'].map(({ start }) => start);
    for (const start of starts) expect(start % 5000).toBe(0);
    expect(starts).toContain(clock.now - 5000);
  });
});

describe('beside a keyring file', () => {
  const place = (now = NOON) => {
    const path = join(newFolder(), 'keyring.json');
    writeFileSync(path, '{}');
    const clock = manualClock(now);
    const fleet = new FileFleet(path, 900, clock.read);
    return { path, clock, fleet, folder: fleetFolder(path) };
  };

  test('what all of them have told adds up', async () => {
    const { path, fleet, clock } = place();
    const fleets = Array.from({ length: 8 }, () => new FileFleet(path, 900, clock.read));
    await Promise.all(
      fleets.flatMap((one) => ALL.map((span) => one.count(span, [count(NOON, 3), count(NOON, 1, OTHER)]))),
    );
    for (const span of ALL)
      expect((await fleet.counted(span)).counts).toEqual([count(NOON, 24), count(NOON, 8, OTHER)]);
  });

  test('names that objects know are names like others', async () => {
    const { fleet } = place();
    const odd = count(NOON, 1, 'toString', 'constructor');
    for (let time = 0; time < 3; time++) await fleet.count('day', [odd, { ...odd, purpose: 'valueof' }]);
    expect((await fleet.counted('day')).counts).toEqual([
      { ...odd, verified: 3 },
      { ...odd, purpose: 'valueof', verified: 3 },
    ]);
  });

  test('what is there and no number gives way to one', async () => {
    const { fleet, folder } = place();
    mkdirSync(folder);
    const text = JSON.stringify({ [NOON]: { [KID]: { session: 'x', csrf: -5 }, [OTHER]: 7 } });
    writeFileSync(join(folder, 'verified-day.json'), text);
    await fleet.count('day', [count(NOON, 2), count(NOON, 3, OTHER)]);
    expect((await fleet.counted('day')).counts).toEqual([count(NOON, 2), count(NOON, 3, OTHER)]);
  });

  test('there is nothing at first, and what is too old goes', async () => {
    const { fleet, clock, folder } = place();
    expect(existsSync(folder)).toBe(false);
    expect((await fleet.counted('month')).counts).toEqual([]);
    await fleet.count('quarter-hour', [count(NOON)]);
    clock.advance(899);
    await fleet.count('quarter-hour', [count(NOON + 895_000)]);
    expect((await fleet.counted('quarter-hour')).counts).toHaveLength(2);
    clock.advance(3600);
    expect((await fleet.counted('quarter-hour')).counts).toEqual([]);
    await fleet.count('quarter-hour', [count(clock.now - (clock.now % 5000))]);
    expect(readFileSync(join(folder, 'verified-quarter-hour.json'), 'utf8')).not.toContain(String(NOON));
  });

  test('a clock that is set back shows no future, and leaves none behind', async () => {
    const { fleet, clock } = place();
    await fleet.count('day', [count(NOON)]);
    clock.advance(-3600);
    expect((await fleet.counted('day')).counts).toEqual([]);
    await fleet.count('day', [count(NOON - 3_600_000, 2)]);
    clock.advance(3600);
    expect((await fleet.counted('day')).counts).toEqual([count(NOON - 3_600_000, 2)]);
  });

  test('it is no report, and goes with no old report', async () => {
    const { fleet, clock, folder } = place();
    for (const span of ALL) await fleet.count(span, [count(NOON)]);
    clock.advance(86_400);
    expect(await fleet.read(undefined, true)).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[1]'],
    ['other shapes', '{"1":1,"2":null,"3":"text","4":{"AAAAAAAA":[1,2]},"__proto__":{"a":1},"5":{"b":"c"}}'],
    ['what is far too long', ' '.repeat(9 * 1024 * 1024)],
    [
      'text for a page',
      JSON.stringify({ [NOON]: { '<script>': { session: 1 }, [KID]: { '<script>': 1, csrf: '1' } } }),
    ],
  ])('%s in its place is none, and gives way', async (_name, text) => {
    const { fleet, folder } = place();
    mkdirSync(folder);
    writeFileSync(join(folder, 'verified-day.json'), text);
    expect((await fleet.counted('day')).counts).toEqual([]);
    await fleet.count('day', [count(NOON)]);
    expect((await fleet.counted('day')).counts).toEqual([count(NOON)]);
  });

  test('a link in its place is not followed', async () => {
    const { fleet, folder } = place();
    mkdirSync(folder);
    const elsewhere = join(newFolder(), 'elsewhere.json');
    writeFileSync(elsewhere, JSON.stringify({ [NOON]: { [KID]: { session: 5 } } }));
    symlinkSync(elsewhere, join(folder, 'verified-day.json'));
    expect((await fleet.counted('day')).counts).toEqual([]);
    await fleet.count('day', [count(NOON)]);
    expect(readFileSync(elsewhere, 'utf8')).toContain('5');
    expect((await fleet.counted('day')).counts).toEqual([count(NOON)]);
  });

  test('where nothing can be written it is told to whoever counts', async () => {
    const { fleet, folder } = place();
    writeFileSync(folder, 'in the way');
    await expect(fleet.count('day', [count(NOON)])).rejects.toThrow();
    expect((await fleet.counted('day')).counts).toEqual([]);
  });
});
