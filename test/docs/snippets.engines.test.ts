// The snippets on stores, and those on moving in, run on real engines.
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { ownSchema } from '../support/engines.js';
import { ROOT } from './blocks.js';
import { type Compiled, compile } from './compile.js';
import { runPage } from './run.js';

const PAGES = ['docs/stores.md', 'docs/moving-in.md'];

/** Node has it from 22.13 on, and test/sessions/stores/sqlite.test.ts tries the store there. */
const withSqlite = (code: string) => code.includes('keyturn/stores/sqlite');

let compiled: Compiled;

beforeAll(async () => {
  compiled = await compile(PAGES, PAGES, [join(ROOT, 'node_modules')]);
  expect(compiled.complaints).toEqual([]);
});

test.each(PAGES)('%s', async (page) => {
  const { schema, drop } = await ownSchema(inject('postgresUrl'));
  const database = new URL(inject('postgresUrl'));
  database.search = `?options=${encodeURIComponent(`-c search_path=${schema}`)}`;
  const variables = {
    REDIS_URL: inject('redisUrl'),
    DATABASE_URL: database.href,
    SESSION_SECRET: 'a secret that the library had before',
  };
  try {
    const said = await runPage(compiled, page, { variables, settings: true, without: withSqlite });
    expect(said).toMatch(/^all ran$/m);
  } finally {
    await drop();
  }
});
