// While an app is built its modules are imported, and nothing else: no secret, no file, no connection, no token.
import { readdirSync } from 'node:fs';
import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import plugin from '../../src/adapters/fastify/index.js';
import { createBlobStore } from '../../src/blobs/index.js';
import { runDoctor } from '../../src/doctor/run.js';
import { createJwt } from '../../src/jwt/index.js';
import { startKeyturn } from '../../src/start/start.js';
import {
  folderWith,
  machine,
  refusalOn,
  resolveOn,
  SECRET,
  STRONG,
  startOn,
  tempDir,
} from '../support/machine.js';

/** What says so, beside what else an environment of a build may hold. */
const BUILDS = [
  { KEYTURN_BUILD: '1' },
  { KEYTURN_BUILD: 'true', KEYTURN_ENV: 'dev' },
  { NEXT_PHASE: 'phase-production-build', NODE_ENV: 'production' },
  { KEYTURN_BUILD: '1', NODE_ENV: 'production', [SECRET]: STRONG },
  { KEYTURN_BUILD: '1', [`${SECRET}_FILE`]: '/run/secrets/not-there-yet' },
  { KEYTURN_BUILD: '1', KEYTURN_ENV: 'test', KUBERNETES_SERVICE_HOST: '10.0.0.1' },
] as const;

const ONLY = expect.objectContaining({ code: 'build_only' });

describe.each(BUILDS)('under %j', (env) => {
  test('everything can be made, and nothing signs or verifies', async () => {
    const cwd = tempDir();
    const { keyturn: signing } = await startOn({ cwd, env: { KEYTURN_ENV: 'dev', [SECRET]: STRONG } });
    const token = signing.signer('password-reset').sign(1);
    const { keyturn, log } = await startOn({ cwd, env });
    const reset = keyturn.signer('password-reset');
    const links = keyturn.links();
    const jwt = createJwt(keyturn, { issuer: 'https://a.example', audience: 'a' });
    for (const use of [
      () => reset.sign({ user: 1 }),
      () => reset.verify(token),
      () => keyturn.keyring,
      () => links.sign('/files/1'),
      () => jwt.sign({ sub: 'ada' }),
    ])
      expect(use).toThrow(ONLY);
    expect(keyturn.health).toMatchObject({ ready: false, signs: undefined, keys: [] });
    expect(keyturn.metrics()).toContain('keyturn');
    expect(log).toMatchObject([{ level: 'debug', facts: { event: 'build' } }]);
    await keyturn.reload();
    await keyturn.close();
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('an app can be put together and make pages, and never listens', async () => {
    const { keyturn } = await startOn({ env });
    const app = Fastify();
    await app.register(plugin, { keyturn });
    app.get('/', async (request) => request.session.user ?? 'nobody');
    app.get('/form', async (_request, reply) => reply.csrfToken());
    app.get('/in', async (request) => {
      request.session.user = 'ada';
      return 'in';
    });
    await app.ready();
    expect((await app.inject('/')).body).toBe('nobody');
    expect((await app.inject('/form')).json()).toMatchObject({ code: 'build_only' });
    const signedIn = await app.inject('/in');
    expect(signedIn.json()).toMatchObject({ code: 'build_only' });
    expect(signedIn.headers['set-cookie']).toBeUndefined();
    await expect(app.listen({ port: 0 })).rejects.toEqual(ONLY);
    expect(app.server.listening).toBe(false);
    await app.close();
  });
});

test('an app is told the same where it listens by a callback', async () => {
  const { keyturn } = await startOn({ env: { KEYTURN_BUILD: '1' } });
  const app = Fastify();
  await app.register(plugin, { keyturn });
  const told = new Promise((done) => app.listen({ port: 0 }, done));
  expect(await told).toEqual(ONLY);
  await app.close();
});

test('no connection is opened, and the store of the sessions refuses', async () => {
  const env = {
    KEYTURN_BUILD: '1',
    KEYTURN_SESSION__BACKEND: 'redis',
    KEYTURN_SESSION__REDIS__URL: 'redis://127.0.0.1:1',
  };
  const clients = {
    get redis(): never {
      throw new Error('asked for');
    },
  };
  const keyturn = await startKeyturn({ clients }, machine({ env }));
  expect(() => keyturn.sessionStore?.get('a'.repeat(22))).toThrow(ONLY);
  await createBlobStore(keyturn, { folder: tempDir() });
  await keyturn.close();
});

test('settings that only the server has are not missed, and mistakes in them are told there', async () => {
  const cwd = await folderWith({ 'keyturn.toml': 'sesion = 1\n[purposes.invoice]\nmax_age = "1h"' });
  const { keyturn } = await startOn({ cwd, env: { KEYTURN_BUILD: '1', KEYTURN_ENV: 'nonsense' } });
  expect(keyturn.profile).toBe('prod');
  expect(keyturn.signer('invoice').maxAge).toBe(3600);
  expect(keyturn.signer('declared-elsewhere', { maxAge: '2h' }).maxAge).toBe(7200);
  keyturn.signer('declared-with-its-lifetime');
});

test.each(['0', 'false', ''])('KEYTURN_BUILD=%j is no build', async (KEYTURN_BUILD) => {
  const { keyturn } = await startOn({ env: { KEYTURN_ENV: 'prod', KEYTURN_BUILD, [SECRET]: STRONG } });
  expect(keyturn.keyring.keys).toHaveLength(1);
  await keyturn.close();
});

test('neither is another phase of Next, and a value that means nothing is an error', async () => {
  const phase = { NEXT_PHASE: 'phase-production-server', KEYTURN_ENV: 'prod' };
  expect((await refusalOn({ env: phase })).code).toBe('secret_missing');
  expect((await refusalOn({ env: { KEYTURN_BUILD: 'yes', KEYTURN_ENV: 'dev' } })).code).toBe(
    'config_invalid',
  );
});

test('a command goes by what is there, and the doctor warns', async () => {
  const env = { KEYTURN_ENV: 'prod', KEYTURN_BUILD: '1', [SECRET]: STRONG };
  expect((await resolveOn({ env }, { create: false })).keyring).toBeDefined();
  const { checks } = await runDoctor(machine({ env }));
  expect(checks.find(({ name }) => name === 'profile')).toMatchObject({
    status: 'warn',
    detail: expect.stringContaining('KEYTURN_BUILD is "1"'),
  });
});
