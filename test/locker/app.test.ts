// The app by itself, as another program would build it: what it does when one of its own routes fails.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createKeyturn } from 'keyturn';
import { afterEach, expect, test, vi } from 'vitest';

// Compiled, and by its path: its types are those of the compiled package, which would meet the sources' here.
const { buildLocker } = await import(pathToFileURL(resolve('examples/locker/dist/app.js')).href);

afterEach(() => vi.restoreAllMocks());

test('a failure tells the operator everything and the visitor nothing', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const keyturn = await createKeyturn({ profile: 'test', env: {}, cwd: '/nonexistent', logger });
  const app = buildLocker(keyturn, { password: 'locker' });
  const failure = new Error('connection to db-7 lost');
  app.get('/broken', async () => {
    throw failure;
  });
  const page = await app.inject('/broken');
  const json = await app.inject({ url: '/broken', headers: { accept: 'application/json' } });
  expect([page.statusCode, json.statusCode]).toEqual([500, 500]);
  expect(page.body).toContain('<h1>Something went wrong</h1>');
  expect(page.body).not.toMatch(/db-7|at .*\.[jt]s|Error:/);
  expect(json.json()).toEqual({ error: 'Something went wrong' });
  expect(logged).toHaveBeenCalledTimes(2);
  expect(logged).toHaveBeenCalledWith('locker: error: GET /broken failed:', failure);
  await app.close();
  await keyturn.close();
});
