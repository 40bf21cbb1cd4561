// The table of the sessions in PostgreSQL, as SQL: for the store that uses it, and for whoever makes it by hand.
import { TABLE_NAME } from '../../config/value.js';
import { KeyturnError } from '../../errors.js';

export const TABLE = 'keyturn_sessions';

/**
 * What `migrate()` of `postgresStore()` does, as SQL to be run by whoever may create tables. It may be run again.
 *
 * @throws KeyturnError `store_invalid`
 */
export function sessionSchemaSql(table: string = TABLE): string {
  const names = namesOf(table);
  return `BEGIN;\n${lockSql(names.table)}\n${statements(names)}\nCOMMIT;\n`;
}

export interface TableNames {
  /** Quoted. */
  readonly table: string;
  readonly indexes: ReadonlyArray<{ readonly name: string; readonly path: string; readonly on: string }>;
}

/** Names come from the app's own code; they are held to letters, digits and "_" all the same, and quoted. */
export function namesOf(table: string): TableNames {
  const found = TABLE_NAME.exec(table);
  if (typeof table !== 'string' || found === null) {
    throw new KeyturnError(
      'store_invalid',
      'the name of the table is not one that the session store takes',
      'use letters, digits and "_", 48 characters at most, with a schema and a dot before it if need be',
    );
  }
  const [, schema, name] = found;
  const prefix = schema === undefined ? '' : `"${schema}".`;
  const index = (suffix: string, on: string) => ({
    name: `"${name}_${suffix}"`,
    path: `${prefix}"${name}_${suffix}"`,
    on,
  });
  return {
    table: `${prefix}"${name}"`,
    indexes: [index('user', '(user_id) WHERE user_id IS NOT NULL'), index('expiry', '(expires_at)')],
  };
}

/** All that has to be there. */
export function pathsOf({ table, indexes }: TableNames): readonly string[] {
  return [table, ...indexes.map(({ path }) => path)];
}

/** CREATE … IF NOT EXISTS alone fails where two do it at once. */
export function lockSql(table: string): string {
  return `SELECT pg_advisory_xact_lock(hashtext('keyturn'), hashtext('${table}'));`;
}

export function statements({ table, indexes }: TableNames): string {
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
  id text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL, -- 0: ended at created_at, and refused until expires_at
  text text, -- of an ended one: the id under which it goes on
  user_id text COLLATE "C",
  created_at bigint NOT NULL, -- milliseconds since 1970
  expires_at bigint NOT NULL,
  seen_at bigint, -- when it was last used, as far as that was noted
  label text -- what the app calls it
);`,
    ...indexes.map(({ name, on }) => `CREATE INDEX IF NOT EXISTS ${name} ON ${table} ${on};`),
  ].join('\n');
}

/** What keeps a process from starting that may not make the table. */
export function tableRefused(table: string): KeyturnError {
  return new KeyturnError(
    'store_invalid',
    `the table ${table} for sessions is not in the database, and its user may not create it`,
    'let one who may run the SQL that sessionSchemaSql() of keyturn/stores/postgres gives, and let the user select, insert, update and delete there',
  );
}
