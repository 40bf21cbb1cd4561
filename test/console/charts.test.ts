// What the charts say: units, ends, lines with a label each, and keys in one state that can be told apart without a colour.
import { describe, expect, test } from 'vitest';
import { stackedBars } from '../../src/console/charts/bars.js';
import { shadeOf } from '../../src/console/charts/shades.js';
import { overviewPage } from '../../src/console/pages/index.js';
import { type Counts, SPANS } from '../../src/fleet/counts.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { sceneOf } from '../browser/console/scenes.js';
import { DAY, frameOf, HOUR, kidAt, LATE, MINUTE, NOW, SECOND, world } from './made.js';
import { classesOf, type Element, elementsIn, named, readHtml, textOf, withId } from './read-html.js';

const SERIES = [{ kid: kidAt(0), className: 'active', shade: '' }];

function bars(span: Counts['span'], since: number): Element {
  const { bucket, kept } = SPANS[span];
  const starts = Array.from({ length: Math.ceil((NOW - since) / bucket) }, (_, at) => since + at * bucket);
  const counts = starts.map((start) => ({ start, kid: kidAt(0), purpose: 'session', verified: 7 }));
  const drawn = stackedBars({ span, from: NOW - kept, to: NOW, counts }, SERIES, 'a chart');
  return readHtml(String(drawn));
}

/** How many bars there is room for: each is one wide. */
function roomIn(chart: Element): number {
  const [plot] = named(chart, 'svg').filter((svg) => classesOf(svg).includes('plot'));
  return Number(plot?.attributes.get('viewBox')?.split(' ')[2]);
}

describe('what was accepted', () => {
  test('has its unit, and ends now', () => {
    const chart = bars('quarter-hour', NOW - 10 * MINUTE);
    expect(textOf(named(chart, 'p')[0] as Element)).toMatch(/^\d+ tokens in \d+ s$/);
    const texts = named(chart, 'text');
    expect(textOf(texts.at(-1) as Element)).toBe('now');
    expect(texts.at(-1)?.attributes.get('x')).toBe('100%');
    const month = bars('month', NOW - 20 * DAY);
    expect(textOf(named(month, 'p')[0] as Element)).toMatch(/^\d+ tokens in \d+ (h|d)/);
  });

  test('ends where the last replica has told of it: no bar of nothing stands for what is not there yet', () => {
    const { bucket } = SPANS['quarter-hour'];
    const told = NOW - 9 * SECOND;
    const counts = [3, 2].map((nth) => ({
      start: NOW - nth * 60 * SECOND,
      kid: kidAt(0),
      purpose: 'session',
      verified: 7,
    }));
    const facts = { span: 'quarter-hour', from: NOW - 15 * MINUTE, to: NOW, counts } as const;
    const chart = readHtml(String(stackedBars(facts, SERIES, 'a chart', told)));
    const all = readHtml(String(stackedBars(facts, SERIES, 'a chart')));
    expect(roomIn(chart)).toBeLessThan(roomIn(all));
    const end = NOW - 3 * MINUTE + roomIn(chart) * bucket;
    expect(end).toBeGreaterThan(told);
    expect(textOf(named(chart, 'text').at(-1) as Element)).toMatch(/^until \d\d:\d\d:\d\d /);
    expect(textOf(named(all, 'text').at(-1) as Element)).toBe('now');
  });

  test('begins where the data do: two and a half minutes are not pressed into the end of fifteen', () => {
    const { bucket } = SPANS['quarter-hour'];
    const since = Math.floor((NOW - 150 * SECOND) / bucket) * bucket;
    expect(roomIn(bars('quarter-hour', since)) * bucket).toBeLessThan(180 * SECOND);
    // What has only just begun has some room.
    const begun = roomIn(bars('quarter-hour', NOW - 2 * bucket)) * bucket;
    expect(begun).toBeGreaterThanOrEqual(50 * SECOND);
    expect(begun).toBeLessThan(90 * SECOND);
  });
});

test('a bar has the colour of what its key did at that time, as the timeline above has it', async () => {
  const { view } = await world({
    keys: [
      { state: 'active', dates: { staged: NOW - 10 * MINUTE, active: NOW - 5 * MINUTE } },
      { state: 'retiring', dates: { active: NOW - DAY, retiring: NOW - 5 * MINUTE } },
    ],
    replicas: [{ at: NOW }],
  });
  const counts = [8, 2].flatMap((minutes) => [
    { start: NOW - minutes * MINUTE, kid: kidAt(1), purpose: 'session', verified: 3 },
  ]);
  const facts = { span: 'quarter-hour', from: NOW - 15 * MINUTE, to: NOW, counts } as const;
  const page = readHtml(overviewPage(frameOf(), { view, span: 'quarter-hour', counts: facts }));
  const fills = named(page, 'path').filter(
    (one) => classesOf(one).includes('fill') && textOf(one) === kidAt(1),
  );
  expect(fills.map(classesOf)).toEqual([
    ['fill', 'active'],
    ['fill', 'retiring'],
  ]);
});

describe('the timeline', () => {
  test('has no moment to come for a key that waits for more than the clock', async () => {
    const waits = { state: 'staged' as const, dates: { staged: NOW - SECOND } };
    const keys = [waits, { state: 'active' as const, dates: { active: NOW - HOUR } }];
    const marksIn = async (replicas: Array<Partial<ReplicaReport>>) => {
      const { view } = await world({ keys, replicas });
      const page = readHtml(overviewPage(frameOf(), { view, span: 'day', counts: undefined }));
      return elementsIn(page).filter((one) => classesOf(one).includes('safe')).length;
    };
    expect(await marksIn([{}, {}])).toBe(1);
    expect(await marksIn([{}, { ...LATE, verifies: [kidAt(1)] }])).toBe(0);
  });

  test('has no line without a label', async () => {
    for (const name of ['middle', 'thirty', 'after', 'waiting']) {
      const { world: made } = await sceneOf(name);
      const page = readHtml(overviewPage(frameOf(), { view: made.view, span: 'day', counts: undefined }));
      const [axis] = elementsIn(page).filter((one) => classesOf(one).includes('ring-axis'));
      const labels = named(axis as Element, 'text').map(({ attributes }) => attributes.get('x'));
      const [track] = elementsIn(page).filter((one) => classesOf(one).includes('track'));
      const linesAt = named(track as Element, 'line')
        .filter((line) => classesOf(line).includes('grid'))
        .map(({ attributes }) => attributes.get('x1'));
      expect([name, labels.slice(0, -1)]).toEqual([name, linesAt]);
    }
  });
});

describe('several keys that retire', () => {
  const made = {
    keys: [
      { state: 'active' as const, dates: { active: NOW - HOUR } },
      ...[1, 2, 3, 4, 5].map((nth) => ({
        state: 'retiring' as const,
        dates: { active: NOW - (nth + 1) * HOUR, retiring: NOW - nth * HOUR },
      })),
    ],
    lifetime: 12 * 3600,
    replicas: [{}],
  };

  test('each have a pattern, and it is the same one everywhere', async () => {
    const { view } = await world(made);
    const shades = view.status.keys
      .filter(({ state }) => state === 'retiring')
      .map((key) => [key.id, shadeOf(key, view.status).trim()] as const);
    expect(new Set(shades.map(([, shade]) => shade))).toHaveProperty('size', 5);
    const starts = [1, 2, 3].map((minutes) => NOW - minutes * MINUTE);
    const counts = starts.flatMap((start) =>
      shades.map(([kid]) => ({ start, kid, purpose: 'session', verified: 3 })),
    );
    const facts = { span: 'quarter-hour', from: NOW - 15 * MINUTE, to: NOW, counts } as const;
    const page = readHtml(overviewPage(frameOf(), { view, span: 'quarter-hour', counts: facts }));
    for (const [kid, shade] of shades) {
      const has = (one: Element) => shade === '' || classesOf(one).includes(shade);
      const row = named(page, 'li').find((li) => classesOf(li).includes('key') && textOf(li).startsWith(kid));
      const retires = named(row as Element, 'rect').filter((rect) => classesOf(rect).includes('retiring'));
      expect([kid, retires.map(has)]).toEqual([kid, [true]]);
      const swatch = named(page, 'li').find(
        (li) => classesOf(li).includes('swatch') && textOf(li).startsWith(kid),
      );
      const fills = named(page, 'path').filter(
        (one) => classesOf(one).includes('fill') && textOf(one) === kid,
      );
      expect([swatch, ...fills].map((one) => has(one as Element))).not.toContain(false);
    }
    // What cuts the stripes out is in the page once.
    const masks = elementsIn(page).filter(({ name }) => name === 'mask');
    const used = elementsIn(page).flatMap(({ attributes }) => attributes.get('mask') ?? []);
    expect(new Set(used)).toEqual(new Set(masks.map(({ attributes }) => `url(#${attributes.get('id')})`)));
    expect(withId(page, 'stripes-1')).toBeDefined();
  });
});
