// A session as one string in Redis: written and read again, and what others may have left there.
import { expect, test } from 'vitest';
import { format, HEAD, notesIn, parse, userIn } from '../../../src/sessions/stores/redis-record.js';

const record = { text: '{"a":"b\\n"}\nc', createdAt: 1000, expiresAt: 2000 };
const WRITE = 'AAAAAAAAAAAAAAAA';

test.each([
  {},
  { user: 'ada' },
  { user: 'a"b\\c \n' },
  { label: 'Firefox "on" Linux\n' },
  { user: 'ada', label: ' ', seenAt: 1500 },
  { seenAt: 1500 },
])('is read as it was written: %j', (more) => {
  const written = format({ ...record, ...more }, 7, WRITE);
  expect(parse(written)).toStrictEqual({ ...record, ...more, version: 7 });
  const head = written.slice(0, written.indexOf('\n'));
  expect(userIn(head)).toBe((more as { user?: string }).user);
});

test('one that has ended, or is cut, is none', () => {
  expect(parse('x 0000000000002000 0000000000001000 A next\n')).toBeUndefined();
  expect(parse(format(record, 1, WRITE).slice(0, HEAD))).toBeUndefined();
});

test('what stands in the place of an owner, and was not written here, is nobody', () => {
  const head = format(record, 1, WRITE).slice(0, HEAD);
  for (const owner of ['ada', '"ada', '"ada"x', ' label', '"a" "b" "c"']) {
    expect(userIn(head + owner)).toBeUndefined();
    expect(notesIn(head + owner)).toEqual({});
  }
});
