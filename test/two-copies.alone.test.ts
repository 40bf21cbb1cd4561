// Two copies of the package in one process, as where one part of an app gets it by `import` and another by `require`,
// or has it in a bundle: what one copy made, the other takes.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, expect, test, vi } from 'vitest';
import { BINDING } from '../src/http/bound.js';
import { SECRET } from './support/keyturn.js';

const load = async () => ({
  ...(await import('../src/index.js')),
  ...(await import('../src/blobs/index.js')),
  ...(await import('../src/jwt/index.js')),
  ...(await import('../src/rotation/index.js')),
  ...(await import('../src/sessions/stores/memory.js')),
  fastify: (await import('../src/adapters/fastify/index.js')).default,
  web: (await import('../src/adapters/web/index.js')).default,
});
const ours = await load();
vi.resetModules();
const theirs = await load();

const cwd = mkdtempSync(join(tmpdir(), 'keyturn-copies-'));
const settings = { cwd, env: { KEYTURN_ENV: 'prod', KEYTURN_SECURITY__SIGNING_SECRET: SECRET } };
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const keyturn = await theirs.createKeyturn({ ...settings, logger });
afterAll(async () => {
  await keyturn.close();
  rmSync(cwd, { recursive: true, force: true });
});

test('they are two', () => {
  expect(ours.createKeyturn).not.toBe(theirs.createKeyturn);
  expect(Object.getPrototypeOf(ours.KeyturnError)).toBe(Object.getPrototypeOf(theirs.KeyturnError));
  expect(ours.KeyturnError).not.toBe(theirs.KeyturnError);
});

test('blobs', async () => {
  const blobs = await ours.createBlobStore(keyturn, { folder: join(cwd, 'blobs') });
  await blobs.put('a.txt', Buffer.from('text'));
  const link = blobs.signedUrl('a.txt');
  const again = await theirs.createBlobStore(keyturn, { folder: join(cwd, 'blobs') });
  expect(await again.handle({ method: 'HEAD', url: link, headers: {} })).toMatchObject({ status: 200 });
});

test('tokens for APIs, and refresh tokens', async () => {
  const options = { issuer: 'https://a.example', audience: 'api' };
  const token = ours.createJwt(keyturn, options).sign({ sub: 'ada' });
  expect(theirs.createJwt(keyturn, options).verify(token)).toMatchObject({ ok: true });
  const store = theirs.memoryStore();
  const issued = await ours.createRefreshTokens(keyturn, { store }).issue({ user: 'ada' });
  const rotated = await theirs.createRefreshTokens(keyturn, { store }).rotate(issued.token);
  expect(rotated).toMatchObject({ ok: true });
});

test('the plugin', async () => {
  const app = Fastify();
  await app.register(ours.fastify, { keyturn });
  app.get('/', (request) => {
    request.session.user = 'ada';
    return request.session;
  });
  const { statusCode, headers } = await app.inject('/');
  expect([statusCode, headers['set-cookie']]).toEqual([200, expect.stringContaining('keyturn.sid=kt1.')]);
  await app.close();
});

test('sessions that are signed out', async () => {
  const store = theirs.memoryStore();
  expect(await ours.signOutEverywhere(keyturn, 'ada', { store })).toBe(0);
});

test('an error of one is an error of the other, and nothing else is one', async () => {
  const refused = await theirs.createKeyturn({ cwd, env: { KEYTURN_ENV: 'prod' } }).catch((error) => error);
  expect(refused).toMatchObject({ code: 'secret_missing' });
  expect(refused).toBeInstanceOf(ours.KeyturnError);
  expect(refused).toBeInstanceOf(theirs.KeyturnError);
  class Derived extends ours.KeyturnError {}
  expect(refused).not.toBeInstanceOf(Derived);
  expect(new Derived('secret_missing', 'm', 'h')).toBeInstanceOf(theirs.KeyturnError);
  for (const other of [new Error('x'), null, undefined, 'KeyturnError', { name: 'KeyturnError' }])
    expect(other).not.toBeInstanceOf(ours.KeyturnError);
});

test('what lets nobody look at it is no error, and does not throw', () => {
  class Derived extends ours.KeyturnError {}
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const closed = new Proxy(
    {},
    {
      has() {
        throw new Error('nobody looks');
      },
      getPrototypeOf() {
        throw new Error('nobody looks');
      },
    },
  );
  for (const other of [proxy, closed]) {
    expect(other instanceof ours.KeyturnError).toBe(false);
    expect(other instanceof Derived).toBe(false);
  }
});

test('a Keyturn that a module asked for', async () => {
  const mine = ours.web({ ...settings, logger });
  expect(await theirs.web({ ...settings, logger }).ready()).toBe(await mine.ready());
  await mine.close();
});

test('copies of one version share what is inside, and no others', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const shared = Object.getOwnPropertySymbols(globalThis)
    .map((symbol) => Symbol.keyFor(symbol))
    .filter((name) => name?.startsWith('keyturn/'));
  expect(Symbol.keyFor(BINDING)).toBe(`keyturn/binding@${version}`);
  expect(shared).toEqual([`keyturn/internals@${version}`, `keyturn/in-process@${version}`]);
  for (const name of shared)
    expect(Object.getOwnPropertyDescriptor(globalThis, Symbol.for(name ?? ''))).toMatchObject({
      enumerable: false,
      writable: false,
      configurable: false,
    });
});

test('what is no Keyturn is refused', () => {
  for (const other of [undefined, null, {}, { keyturn }])
    expect(() => ours.createJwt(other as never, { issuer: 'a', audience: 'b' })).toThrow(TypeError);
});

test('and nothing of what is inside shows', () => {
  expect(Object.keys(keyturn)).toEqual(['profile']);
  expect(Object.getOwnPropertySymbols({ ...keyturn })).toEqual([]);
});
