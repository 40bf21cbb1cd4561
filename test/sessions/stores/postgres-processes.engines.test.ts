// 20 processes that start at once on an empty database make one table.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { ownSchema } from '../../support/engines.js';

test('the table is made by 20 processes at once', async () => {
  const place = await ownSchema(inject('postgresUrl'));
  try {
    const program = `
      import { Pool } from 'pg';
      import { postgresStore } from './dist/sessions/stores/postgres.js';
      const [url, schema] = process.argv.slice(-2);
      const pool = new Pool({ connectionString: url, options: '-c search_path=' + schema });
      await postgresStore({ pool }).migrate();
      await pool.end();`;
    const args = ['--input-type=module', '--eval', program, inject('postgresUrl'), place.schema];
    const cwd = new URL('../../..', import.meta.url);
    const run = () => promisify(execFile)(process.execPath, args, { cwd });
    await Promise.all(Array.from({ length: 20 }, run));
    const tables = 'SELECT tablename FROM pg_tables WHERE schemaname = $1';
    const { rows } = await place.pool.query(tables, [place.schema]);
    expect(rows).toEqual([{ tablename: 'keyturn_sessions' }]);
  } finally {
    await place.drop();
  }
});
