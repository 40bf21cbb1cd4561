// The doctor over a keyring that replicas share, in a real Redis. test/cli/shared.engines.test.ts has the replicas.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/doctor/finding.js';
import { runDoctor } from '../../src/doctor/run.js';
import { Key, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { RedisRingTable } from '../../src/keyring-stores/redis.js';
import { SharedRingStore } from '../../src/keyring-stores/shared.js';
import { redisPlace } from '../support/engine-places.js';
import { freePort } from '../support/engines.js';
import { COMING, folderWith, kidOf, machine, NEXT, OLDER, SECRET, STRONG } from '../support/machine.js';

const PROD = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };
const URL_VARIABLE = 'KEYTURN_SESSION__REDIS__URL';
const EVERY = 'KEYTURN_SECURITY__ROTATION__EVERY';
/** That of the engine: by another clock rotation is not judged. */
const NOW = Date.now();
const [K, OLD, NEW] = [kidOf(STRONG), kidOf(OLDER), kidOf(COMING)];

let place: Awaited<ReturnType<typeof redisPlace>>;
beforeAll(async () => {
  place = await redisPlace();
});
afterAll(async () => await place.close());

type Env = Readonly<Record<string, string | undefined>>;

async function checks(env: Env, cwd?: string): Promise<(name: string) => Finding> {
  const { PATH } = process.env;
  const on = machine({ ...(cwd === undefined ? {} : { cwd }), env: { PATH, ...env }, now: NOW });
  const report = await runDoctor(on);
  return (name) => report.checks.find((found) => found.name === name) as Finding;
}

async function check(name: string, env: Env, cwd?: string): Promise<Finding> {
  return (await checks(env, cwd))(name);
}

let rings = 0;

/** A ring of its own that is kept already, and the environment to find it with. */
async function kept(keys: readonly Key[], roots: readonly string[] = [STRONG]): Promise<Env> {
  const name = `ring-${++rings}`;
  const table = new RedisRingTable({ client: place.client, prefix: place.prefix, name });
  const [first, ...others] = roots.map((secret) => new Material(secret)) as [Material, ...Material[]];
  const store = new SharedRingStore({
    table,
    roots: new Keyring([new Key(first, 'active'), ...others.map((root) => new Key(root, 'retiring'))]),
    lease: 900,
    now: () => NOW,
  });
  expect(await store.create(new Keyring(keys, { id: name, generation: 3 }))).toBe(true);
  return { ...PROD, ...place.shared, KEYTURN_SECURITY__KEYRING__NAME: name };
}

function key(secret: string, state: KeyState, secondsAgo = 60): Key {
  return new Key(new Material(secret), state, { dates: { [state]: NOW - secondsAgo * 1000 } });
}

describe('shared_keyring', () => {
  test('passes where none is shared', async () => {
    expect(await check('shared_keyring', PROD)).toMatchObject({ status: 'pass' });
  });

  test('tells what keeps it from being read, and makes nothing', async () => {
    const env = { ...PROD, ...place.shared };
    const missing = await check('shared_keyring', env);
    expect(missing).toMatchObject({ status: 'fail', hint: expect.stringContaining('keyturn init') });
    expect(await check('shared_keyring', { ...env, KEYTURN_ENV: 'dev' })).toMatchObject({ status: 'pass' });
    expect(await place.kept()).toBeUndefined();

    const nowhere = await check('shared_keyring', { ...env, [URL_VARIABLE]: undefined });
    expect(nowhere).toMatchObject({ status: 'fail', hint: expect.stringContaining(URL_VARIABLE) });
    const away = { ...env, [URL_VARIABLE]: `redis://127.0.0.1:${await freePort()}` };
    const [inProduction, inDevelopment] = await Promise.all([
      checks(away),
      checks({ ...away, KEYTURN_ENV: 'dev' }),
    ]);
    expect(inProduction('shared_keyring')).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/ cannot be reached \(connection refused\)$/),
    });
    expect(inDevelopment('shared_keyring').status).toBe('warn');
    expect(inProduction('fleet').detail).toContain('not asked');

    // A start would be refused: that is told where it belongs.
    const weak = { ...env, [SECRET]: undefined };
    expect(await check('shared_keyring', weak)).toMatchObject({
      status: 'warn',
      detail: 'not looked at, since a start would be refused; see the other checks',
    });
    const none = { ...weak, KEYTURN_ENV: 'dev' };
    expect((await check('shared_keyring', none)).detail).toContain('the first start makes the secret');
  });

  test('names keys, generation and what it is sealed under', async () => {
    const env = await kept([key(OLDER, 'active')]);
    expect(await check('shared_keyring', env)).toMatchObject({
      status: 'pass',
      detail: expect.stringMatching(
        new RegExp(`: ${OLD} active; generation 3, fingerprint \\S{11}; sealed under ${K}$`),
      ),
    });
    expect((await check('keyring', env)).detail).toBe(
      `1 secret, which seals the shared keyring: ${K} active`,
    );
    const itself = await check('shared_keyring', await kept([key(STRONG, 'active')]));
    expect(itself).toMatchObject({ status: 'pass', detail: expect.stringContaining('signs too') });
  });

  test('sealed under others fails; under too few or too many it warns', async () => {
    const others = await check('shared_keyring', await kept([key(OLDER, 'active')], [OLDER]));
    expect(others.status).toBe('fail');
    expect(others.detail).toContain(`is sealed under ${OLD}, and the signing secret here is ${K}`);

    const ring = await kept([key(OLDER, 'active')]);
    const lacking = await check('shared_keyring', { ...ring, [NEXT]: COMING });
    expect(lacking.status).toBe('warn');
    expect(lacking.detail).toContain(`it is not sealed under the secret ${NEW} yet`);
    const former = await check('shared_keyring', await kept([key(OLDER, 'active')], [STRONG, COMING]));
    expect(former.status).toBe('warn');
    expect(former.detail).toContain(`still sealed under the secret ${NEW}, which nobody who reports has`);
  });

  test('a revoked key whose secret still seals it, and one that is weak', async () => {
    const revoked = await kept([key(OLDER, 'active'), new Key(K, 'revoked')]);
    expect(await check('shared_keyring', revoked)).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(`its key ${K} is revoked, and the same secret still seals it`),
      hint: expect.stringContaining('deploy a new secret'),
    });
    const weak = await kept([key(OLDER, 'active'), key('changeme', 'retiring')]);
    expect(await check('shared_keyring', weak)).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(`its key ${kidOf('changeme')} is too weak`),
    });
    expect(await check('shared_keyring', { ...weak, KEYTURN_ENV: 'dev' })).toMatchObject({ status: 'warn' });
  });

  test('a lease that is too short, or shorter than what it is to cover', async () => {
    const env = await kept([key(OLDER, 'active')]);
    const lease = await check('shared_keyring', { ...env, KEYTURN_SECURITY__KEYRING__LEASE: '10s' });
    expect(lease.status).toBe('warn');
    expect(lease.detail).toContain('lease is 10s');
    expect(lease.detail).toContain('max_lag (1min) is not shorter than lease (10s)');
    expect(lease.hint).toContain('set security.keyring.lease to several times max_lag');
    expect(lease.hint).not.toContain('set security.keyring.max_lag');
  });
});

describe('rotation by itself', () => {
  test('where nothing can change the keys', async () => {
    expect(await check('rotation', { ...PROD, [EVERY]: '90d' })).toMatchObject({
      status: 'warn',
      detail: `security.rotation.every is set, and nothing can rotate ${SECRET} by itself`,
    });
  });

  test('more often than the waits allow', async () => {
    const env = await kept([key(OLDER, 'active')]);
    expect(await check('rotation', { ...env, [EVERY]: '90d' })).toMatchObject({ status: 'pass' });
    expect(await check('rotation', { ...env, [EVERY]: '20min' })).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('each new key waits 21min before it signs'),
    });
  });

  test('overdue, unless a key is staged', async () => {
    const day = 86_400;
    const old = await kept([key(OLDER, 'active', 91 * day)]);
    expect(await check('rotation', { ...old, [EVERY]: '90d' })).toMatchObject({
      status: 'warn',
      detail: `a new key has been due since ${new Date(NOW - day * 1000).toISOString()}`,
      hint: expect.stringContaining('none reports'),
    });
    expect(await check('rotation', { ...old, [EVERY]: '91d' })).toMatchObject({ status: 'pass' });
    const staged = await kept([key(OLDER, 'active', 91 * day), key(COMING, 'staged')]);
    expect(await check('rotation', { ...staged, [EVERY]: '90d' })).toMatchObject({ status: 'pass' });
  });
});

test('of a URL only the password is a secret', async () => {
  const toml = (url: string) => `[session.redis]\nurl = "${url}"\n`;
  const open = await folderWith({ 'keyturn.toml': toml('redis://redis:6379') });
  expect(await check('secret_in_config', PROD, open)).toMatchObject({ status: 'pass' });
  const cwd = await folderWith({
    'keyturn.toml': toml('redis://app:planted@redis:6379'),
    '.env': 'KEYTURN_SECURITY__KEYRING__POSTGRES__URL=postgres://app:planted@db/app\n',
  });
  const found = await check('secret_in_config', PROD, cwd);
  expect(found).toMatchObject({ status: 'warn', hint: `move it to ${URL_VARIABLE}` });
  chmodSync(join(cwd, 'keyturn.toml'), 0o644);
  chmodSync(join(cwd, '.env'), 0o644);
  if (process.platform === 'win32') return;
  const modes = await check('file_modes', PROD, cwd);
  expect(modes.hint?.split('\n').sort()).toEqual(['chmod 600 .env', 'chmod 600 keyturn.toml']);
  expect(JSON.stringify([found, modes])).not.toContain('planted');
});
