// The script of the console, without a browser: it counts down in the words of the server.
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { SCRIPT } from '../../src/console/pages/index.js';
import { timeLeft } from '../../src/words/time.js';

interface Shown {
  readonly dateTime: string;
  textContent: string;
}

/** Runs it on a page that has nothing but moments, and gives them as they are then. */
function run(moments: readonly number[], server: number, browser: number): readonly string[] {
  const shown = moments.map((at): Shown => ({ dateTime: new Date(at).toISOString(), textContent: '' }));
  class BrowserDate extends Date {
    static override now(): number {
      return browser;
    }
  }
  runInNewContext(SCRIPT, {
    Date: BrowserDate,
    setInterval: () => 0,
    window: {},
    document: {
      getElementById: () => null,
      querySelector: () => ({ dataset: { now: String(server) } }),
      querySelectorAll: () => shown,
    },
  });
  return shown.map(({ textContent }) => textContent);
}

test('it says how long something takes as the server does', () => {
  const now = Date.parse('2026-11-26T14:05:30Z');
  const seconds = [
    1, 41, 59, 60, 61, 90, 3599, 3600, 3601, 7800, 14_401, 86_399, 86_400, 90_001, 172_801, 3_000_000,
  ];
  const moments = [...seconds.map((one) => now + one * 1000), now + 1500, now + 59_500, now + 3_599_500];
  expect(run(moments, now, now)).toEqual(moments.map((at) => `in ${timeLeft(at, now)}`));
  expect(run([now, now - 5000], now, now)).toEqual(['now', 'now']);
});

test('it goes by the clock of the server', () => {
  const now = Date.parse('2026-11-26T14:05:30Z');
  expect(run([now + 90_000], now, now - 3_600_000)).toEqual(['in 1 min 30 s']);
});
