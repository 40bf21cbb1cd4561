// Preconditions as RFC 9110 spells them: dates in three forms, entity tags by their grammar.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeDownload, judgeUpload } from '../../src/blobs/conditions.js';
import { parseEntityTags } from '../../src/blobs/entity-tags.js';
import { parseHttpDate } from '../../src/blobs/http-date.js';

const NOW = Date.UTC(2026, 10, 26);
const at = (text: string) => {
  const seconds = parseHttpDate(text, NOW);
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
};

describe('a date', () => {
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37.000Z'],
    ['Wed Nov 16 08:49:37 1994', '1994-11-16T08:49:37.000Z'],
    // Two digits: what would be more than 50 years away is a century ago.
    ['Thursday, 26-Nov-76 00:00:00 GMT', '2076-11-26T00:00:00.000Z'],
    ['Friday, 26-Nov-76 00:00:01 GMT', '1976-11-26T00:00:01.000Z'],
    ['Saturday, 01-Jan-00 00:00:00 GMT', '2000-01-01T00:00:00.000Z'],
    ['Tue, 29 Feb 2028 00:00:00 GMT', '2028-02-29T00:00:00.000Z'],
    // A leap second, and the wrong day of the week.
    ['Sat, 31 Dec 2016 23:59:60 GMT', '2016-12-31T23:59:59.000Z'],
    ['Mon, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
  ])('%s', (text, moment) => expect(at(text)).toBe(moment));

  test.each([
    '',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06-Nov-94 08:49:37 GMT',
    'Sunday, 06-Nov-1994 08:49:37 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    '1994-11-06T08:49:37Z',
    '784111777',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
  ])('that is none: %s', (text) => expect(at(text)).toBeUndefined());

  test('comes back from each of its forms', () => {
    const moments = fc.date({
      min: new Date(NOW - 49 * 365 * 864e5),
      max: new Date(NOW + 49 * 365 * 864e5),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, (moment) => {
        const [day, date, month, year, time] = moment.toUTCString().split(' ') as [
          string,
          string,
          string,
          string,
          string,
        ];
        const long = new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: 'UTC' }).format(moment);
        const forms = [
          moment.toUTCString(),
          `${long}, ${date}-${month}-${year.slice(2)} ${time} GMT`,
          `${day.slice(0, 3)} ${month} ${date.replace(/^0/, ' ')} ${time} ${year}`,
        ];
        for (const form of forms) expect(parseHttpDate(form, NOW)).toBe(Math.floor(moment.getTime() / 1000));
      }),
    );
  });
});

describe('entity tags', () => {
  test.each([
    ['"x"', ['"x"']],
    ['""', ['""']],
    ['W/"x"', ['W/"x"']],
    ['"a", W/"b" ,"c,d"', ['"a"', 'W/"b"', '"c,d"']],
    [' ,, "a",\t,"b", ', ['"a"', '"b"']],
    ['"\u00e9"', ['"\u00e9"']],
  ])('%s', (list, tags) => expect(parseEntityTags(list)).toEqual(tags));

  test.each([
    '',
    ' , ',
    'x',
    'w/"x"',
    'W/ "x"',
    'W/x',
    '"x',
    'x"',
    '"a" "b"',
    '"a"b',
    '"a b"',
    '"a\u0100"',
    '*',
    '"a", *',
  ])('that are none: %s', (list) => expect(parseEntityTags(list)).toBeUndefined());
});

describe('a precondition', () => {
  const modifiedAt = new Date(Date.UTC(1994, 10, 6, 8, 49, 37));
  const blob = { name: 'a', size: 1, type: 'text/plain', etag: '"abcdefgh"', modifiedAt };
  const may = (headers: Readonly<Record<string, string>>, current: typeof blob | undefined = blob) =>
    judgeUpload(headers, current, NOW);

  test('in the old forms of dates holds an upload back', () => {
    for (const before of [
      'Sun, 06 Nov 1994 08:49:36 GMT',
      'Sunday, 06-Nov-94 08:49:36 GMT',
      'Sun Nov  6 08:49:36 1994',
    ]) {
      expect(may({ 'if-unmodified-since': before })).toBe(false);
      expect(may({ 'if-unmodified-since': before.replace(':36', ':37') })).toBe(true);
      expect(judgeDownload('GET', { 'if-modified-since': before }, blob, NOW).status).toBe(200);
      const same = before.replace(':36', ':37');
      expect(judgeDownload('GET', { 'if-modified-since': same }, blob, NOW).status).toBe(304);
      expect(judgeDownload('GET', { range: 'bytes=0-0', 'if-range': same }, blob, NOW).status).toBe(206);
    }
  });

  test('that cannot be read does not hold', () => {
    expect(may({ 'if-match': '"abcdefgh"' })).toBe(true);
    for (const list of ['w/"abcdefgh"', 'W/"abcdefgh"', '"abcdefgh" x', 'abcdefgh', '"x"'])
      expect(may({ 'if-match': list }), list).toBe(false);
    for (const list of ['"abcdefgh"', 'W/"abcdefgh"', '"x", "abcdefgh"', '*', 'w/"x"', 'x'])
      expect(may({ 'if-none-match': list }), list).toBe(false);
    expect(may({ 'if-none-match': '"x"' })).toBe(true);
    expect(judgeUpload({ 'if-none-match': '*' }, undefined, NOW)).toBe(true);
    expect(judgeUpload({ 'if-none-match': 'w/"x"' }, undefined, NOW)).toBe(false);
    // What is not a date must be passed over.
    expect(may({ 'if-unmodified-since': 'yesterday' })).toBe(true);
    expect(judgeDownload('GET', { 'if-none-match': 'w/"abcdefgh"' }, blob, NOW).status).toBe(200);
    expect(judgeDownload('GET', { 'if-match': 'w/"abcdefgh"' }, blob, NOW).status).toBe(412);
  });
});
