// Options that a function does not know: refused in every public function, with what to write, and without a secret.
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import keyturnFastify, { blobRoutes } from '../../src/adapters/fastify/index.js';
import { type BlobStore, createBlobStore } from '../../src/blobs/index.js';
import { requireOptions } from '../../src/config/options.js';
import { createKeyturn, createSingleUse, signOutEverywhere, signOutSession } from '../../src/index.js';
import { createJwt, createRefreshTokens } from '../../src/jwt/index.js';
import type { Keyturn } from '../../src/keyturn.js';
import { initKeyring, openRotation, type Rotation } from '../../src/rotation/index.js';
import { sealedStore } from '../../src/sealed-store.js';
import { fromExpressStore } from '../../src/sessions/stores/express.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { postgresStore } from '../../src/sessions/stores/postgres.js';
import { redisStore } from '../../src/sessions/stores/redis.js';
import { SECRET, testKeyturn } from '../support/keyturn.js';

const folder = mkdtempSync(join(tmpdir(), 'keyturn-options-'));
const client = new Redis({ lazyConnect: true });
const pool = { query: async () => ({ rows: [], rowCount: 0 }) };
const jwt = { issuer: 'i', audience: 'a' };
const place = { cwd: folder, env: {}, profile: 'dev' };
let keyturn: Keyturn;
let blobs: BlobStore;
beforeAll(async () => {
  keyturn = await testKeyturn();
  blobs = await createBlobStore(keyturn, { folder: join(folder, 'blobs') });
});
afterAll(async () => {
  await keyturn.close();
  client.disconnect();
  rmSync(folder, { recursive: true });
});

/** Every public function that takes options, called with more than it knows. */
const FUNCTIONS: Readonly<Record<string, (more: object) => unknown>> = {
  createKeyturn: (more) => createKeyturn({ profile: 'test', ...more }),
  'keyturn.signer': (more) => keyturn.signer('invitation', more),
  'keyturn.sealer': (more) => keyturn.sealer('draft', { maxAge: '1h', ...more }),
  'keyturn.links': (more) => keyturn.links(more),
  'signer.sign': (more) => keyturn.signer('invitation').sign(1, more),
  'signer.verify': (more) => keyturn.signer('invitation').verify('x', more),
  'sealer.seal': (more) => keyturn.sealer('draft', { maxAge: '1h' }).seal(1, more),
  'sealer.open': (more) => keyturn.sealer('draft', { maxAge: '1h' }).open('x', more),
  'links.sign': (more) => keyturn.links().sign('/a', more),
  'links.verify': (more) => keyturn.links().verify({ method: 'GET', url: '/a' }, more),
  'singleUse.redeem': (more) =>
    createSingleUse(memoryStore()).redeem(keyturn.signer('invitation'), 'x', more),
  createJwt: (more) => createJwt(keyturn, { ...jwt, ...more }),
  'jwt.sign': (more) => createJwt(keyturn, jwt).sign({}, more),
  'jwt.verify': (more) => createJwt(keyturn, jwt).verify('x', more),
  createRefreshTokens: (more) => createRefreshTokens(keyturn, { store: memoryStore(), ...more }),
  'refreshTokens.issue': (more) =>
    createRefreshTokens(keyturn, { store: memoryStore() }).issue({ user: 'ada', ...more }),
  createBlobStore: (more) => createBlobStore(keyturn, { folder, ...more }),
  'blobs.put': (more) => blobs.put('a', Buffer.from('a'), more),
  'blobs.signedUrl for a download': (more) => blobs.signedUrl('a', more),
  'blobs.signedUrl for an upload': (more) => blobs.signedUrl('a', { method: 'PUT', ...more }),
  memoryStore: (more) => memoryStore(more),
  redisStore: (more) => redisStore({ client, ...more }),
  postgresStore: (more) => postgresStore({ pool, ...more }),
  sealedStore: (more) => sealedStore(memoryStore(), keyturn, more),
  signOutEverywhere: (more) => signOutEverywhere(keyturn, 'ada', { store: memoryStore(), ...more }),
  signOutSession: (more) => signOutSession(keyturn, 'x', { store: memoryStore(), ...more }),
  initKeyring: (more) => initKeyring({ ...place, ...more }),
  openRotation: (more) => openRotation({ ...place, ...more }),
  'the plugin for Fastify': async (more) => await Fastify().register(keyturnFastify, { keyturn, ...more }),
  'the plugin for blobs': async (more) => await Fastify().register(blobRoutes, { store: blobs, ...more }),
};

/** What a call fails with, thrown or rejected. */
async function failureOf(call: () => unknown): Promise<Record<'code' | 'message' | 'hint', string>> {
  try {
    await call();
  } catch (error) {
    return error as never;
  }
  throw new Error('nothing was refused');
}

describe.each(Object.entries(FUNCTIONS))('%s', (_, call) => {
  test('refuses an option that it does not know, and names it', async () => {
    expect(await failureOf(() => call({ unheardOf: undefined }))).toMatchObject({
      code: 'argument_invalid',
      message: expect.stringContaining('"unheardOf"'),
    });
  });

  test('never repeats what may be a secret', async () => {
    const { code, message, hint } = await failureOf(() => call({ [SECRET]: SECRET }));
    expect(code).toBe('argument_invalid');
    expect(message + hint).not.toContain(SECRET.slice(0, 16));
    expect(message).toMatch(/its name is not shown/);
  });

  test('works without it', async () => {
    const outcome = await Promise.resolve()
      .then(() => call({}))
      .then(
        (made) => (made as { close?: () => unknown } | undefined)?.close?.(),
        (error) => expect(error).not.toMatchObject({ code: 'argument_invalid' }),
      );
    expect(outcome).toBeUndefined();
  });
});

/** Options that are numbers, with what nobody can mean. */
const NOT_A_COUNT = [Number.NaN, -1, Number.POSITIVE_INFINITY, 1.5, '10'] as const;
const NOT_A_TIME = [Number.NaN, -1, 0, Number.POSITIVE_INFINITY, 'soon'] as const;
type Numeric = readonly [call: (given: never) => unknown, refused: readonly unknown[]];

async function withRotation<T>(run: (rotation: Rotation) => Promise<T>): Promise<T> {
  await initKeyring(place).catch(() => undefined);
  await using rotation = await openRotation(place);
  return await run(rotation);
}

const NUMBERS: Readonly<Record<string, Numeric>> = {
  'maxAge of a signer': [(maxAge) => keyturn.signer('invitation', { maxAge }), NOT_A_TIME],
  'maxAge of a token': [(maxAge) => keyturn.signer('invitation').sign(1, { maxAge }), NOT_A_TIME],
  'maxAge of a sealer': [(maxAge) => keyturn.sealer('draft', { maxAge }), NOT_A_TIME],
  'maxAge of links': [(maxAge) => keyturn.links({ maxAge }), NOT_A_TIME],
  'maxAge of a link': [(maxAge) => keyturn.links().sign('/a', { maxAge }), NOT_A_TIME],
  'maxAge of JWTs': [(maxAge) => createJwt(keyturn, { ...jwt, maxAge }), NOT_A_TIME],
  'clockTolerance of JWTs': [(clockTolerance) => createJwt(keyturn, { ...jwt, clockTolerance }), NOT_A_COUNT],
  'graceSeconds of refresh tokens': [
    (graceSeconds) => createRefreshTokens(keyturn, { store: memoryStore(), graceSeconds }),
    [Number.NaN, -1, Number.POSITIVE_INFINITY, '10'],
  ],
  'maxAge of refresh tokens': [
    (maxAge) => createRefreshTokens(keyturn, { store: memoryStore(), maxAge }),
    NOT_A_TIME,
  ],
  'limit of a store in memory': [(limit) => memoryStore({ limit }), [0, ...NOT_A_COUNT]],
  'maxSize of a blob store': [(maxSize) => createBlobStore(keyturn, { folder, maxSize }), NOT_A_COUNT],
  'maxSize of a blob': [(maxSize) => blobs.put('n', Buffer.from('a'), { maxSize }), NOT_A_COUNT],
  'size of a blob': [(size) => blobs.put('n', Buffer.from('a'), { size }), NOT_A_COUNT],
  'maxAge of a link to a blob': [(maxAge) => blobs.signedUrl('a', { maxAge }), NOT_A_TIME],
  'timeout of a store of express-session': [
    (timeout) => fromExpressStore(new EventEmitter() as never, { timeout }),
    NOT_A_TIME,
  ],
  'replicas of a step': [
    (replicas) => withRotation((rotation) => rotation.stage({ replicas, dryRun: true })),
    [0, ...NOT_A_COUNT],
  ],
  'activateIn of a staged key': [
    (activateIn) => withRotation((rotation) => rotation.stage({ activateIn, dryRun: true })),
    [0, ...NOT_A_COUNT],
  ],
  'patience of a wait': [
    (patience) => withRotation((rotation) => rotation.promoteWhenSafe({ patience, dryRun: true })),
    [Number.NaN, -1, '10', undefined, null],
  ],
};

describe('a number that nobody can mean is refused', () => {
  test.each(Object.entries(NUMBERS))('%s', async (_, [call, refused]) => {
    for (const given of refused) {
      const { code } = await failureOf(() => call(given as never));
      expect([given, code]).toEqual([
        given,
        expect.stringMatching(/^(?:argument|duration|jwt|link|store)_invalid$|^blob_too_large$/),
      ]);
    }
  });
});

describe('the steps of a rotation', () => {
  const steps = ['stage', 'promote', 'promoteWhenSafe', 'rollback', 'retire', 'revoke', 'join'] as const;
  test.each(steps)('%s refuses what it does not know, and changes nothing', async (name) => {
    await initKeyring(place).catch(() => undefined);
    await using rotation = await openRotation(place);
    const before = await rotation.keyring();
    const first = ['promote', 'retire', 'revoke', 'join'].includes(name) ? [before.keys[0]?.id] : [];
    const step = rotation[name] as (...given: readonly unknown[]) => Promise<unknown>;
    const refused = {
      code: 'argument_invalid',
      message: expect.stringContaining('"dryrun"'),
      hint: 'write dryRun',
    };
    expect(await failureOf(() => step(...first, { dryrun: true }))).toMatchObject(refused);
    expect(await rotation.keyring()).toEqual(before);
  });

  test.each(['promote', 'retire'] as const)('%s takes no options in the place of a key', async (name) => {
    await initKeyring(place).catch(() => undefined);
    await using rotation = await openRotation(place);
    const step = rotation[name] as (...given: readonly unknown[]) => Promise<unknown>;
    expect(await failureOf(() => step({ dryRun: true }))).toMatchObject({ code: 'argument_invalid' });
  });
});

describe('what to write instead', () => {
  test.each<[call: string, run: () => unknown, hint: RegExp]>([
    [
      'a slip',
      () => keyturn.signer('invitation', { maxage: '1h' } as object),
      /^write maxAge: a number of sec/,
    ],
    [
      'jsonwebtoken',
      () => keyturn.signer('invitation').sign(1, { expiresIn: '1h' } as object),
      /^write maxAge/,
    ],
    ['jose', () => createJwt(keyturn, { iss: 'i', audience: 'a' } as never), /^write issuer/],
    ['an algorithm', () => createJwt(keyturn, { ...jwt, algorithm: 'HS512' } as never), /HS256/],
    ['connect-redis', () => redisStore({ client, ttl: 60 } as never), /idle and max_age/],
    ['connect-pg-simple', () => postgresStore({ pool, tableName: 'x' } as never), /^write table$/],
    ['another engine', () => postgresStore({ client: pool } as never), /^write pool$/],
    ['express-session', () => createKeyturn({ resave: false } as never), /leave it out/],
    ['a secret', () => createKeyturn({ secret: SECRET } as never), /KEYTURN_SECURITY__SIGNING_SECRET/],
    ['a section', () => createKeyturn({ session: { idle: '1h' } } as never), /config: \{ session: /],
    ['a store', () => createKeyturn({ store: memoryStore() } as never), /app\.register/],
    ['nothing near', () => memoryStore({ zzzzzz: 1 } as object), /^it knows clock and limit$/],
  ])('%s', async (_, run, hint) => {
    const failure = await failureOf(run);
    expect(failure).toMatchObject({ code: 'argument_invalid', hint: expect.stringMatching(hint) });
    expect(failure.message + failure.hint).not.toContain(SECRET);
  });
});

test.each<[string, unknown]>([
  ['a function', () => undefined],
  ['a text', '1h'],
  ['a number', 60],
  ['a list', ['1h']],
  ['null', null],
])('%s is no object of options', (_, given) => {
  const call = () => requireOptions(given, 'f(options)', { a: true, b: true });
  expect(call).toThrow(
    expect.objectContaining({ code: 'argument_invalid', hint: 'write { a: … }; it knows a and b' }),
  );
});

test.each(['toString', '__proto__', 'constructor'])('%s of every object is no option', (name) => {
  const given = JSON.parse(`{"${name}":1}`);
  expect(() => requireOptions(given, 'f(options)', { a: true })).toThrow(/has/);
});

test('parts of the wrong kind are refused where they are handed over', async () => {
  const wrong: ReadonlyArray<() => unknown> = [
    () => createKeyturn({ clock: 5 } as never),
    () => createKeyturn({ logger: { info() {} } } as never),
    () => createKeyturn({ clients: { postgress: pool } } as never),
    () => Fastify().register(keyturnFastify, keyturn as never),
    () => redisStore(client as never),
    () => postgresStore(pool as never),
    async () => (await openRotation(place)).impact({ step: 'delete', kid: 'x' } as never),
    () => keyturn.on('changed' as 'change', () => {}),
    () => keyturn.on('change', undefined as never),
    () => Fastify().register(keyturnFastify, { keyturn, epoch: 5 } as never),
    () => Fastify().register(keyturnFastify, { keyturn, lastWins: 'lastPage' } as never),
    () => Fastify().register(keyturnFastify, { keyturn, cwd: '/' }),
    () => Fastify().register(blobRoutes, {} as never),
  ];
  for (const call of wrong) expect((await failureOf(call)).code).toBe('argument_invalid');
  const stores: ReadonlyArray<() => unknown> = [
    () => createSingleUse({} as never),
    () => sealedStore({} as never, keyturn),
    () => signOutSession(keyturn, 'x', { store: {} as never }),
    () => Fastify().register(keyturnFastify, { keyturn, store: {} as never }),
  ];
  for (const call of stores) expect((await failureOf(call)).code).toBe('store_invalid');
});

test('a number of milliseconds is told from one of seconds', async () => {
  const HOUR_IN_MS = 3_600_000;
  const prod = await testKeyturn({ profile: 'prod' });
  const calls: ReadonlyArray<() => unknown> = [
    () => keyturn.signer('password-reset', { maxAge: HOUR_IN_MS }),
    () => keyturn.signer('password-reset').sign(1, { maxAge: HOUR_IN_MS }),
    () => keyturn.links({ maxAge: HOUR_IN_MS }),
    () => createJwt(keyturn, { ...jwt, maxAge: HOUR_IN_MS }),
    () => createJwt(keyturn, jwt).sign({}, { maxAge: HOUR_IN_MS }),
    () => prod.signer('download', { maxAge: HOUR_IN_MS }),
  ];
  for (const call of calls)
    expect((await failureOf(call)).hint).toMatch(/; a number is seconds: did you mean 3600\?$/);
  const seconds = await failureOf(() => keyturn.signer('password-reset', { maxAge: '2d' }));
  expect(seconds.hint).not.toMatch(/a number is seconds/);
});

test('a state that is looked up is for signers: a sealer says so', () => {
  const sealer = keyturn.sealer('draft', { maxAge: '1h' });
  expect(() => sealer.open(sealer.seal(1), { bind: () => 'x' } as never)).toThrow(
    /bind of open\(\) is a function/,
  );
});

test('a name on every object is an option of none, and stops nothing', async () => {
  const objects = Object.prototype as unknown as Record<string, unknown>;
  objects.polluted = 'x';
  try {
    const signer = keyturn.signer('invitation', { maxAge: '1h' });
    const token = signer.sign(1, { bind: 'ada' });
    expect(signer.verify(token, { bind: 'ada' })).toMatchObject({ ok: true, payload: 1 });
    expect(() => signer.sign(1, { expiresIn: 5 } as never)).toThrow('expiresIn');
  } finally {
    delete objects.polluted;
  }
});
