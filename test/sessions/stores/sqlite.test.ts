// Sessions in SQLite: on a Node that has it. On one that has not (20) the error says what to do, and the rest is left out.
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type SqliteDatabase, sqliteStore } from '../../../src/sessions/stores/sqlite.js';
import { manualClock, sessionStoreContract } from '../../../src/testing/index.js';
import { tempDir } from '../../support/machine.js';

const START = Date.UTC(2026, 0, 1);
const sqlite = process.getBuiltinModule('node:sqlite') as
  | { DatabaseSync: new (path: string) => SqliteDatabase }
  | undefined;
const record = { text: '{}', createdAt: START, expiresAt: START + 1000 };

test.skipIf(sqlite !== undefined)('without SQLite in Node the error says what to do', () => {
  expect(() => sqliteStore({ file: 'sessions.db' })).toThrow(
    expect.objectContaining({ code: 'engine_missing', hint: expect.stringContaining('Node 22.13') }),
  );
});

test('what is no file, no database and no name of a table is refused', () => {
  for (const given of [{}, { file: 'x', database: {} }, { file: 'x', table: 'a b' }])
    expect(() => sqliteStore(given as never)).toThrow(expect.objectContaining({ code: 'store_invalid' }));
  expect(() => sqliteStore({ filename: 'x' } as never)).toThrow(
    expect.objectContaining({ code: 'argument_invalid', hint: expect.stringContaining('file') }),
  );
});

/** A database whose transactions are told of as its library does; nothing is kept in it. */
function databaseIn(transaction: object): SqliteDatabase & { readonly ran: string[] } {
  const ran: string[] = [];
  const statement = (sql: string) => ({
    get: () => undefined,
    all: () => [],
    run: () => {
      ran.push(sql);
      return { changes: 1 };
    },
  });
  return Object.assign(transaction, { ran, exec: () => {}, prepare: statement, close: () => {} });
}

test.each([
  'isTransaction',
  'inTransaction',
])('nothing is written while the connection is inside a transaction (%s)', (name) => {
  const database = databaseIn({ [name]: false });
  const store = sqliteStore({ database });
  const writes = [
    () => store.put('id', record, 0),
    () => store.touch('id', START),
    () => store.destroy('id', START),
  ];
  Object.assign(database, { [name]: true });
  const refused = expect.objectContaining({
    code: 'engine_unavailable',
    message: expect.stringContaining('transaction'),
    hint: expect.stringContaining('connection of its own'),
  });
  for (const write of [...writes, () => sqliteStore({ database })]) expect(write).toThrow(refused);
  expect(database.ran).toEqual([]);
  expect(store.get('id')).toBeUndefined();
  Object.assign(database, { [name]: false });
  for (const write of writes) write();
  expect(database.ran).toHaveLength(writes.length);
});

describe.skipIf(sqlite === undefined)('where Node has SQLite (left out on Node 20)', () => {
  const open = () => new (sqlite as NonNullable<typeof sqlite>).DatabaseSync(':memory:');

  describe('the contract of session stores', () => {
    const make = () => {
      const clock = manualClock(START);
      const store = sqliteStore({ database: open(), clock: clock.read });
      return {
        store,
        keepsNotes: true,
        now: clock.read,
        pass: (milliseconds: number) => clock.advance(milliseconds / 1000),
      };
    };
    for (const { name, run } of sessionStoreContract(make)) test(name, run);
  });

  test('a file is made for its owner alone, survives the process, and is closed', () => {
    const file = join(tempDir(), 'sessions.db');
    const first = sqliteStore({ file, clock: () => START });
    first.put('id', record, 0);
    first.close();
    expect(() => first.get('id')).toThrow();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = sqliteStore({ file, clock: () => START });
    expect(second.get('id')).toMatchObject({ version: 1 });
    second.close();
  });

  test.each([
    'BEGIN; INSERT INTO notes VALUES (1)',
    'SAVEPOINT mine',
  ])('a rollback of the app undoes no sign-out (%s)', (begin) => {
    const database = open();
    database.exec('CREATE TABLE notes (n INTEGER)');
    const store = sqliteStore({ database, clock: () => START });
    store.put('id', record, 0);
    database.exec(begin);
    expect(() => store.destroy('id', START + 1000)).toThrow(
      expect.objectContaining({ code: 'engine_unavailable' }),
    );
    expect(store.get('id')).toMatchObject({ version: 1 });
    database.exec('ROLLBACK');
    expect(store.destroy('id', START + 1000)).toBe(true);
    expect(store.get('id')).toBeUndefined();
  });

  test('rows go some time after they have expired, as others are written', () => {
    const database = open();
    const clock = manualClock(START);
    const store = sqliteStore({ database, table: 'mine', clock: clock.read });
    const count = () => (database.prepare('SELECT count(*) AS n FROM mine').get() as { n: number }).n;
    for (let n = 0; n < 50; n++) store.put(`old${n}`, record, 0);
    clock.advance(120);
    const later = { ...record, expiresAt: clock.now + 1000 };
    for (let n = 0; n < 20; n++) store.put(`new${n}`, later, 0);
    expect(count()).toBe(20);
  });

  test('of the writers of several processes each version is won by one', async () => {
    const file = join(tempDir(), 'sessions.db');
    const store = sqliteStore({ file });
    store.put('id', { text: '0', createdAt: 0, expiresAt: Date.now() + 600_000 }, 0);
    // Not by the store itself: what is compiled may be missing here. The statement is the one that it makes.
    const script = `
      const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
      const db = new DatabaseSync(${JSON.stringify(file)});
      db.exec('PRAGMA busy_timeout = 5000');
      const get = db.prepare("SELECT version, text FROM keyturn_sessions WHERE id = 'id'");
      const put = db.prepare("UPDATE keyturn_sessions SET version = version + 1, text = ? WHERE id = 'id' AND version = ?");
      for (let done = 0; done < 50;) {
        const { version, text } = get.get();
        done += Number(put.run(String(Number(text) + 1), version).changes);
      }`;
    const others = [1, 2].map(() => promisify(execFile)(process.execPath, ['-e', script]));
    for (let done = 0; done < 50; ) {
      const { text, version, createdAt, expiresAt } = store.get('id') as never as Record<string, never>;
      const next = { text: String(Number(text) + 1), createdAt, expiresAt };
      if (store.put('id', next as never, version as never) === 'saved') done++;
      await new Promise(setImmediate);
    }
    await Promise.all(others);
    expect(store.get('id')).toMatchObject({ text: '150', version: 151 });
    store.close();
  });
});
