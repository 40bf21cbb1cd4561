// Moments and lengths of time as people read them: a wait is never shown shorter than it is, nor an age longer.
import { describe, expect, test } from 'vitest';
import {
  ageInWords,
  clockTime,
  isoSecond,
  lengthOfTime,
  moment,
  relativeTime,
} from '../../src/words/time.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('what is to come', () => {
  test.each([
    [1, 'in 1 s'],
    [999, 'in 1 s'],
    [SECOND, 'in 1 s'],
    [1001, 'in 2 s'],
    [119.5 * SECOND, 'in 120 s'],
    [121 * SECOND, 'in 3 min'],
    [2 * HOUR, 'in 2 h'],
    [2 * HOUR + 1, 'in 3 h'],
    [7 * DAY, 'in 7 d'],
    [7 * DAY + MINUTE, 'in 8 d'],
    [0, 'now'],
  ])('%d ms: %s', (wait, words) => {
    expect(relativeTime(NOW + wait, NOW)).toBe(words);
  });

  test('every wait of up to three days is shown at least as long as it is', () => {
    const units: Record<string, number> = { s: SECOND, min: MINUTE, h: HOUR, d: DAY };
    for (let wait = 1; wait < 3 * DAY; wait += 7_919 + Math.floor(wait / 50)) {
      const [, amount, unit] = /^in (\d+) (\w+)$/.exec(relativeTime(NOW + wait, NOW)) as unknown as string[];
      expect(Number(amount) * (units[unit as string] as number)).toBeGreaterThanOrEqual(wait);
      const shown = [...lengthOfTime(wait / 1000).matchAll(/(\d+) (\w+)/g)];
      const length = shown.reduce((sum, [, n, of]) => sum + Number(n) * (units[of as string] as number), 0);
      expect(length).toBeGreaterThanOrEqual(wait);
      const time = / ?(\d\d:\d\d(:\d\d)?) /.exec(moment(NOW + wait, NOW))?.[1] as string;
      const day = /^\d{4}-\d\d-\d\d/.exec(moment(NOW + wait, NOW))?.[0] ?? dayOf(new Date(NOW));
      expect(new Date(`${day}T${time}`).getTime()).toBeGreaterThanOrEqual(NOW + wait);
    }
  });
});

test('what was announced is never shown earlier once it has happened', () => {
  for (const part of [0, 1, 200, 999]) {
    const announced = NOW + 5 * SECOND + part;
    for (const late of [0, 1, 300, 999]) {
      const taken = announced + late;
      const [before, after] = [clockTime(announced, NOW), clockTime(taken, taken + MINUTE)];
      expect(after >= before, `${before}, ${after}`).toBe(true);
      expect(Date.parse(isoSecond(taken))).toBeGreaterThanOrEqual(Math.ceil(announced / SECOND) * SECOND);
    }
    // As the history of the terminal has it.
    expect(new Date(isoSecond(announced)).getSeconds()).toBe(
      Number(/:(\d\d) /.exec(clockTime(announced, NOW))?.[1]),
    );
  }
  const last = new Date(NOW).setHours(23, 59, 59, 500);
  expect(clockTime(last, last)).toMatch(/^00:00:00 /);
});

function dayOf(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

describe('what is past', () => {
  test.each([
    [999, 'now', '0 s'],
    [1999, '1 s ago', '1 s'],
    [2 * HOUR - 1, '119 min ago', '119 min'],
    [3 * HOUR - 1, '2 h ago', '2 h'],
    [80.9 * DAY, '80 d ago', '80 d'],
  ])('%d ms: %s', (age, words, length) => {
    expect(relativeTime(NOW - age, NOW)).toBe(words);
    expect(ageInWords(NOW - age, NOW)).toBe(length);
  });
});

test.each([
  [0, '0 s'],
  [0.2, '1 s'],
  [41, '41 s'],
  [61, '1 min 1 s'],
  [3_600 + 59 * 60 + 30, '2 h'],
  [7 * 86_400 + 6 * 60, '7 d 6 min'],
  [7 * 86_400 + 6 * 60 + 1, '7 d 7 min'],
  [86_400 - 0.5, '1 d'],
  [86_400 + 3_599, '1 d 1 h'],
])('%d s: %s', (seconds, words) => {
  expect(lengthOfTime(seconds)).toBe(words);
});

test('a moment has its zone: whoever reads a log elsewhere has another clock', () => {
  const before = process.env.TZ;
  try {
    for (const [zone, time, day] of [
      ['UTC', '14:00 UTC (in 2 h)', '2026-11-27 12:00 UTC (in 7 d)'],
      ['Europe/Berlin', '15:00 +01:00 (in 2 h)', '2026-11-27 13:00 +01:00 (in 7 d)'],
      ['Asia/Kolkata', '19:30 +05:30 (in 2 h)', '2026-11-27 17:30 +05:30 (in 7 d)'],
      ['America/St_Johns', '10:30 -03:30 (in 2 h)', '2026-11-27 08:30 -03:30 (in 7 d)'],
    ] as const) {
      process.env.TZ = zone;
      expect(moment(NOW + 2 * HOUR, NOW)).toBe(time);
      expect(moment(NOW + 7 * DAY, NOW)).toBe(day);
    }
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});
