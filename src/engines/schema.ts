// Whether the tables of Keyturn are in PostgreSQL, and could be made. Looking makes nothing.
import type { PostgresPool } from './postgres.js';

/** @param paths of tables and indexes, quoted */
export async function areThere(pool: PostgresPool, paths: readonly string[]): Promise<boolean> {
  const { rows } = await pool.query(
    'SELECT bool_and(to_regclass(name) IS NOT NULL) AS there FROM unnest($1::text[]) AS name',
    [paths],
  );
  return rows[0]?.there === true;
}

/** Whether this user may do with the tables what Keyturn does with them. */
export async function canUse(pool: PostgresPool, tables: readonly string[]): Promise<boolean> {
  const { rows } = await pool.query(
    `SELECT bool_and(has_table_privilege(to_regclass(name), privilege)) AS may
     FROM unnest($1::text[]) AS name, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege`,
    [tables],
  );
  return rows[0]?.may === true;
}

/** insufficient_privilege, invalid_schema_name: waiting does not help. */
const FOR_GOOD: readonly unknown[] = ['42501', '3F000'];

/** Whether PostgreSQL has said, for good, that this user may not do that. */
export function mayNot(error: unknown): boolean {
  return FOR_GOOD.includes((error as { readonly code?: unknown } | null | undefined)?.code);
}

/**
 * Whether a start would find them, or could make what is missing.
 *
 * @param paths quoted, all in one schema; the first is a table, and what else there is may be an index of it
 */
export async function canPrepare(pool: PostgresPool, paths: readonly string[]): Promise<boolean> {
  try {
    if (await areThere(pool, paths)) return true;
    const [table = ''] = paths;
    const { rows } = await pool.query(
      // Who makes an index must own its table, and be allowed to create in the schema.
      `SELECT (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace
               WHERE nspname = coalesce($2, current_schema()))
          AND coalesce((SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass($1)), true)
          AS may`,
      [table, /^"(\w+)"\./.exec(table)?.[1] ?? null],
    );
    return rows[0]?.may === true;
  } catch (error) {
    if (mayNot(error)) return false;
    throw error;
  }
}
