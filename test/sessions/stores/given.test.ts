// What stores are given, held to where no engine is asked: labels and texts at their limits, and options that are none.
import { describe, expect, test } from 'vitest';
import { postgresStore, sessionSchemaSql } from '../../../src/sessions/stores/postgres.js';
import {
  labelOf,
  notesOf,
  requireRecord,
  requireUser,
  userOf,
} from '../../../src/sessions/stores/validate.js';

const record = (more: object = {}) => ({ text: '{}', createdAt: 1, expiresAt: 2, ...more }) as never;
const invalid = (message: string, hint: string) =>
  expect.objectContaining({
    code: 'session_invalid',
    message: expect.stringContaining(message),
    hint: expect.stringContaining(hint),
  });

describe('a record', () => {
  test('is taken as it is, with a label of up to 256 characters', () => {
    const given = record({ user: 'ada', seenAt: 5, label: 'x'.repeat(256) });
    expect(requireRecord(given)).toBe(given);
  });

  test.each([
    ['x'.repeat(257)],
    ['a\0'],
    ['a\ud800'],
    [5],
    [null],
  ])('is not taken with the label %j', (label) => {
    expect(() => requireRecord(record({ label }))).toThrow(invalid('label of a session', '256 characters'));
  });

  test.each([-1, Number.NaN, '5', 2 ** 53])('is not taken with the moment %j', (moment) => {
    for (const field of ['createdAt', 'expiresAt', 'seenAt'])
      expect(() => requireRecord(record({ [field]: moment }))).toThrow(
        invalid('a time of a session', 'since 1970'),
      );
  });

  test('is not taken with a text that not every engine keeps', () => {
    for (const text of ['a\0', 'a\ud800', 5, undefined])
      expect(() => requireRecord(record({ text }))).toThrow(
        invalid('the text of a session', 'JSON.stringify'),
      );
  });

  test('is taken with a number as its digits, and of nobody without a user', () => {
    expect(requireRecord(record({ user: 5, label: 'a' }))).toStrictEqual(record({ user: '5', label: 'a' }));
    expect(requireRecord(record({ user: null }))).toStrictEqual(record());
  });
});

test('whose sessions are listed must be named', () => {
  expect(requireUser(5)).toBe('5');
  for (const nobody of [null, undefined])
    expect(() => requireUser(nobody)).toThrow(invalid('no user is named', 'listUser'));
  expect(() => userOf('x'.repeat(1025))).toThrow(invalid('the user of a session', '1024 bytes'));
  expect(userOf('x'.repeat(1024))).toHaveLength(1024);
});

test('what an app calls a session is cut to what every store keeps', () => {
  expect(labelOf('Firefox')).toBe('Firefox');
  expect([labelOf(''), labelOf(null), labelOf(undefined), labelOf(5 as never)]).toEqual(
    Array(4).fill(undefined),
  );
  expect(labelOf('a\0b\ud800c')).toBe('ab\ufffdc');
  expect(labelOf(`${'x'.repeat(255)}😀`)).toBe(`${'x'.repeat(255)}\ufffd`);
});

test('notes are there where a store has kept them', () => {
  expect(notesOf('5', 'a')).toStrictEqual({ seenAt: 5, label: 'a' });
  expect(notesOf(0, '')).toStrictEqual({ seenAt: 0, label: '' });
  for (const none of [null, undefined]) expect(notesOf(none, none)).toStrictEqual({});
});

describe('of a store in PostgreSQL', () => {
  const pool = { query: async () => ({ rows: [], rowCount: 0 }) };

  test('the pool stands in the options, and not in their place', () => {
    expect(() => postgresStore(pool as never)).toThrow(
      expect.objectContaining({
        code: 'argument_invalid',
        message: 'postgresStore() was given a pool in the place of its options',
        hint: 'write postgresStore({ pool })',
      }),
    );
    expect(() => postgresStore(undefined as never)).toThrow();
    expect(postgresStore({ pool } as never).get('a\0')).toBeInstanceOf(Promise);
  });

  test.each([
    ['connectionString', 'pass a Pool of pg as pool'],
    ['conString', 'pass a Pool of pg as pool'],
    ['createTableIfMissing', 'call migrate() of the store'],
    ['schema', 'write table: "schema.table"'],
    ['schemaName', 'write table: "schema.table"'],
    ['ttl', 'set under [session]'],
    ['maxAge', 'set under [session]'],
  ])('what other stores call %s is called otherwise here', (name, hint) => {
    expect(() => postgresStore({ pool, [name]: 'x' } as never)).toThrow(
      expect.objectContaining({ code: 'argument_invalid', hint: expect.stringContaining(hint) }),
    );
  });

  test('the table has a name of its own where none is given, with its indexes', () => {
    const sql = sessionSchemaSql();
    expect(sql).toContain('"keyturn_sessions"');
    expect(sql).toBe(sessionSchemaSql('keyturn_sessions'));
    expect(sql.startsWith('BEGIN;\n') && sql.endsWith('\nCOMMIT;\n')).toBe(true);
    expect(sessionSchemaSql('web.visits')).toMatch(/"web"\."visits"/);
    for (const table of ['a b', '', 'a"b', 'x'.repeat(49), 5, undefined])
      if (table !== undefined)
        expect(() => sessionSchemaSql(table as string)).toThrow(
          expect.objectContaining({ code: 'store_invalid', hint: expect.stringContaining('48 characters') }),
        );
  });
});
