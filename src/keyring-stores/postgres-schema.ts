// The tables of a shared keyring and of what processes report in PostgreSQL, as SQL: for the ring store that uses them,
// and for whoever makes them by hand.

import { KeyturnError } from '../errors.js';
import { LAST_MOMENT } from '../formats.js';

/**
 * What `keyturn init` does in PostgreSQL, and the first report of a process, as SQL to be run by whoever may create tables. It may be run again.
 *
 * @throws KeyturnError `store_invalid`
 */
export function keyringSchemaSql(schema?: string): string {
  const tables = tablesOf(schema);
  return `BEGIN;\n${lockSql(tables)}\n${statements(tables)}\nCOMMIT;\n`;
}

/** Quoted. */
export interface Tables {
  readonly rings: string;
  readonly replicas: string;
  readonly ended: string;
  readonly counts: string;
}

/** The name comes from the app's own code; it is held to letters, digits and "_" all the same, and quoted. */
export function tablesOf(schema?: string): Tables {
  if (schema !== undefined && (typeof schema !== 'string' || !/^[A-Za-z_]\w{0,62}$/.test(schema))) {
    throw new KeyturnError(
      'store_invalid',
      'the name of the schema is not one that the shared keyring takes',
      'use letters, digits and "_", 63 characters at most',
    );
  }
  const named = (table: string) => `${schema === undefined ? '' : `"${schema}".`}"keyturn_${table}"`;
  return {
    rings: named('rings'),
    replicas: named('replicas'),
    ended: named('ended'),
    counts: named('counts'),
  };
}

/** CREATE … IF NOT EXISTS alone fails where two do it at once. */
export function lockSql({ rings }: Tables): string {
  return `SELECT pg_advisory_xact_lock(hashtext('keyturn'), hashtext('${rings}'));`;
}

export function statements({ rings, replicas, ended, counts }: Tables): string {
  return `CREATE TABLE IF NOT EXISTS ${rings} (
  name text COLLATE "C" PRIMARY KEY,
  version text COLLATE "C" NOT NULL, -- names the write that it came from
  text text NOT NULL -- sealed
);
CREATE TABLE IF NOT EXISTS ${replicas} (
  ring text COLLATE "C" NOT NULL,
  instance text COLLATE "C" NOT NULL,
  text text NOT NULL,
  reported_at timestamptz NOT NULL DEFAULT clock_timestamp() CHECK (isfinite(reported_at)),
  lease bigint NOT NULL CHECK (lease >= 0), -- milliseconds
  PRIMARY KEY (ring, instance)
);
CREATE TABLE IF NOT EXISTS ${ended} (
  ring text COLLATE "C" NOT NULL,
  kid text COLLATE "C" NOT NULL,
  at bigint NOT NULL CHECK (at BETWEEN 0 AND ${LAST_MOMENT}), -- milliseconds since 1970
  proof text NOT NULL, -- of who told it
  PRIMARY KEY (ring, kid)
);
CREATE TABLE IF NOT EXISTS ${counts} (
  ring text COLLATE "C" NOT NULL,
  span text COLLATE "C" NOT NULL,
  start bigint NOT NULL, -- of a bucket, milliseconds since 1970
  kid text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  verified bigint NOT NULL CHECK (verified BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER}),
  PRIMARY KEY (ring, span, start, kid, purpose)
) WITH (fillfactor = 50); -- every replica raises the same few rows`;
}
