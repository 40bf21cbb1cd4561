// The app by itself, as another program would build it: what it does when one of its own routes fails.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createKeyturn } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import { afterEach, expect, test, vi } from 'vitest';
import { newFolder } from './process.js';

// Compiled, and by its path: its types are those of the compiled package, which would meet the sources' here.
const part = (name: string) => import(pathToFileURL(resolve(`examples/locker/dist/${name}.js`)).href);
const { buildLocker } = await part('app');
const { Accounts } = await part('accounts');
const { Files } = await part('files');

afterEach(() => vi.restoreAllMocks());

async function build() {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const keyturn = await createKeyturn({ profile: 'test', env: {}, cwd: '/nonexistent', logger });
  const folder = newFolder();
  const app = buildLocker(keyturn, {
    accounts: await Accounts.open(join(folder, 'accounts.json'), 'locker'),
    files: new Files(await createBlobStore(keyturn, { folder })),
    maxFileSize: 1000,
    shareFor: ['1h'],
  });
  return { keyturn, app };
}

test('a stranger does not hear where the secret is', async () => {
  const { keyturn, app } = await build();
  const degraded = '/run/secrets/signing_secret cannot be read';
  vi.spyOn(keyturn, 'health', 'get').mockReturnValue({ ...keyturn.health, degraded });
  const ready = await app.inject('/readyz');
  expect([ready.statusCode, ready.json().status]).toEqual([200, 'degraded']);
  for (const path of ['/readyz', '/healthz', '/metrics', '/'])
    expect((await app.inject(path)).body).not.toContain('/run/secrets');
  await app.close();
  await keyturn.close();
});

test('a failure tells the operator everything and the visitor nothing', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const { keyturn, app } = await build();
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
