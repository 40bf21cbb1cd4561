// The table of sessions in SQLite, and the statements that read and write it.

/** So many rows at most go at once. */
const BATCH = 100;

export function schemaOf(table: string): string {
  const index = (suffix: string) => table.replace(/"$/, `_${suffix}"`);
  return `CREATE TABLE IF NOT EXISTS ${table} (
  id TEXT PRIMARY KEY, version INTEGER NOT NULL, text TEXT, user_id TEXT,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, seen_at INTEGER, label TEXT) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ${index('user')} ON ${table} (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS ${index('expiry')} ON ${table} (expires_at);`;
}

export function statementsFor(table: string) {
  // What is written where nothing that counts is in the way: nothing, or what has expired.
  const insert = `INSERT INTO ${table} AS s (id, version, text, user_id, created_at, expires_at, seen_at, label)`;
  const still = 's.version = 0 AND s.expires_at > excluded.created_at';
  return {
    get: `SELECT * FROM ${table} WHERE id = ? AND expires_at > ?`,
    insert: `${insert} VALUES (?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET version = 1, text = excluded.text,
      user_id = excluded.user_id, created_at = excluded.created_at, expires_at = excluded.expires_at,
      seen_at = excluded.seen_at, label = excluded.label WHERE s.expires_at <= ?`,
    update: `UPDATE ${table} SET version = version + 1, text = ?, user_id = ?, created_at = ?, expires_at = ?,
      seen_at = ?, label = ? WHERE id = ? AND version = ? AND expires_at > ?`,
    touch: `UPDATE ${table} SET expires_at = max(expires_at, ?), seen_at = coalesce(?, seen_at) WHERE id = ? AND version > 0 AND expires_at > ?`,
    end: `UPDATE ${table} SET version = 0, text = ?, user_id = NULL, seen_at = NULL, label = NULL, created_at = ?, expires_at = ?
      WHERE id = ? AND version > 0 AND expires_at > ?`,
    remember: `${insert} VALUES (?, 0, ?, NULL, ?, ?, NULL, NULL) ON CONFLICT (id) DO UPDATE SET version = 0, user_id = NULL, seen_at = NULL, label = NULL,
      text = CASE WHEN ${still} THEN s.text ELSE excluded.text END,
      created_at = CASE WHEN ${still} THEN s.created_at ELSE excluded.created_at END,
      expires_at = CASE WHEN ${still} THEN max(s.expires_at, excluded.expires_at) ELSE excluded.expires_at END
      WHERE s.version = 0 OR s.expires_at <= ?`,
    list: `SELECT id, created_at, expires_at, seen_at, label FROM ${table} WHERE user_id = ? AND version > 0 AND expires_at > ?`,
    sweep: `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE expires_at <= ? LIMIT ${BATCH})`,
  };
}
