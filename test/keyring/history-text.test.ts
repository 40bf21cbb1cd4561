// What may be said for the history.
import { expect, test } from 'vitest';
import { historyText, historyTextProblem } from '../../src/keyring/history-text.js';

test.each([
  ['a line end', 'a\nb'],
  ['an escape', 'a\u001b[2J'],
  ['a deleted character', 'a\u007f'],
  ['a control of the second half', 'a\u009b'],
  ['a line separator', 'a\u2028b'],
  ['an override of direction', 'a\u202eb'],
  ['an isolate', 'a\u2066b'],
  ['half a character', 'a\ud800'],
])('%s is refused, and not repeated', (_, text) => {
  for (const what of ['who', 'why'] as const) {
    expect(historyTextProblem(what, text)).toBe('holds a line end, or another control character');
    const refused = expect.objectContaining({
      code: 'history_text_invalid',
      message: `what is said for the history (${what}) holds a line end, or another control character`,
      hint: expect.stringContaining('one short line'),
    });
    expect(() => historyText({ [what]: text })).toThrow(refused);
  }
});

test('a text has a longest length, to the character', () => {
  for (const [what, longest] of [
    ['who', 100],
    ['why', 500],
  ] as const) {
    const longer = 'x'.repeat(longest + 1);
    expect(historyTextProblem(what, 'ü'.repeat(longest))).toBeUndefined();
    expect(historyTextProblem(what, longer)).toBe(
      `is ${longest + 1} characters long, and the history takes ${longest}`,
    );
  }
});

test('what is empty says nothing', () => {
  expect(historyText({})).toEqual({});
  expect(Object.keys(historyText({ who: '', why: '' }))).toEqual([]);
  expect(historyText({ who: 'ann', why: 'ticket 12: 🔑' })).toEqual({ who: 'ann', why: 'ticket 12: 🔑' });
});
