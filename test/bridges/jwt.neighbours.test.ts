import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { fastifyJwtKeys, fastJwt } from '../../src/bridges/fast-jwt/index.js';
import { honoJwt } from '../../src/bridges/hono/index.js';
import { joseKeys } from '../../src/bridges/jose/index.js';
import { Material } from '../../src/keyring/key.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import type { Logger } from '../../src/runtime/log.js';
import { liveRing, memoryLogger, testKeyturn } from '../support/keyturn.js';
import { tokenApp as app, LIBRARIES, tokensOf } from './apps/jwt.mjs';
import { lifeOf, lostAt, nobodyLost } from './life.js';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';
import { LifeRings } from './rings.js';

/** Time is the real one: the libraries have no other. */
async function started(config: Readonly<Record<string, unknown>> = {}, logger?: Logger) {
  const rings = new LifeRings();
  const clock = { now: Date.now(), read: () => Date.now(), advance: () => {} };
  const keyturn = await testKeyturn({ config, clock, ...(logger && { logger }) });
  liveRing(keyturn).replace(rings.of('before'));
  const use = (ring: Parameters<LifeRings['of']>[0]) => liveRing(keyturn).replace(rings.of(ring));
  const loseTouch = () => liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });
  return { keyturn, rings, use, loseTouch };
}

const SERVER_ERROR = 'an error of the server';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const hs = (header: object, payload: object, key: string | Uint8Array, hash = 'sha256') => {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`;
};
const bridgeKey = (secret: string) => new Material(secret).derive('bridge', 'api-token');
const headerOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString());
const verifiedBy = (keyturn: Keyturn) =>
  internalsOf(keyturn)
    .usage.uses.filter(({ purpose }) => purpose === 'api-token')
    .map(({ verified }) => verified);

// The others have apps of their own, and rows in docs/neighbours.md.
describe.each(['jose-5', 'jsonwebtoken by callback'])('%s', (name) => {
  test('beside Keyturn nobody is signed out before a key is revoked', async () => {
    const library = await app(neighbour, name);
    expect(await lifeOf(library, true)).toEqual(nobodyLost(library));
  });

  test('alone it signs everybody out', async () => {
    const lost = lostAt(await lifeOf(await app(neighbour, name), false));
    expect(lost).toEqual(['promote', 'rollback', 'promote again', 'revoke']);
  });
});

describe.each(LIBRARIES)('%s', (name) => {
  test.each([true, false])('an app moves in; its ring begins with the old secret: %s', async (sameText) => {
    const move = { section: 'api-token', said: { format: 'jwt' }, sameText };
    const library = await app(neighbour, name);
    expect(await moveOf(library, move)).toEqual(everybodyMoved(library));
  });

  test('a forged token is refused by the library, and is no error of the server', async () => {
    const { keyturn, rings, use } = await started();
    const tokens = await tokensOf(neighbour, name);
    const { sign, verify } = tokens(keyturn);
    const alone = tokens(undefined, rings.secret);
    const refusal = async (ask: typeof verify, token: string): Promise<Error> => {
      try {
        return new Error(`accepted ${JSON.stringify(await ask(token))}`);
      } catch (error) {
        return error as Error;
      }
    };
    const refused = async (token: string) => {
      const { message } = await refusal(verify, token);
      expect(message, token).not.toMatch(/^accepted|undefined|null|key material/i);
      // @fastify/jwt has an error of the server for some, also alone. Nothing is added to that.
      if (message === SERVER_ERROR) expect((await refusal(alone.verify, token)).message, token).toBe(message);
    };
    const first = await sign({ sub: 'ada' });
    const kid = headerOf(first).kid as string;
    const key = bridgeKey(rings.secret);
    const claims = { sub: 'eve', exp: Math.floor(Date.now() / 1000) + 60 };
    expect(await verify(hs({ alg: 'HS256', kid }, claims, key))).toMatchObject({ sub: 'eve' });
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
    const rsInput = `${encode({ alg: 'RS256', kid })}.${encode(claims)}`;
    const none = `${encode({ alg: 'none', kid })}.${encode(claims)}.`;
    for (const token of [
      none,
      none + hs({ alg: 'HS256' }, claims, key).split('.')[2],
      `${rsInput}.${createSign('sha256').update(rsInput).sign(privateKey, 'base64url')}`,
      hs({ alg: 'HS256', kid }, claims, pem),
      hs({ alg: 'HS512', kid }, claims, key, 'sha512'),
      hs({ alg: 'HS256' }, claims, key),
      hs({ alg: 'HS256' }, claims, ''),
      hs({ alg: 'HS256', kid }, claims, rings.secret),
      hs({ alg: 'HS256', kid }, { ...claims, exp: 1 }, key),
      ...['constructor', '__proto__', 'toString', '', 'a'.repeat(5000), 7, null, {}, [kid]].map((odd) =>
        hs({ alg: 'HS256', kid: odd }, claims, key),
      ),
      `${first}x`,
      first.slice(0, -1),
      'a.b.c',
      '..',
      '.',
      'x',
    ])
      await refused(token);
    // What a library remembers of a token goes with its key.
    expect(await verify(first)).toMatchObject({ sub: 'ada' });
    use('retired');
    await refused(first);
    use('promoted');
    const second = await sign({ sub: 'ada' });
    expect(await verify(second)).toMatchObject({ sub: 'ada' });
    use('revoked');
    await refused(second);
  });

  test('the tokens of one library are those of every other', async () => {
    const { keyturn } = await started();
    const token = await (await tokensOf(neighbour, name))(keyturn).sign({ sub: 'ada' });
    expect(headerOf(token)).toMatchObject({ alg: 'HS256', kid: liveRing(keyturn).current.active.id });
    for (const other of LIBRARIES)
      expect(await (await tokensOf(neighbour, other))(keyturn).verify(token), other).toMatchObject({
        sub: 'ada',
      });
  });

  test('a replica that must not sign verifies, and signs nothing', async () => {
    const { keyturn, use, loseTouch } = await started();
    const { sign, verify } = (await tokensOf(neighbour, name))(keyturn);
    const token = await sign({ sub: 'ada' });
    use('promoted');
    loseTouch();
    expect(await verify(token)).toMatchObject({ sub: 'ada' });
    const refusal = name === '@fastify/jwt' ? { message: SERVER_ERROR } : { code: 'keyring_unavailable' };
    await expect(async () => await sign({ sub: 'ada' })).rejects.toMatchObject(refusal);
  });

  test('what a token says of its end is kept to', async () => {
    const { keyturn } = await started();
    const token = await (await tokensOf(neighbour, name))(keyturn).sign({ sub: 'ada' });
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
    expect(Math.abs(exp - Date.now() / 1000 - 3600)).toBeLessThan(60);
  });

  test('a genuine token counts as a use of its key, one that has ended does not', async () => {
    const { keyturn, rings, use } = await started();
    const { sign, verify } = (await tokensOf(neighbour, name))(keyturn);
    const token = await sign({ sub: 'ada' });
    use('promoted');
    await verify(token);
    // The header alone does not tell whether a token is genuine.
    expect(verifiedBy(keyturn)).toEqual([name === 'jsonwebtoken by callback' ? 0 : 1, 0]);
    const { kid } = headerOf(token);
    const ended = hs({ alg: 'HS256', kid }, { sub: 'ada', exp: 1 }, bridgeKey(rings.secret));
    await expect(async () => await verify(ended)).rejects.toThrow();
    expect(verifiedBy(keyturn)).toEqual([name === 'jsonwebtoken by callback' ? 0 : 1, 0]);
  });

  test('a token that outlives its key is told of, once', async () => {
    const now = Math.floor(Date.now() / 1000);
    const section = { format: 'jwt', secrets: [{ text: 'first-'.repeat(6) }] };
    for (const [claims, seen] of [
      [{ exp: now + 3600 }, undefined],
      [{ iat: now - 1800, exp: now + 1800 }, undefined],
      [{ iat: now - 1800, exp: now + 2400 }, { seconds: 4200 }],
      [{ exp: now + 86_400 }, { seconds: expect.closeTo(86_400, -2) }],
      [{}, {}],
    ] as const) {
      const logger = memoryLogger();
      const { keyturn, rings } = await started({ move_in: { 'api-token': section } }, logger);
      const { verify } = (await tokensOf(neighbour, name))(keyturn);
      // How long old secrets are kept another section says.
      expect(await verify(hs({ alg: 'HS256' }, { sub: 'ada' }, 'first-'.repeat(6)))).toBeDefined();
      const kid = internalsOf(keyturn).ring.current.active.id;
      const token = hs({ alg: 'HS256', kid }, { sub: 'ada', ...claims }, bridgeKey(rings.secret));
      for (let time = 0; time < 2; time++) expect(await verify(token)).toMatchObject({ sub: 'ada' });
      const told = logger.records.filter(({ facts }) => facts['event'] === 'bridge.lifetime');
      // The header alone does not say when a token ends.
      const isTold: boolean = seen !== undefined && name !== 'jsonwebtoken by callback';
      expect(told.map(({ facts }) => facts)).toEqual(
        isTold ? [{ event: 'bridge.lifetime', purpose: 'api-token', maxAge: 3600, ...seen }] : [],
      );
    }
  });

  test('old tokens with a kid of their own, and by several old secrets', async () => {
    const [first, second] = ['first-'.repeat(6), 'second-'.repeat(6)];
    const secrets = [{ text: first }, { text: second }];
    const { keyturn } = await started({ move_in: { 'api-token': { format: 'jwt', secrets } } });
    const { verify } = (await tokensOf(neighbour, name))(keyturn);
    const claims = { sub: 'ada', exp: Math.floor(Date.now() / 1000) + 60 };
    expect(await verify(hs({ alg: 'HS256', kid: 'v1' }, claims, first))).toMatchObject({ sub: 'ada' });
    const bySecond = hs({ alg: 'HS256' }, claims, second);
    if (name === 'jsonwebtoken by callback')
      await expect(async () => await verify(bySecond)).rejects.toThrow(/invalid signature/);
    else expect(await verify(bySecond)).toMatchObject({ sub: 'ada' });
  });
});

test('fast-jwt alone goes on accepting what a key has signed that is gone', async () => {
  const { createSigner, createVerifier } = await neighbour('fast-jwt');
  const keys = new Map([['a', 'a'.repeat(32)]]);
  const token = createSigner({ key: keys.get('a'), kid: 'a' })({ sub: 'ada' });
  const key = async ({ header }: { header: { kid: string } }) => keys.get(header.kid) ?? 'b'.repeat(32);
  const verify = createVerifier({ key, cache: true });
  await verify(token);
  keys.clear();
  expect(await verify(token)).toMatchObject({ sub: 'ada' });
});

test('@fastify/jwt with its token in a cookie, under a name of its own', async () => {
  const { keyturn, use } = await started();
  const { default: fastify } = await neighbour('fastify');
  const server = fastify();
  const keys = fastifyJwtKeys(keyturn, { maxAge: '1h', namespace: 'own' });
  server.register((await neighbour('@fastify/cookie')).default);
  server.register((await neighbour('@fastify/jwt')).default, {
    secret: keys.secret,
    verify: keys.verify,
    namespace: 'own',
    cookie: { cookieName: 'token', signed: false },
  });
  server.get('/in', async (_request: any, reply: any) =>
    reply.setCookie('token', await reply.ownJwtSign({ sub: 'ada' }, keys.signing())).send('in'),
  );
  server.get('/', async (request: any) => await request.ownJwtVerify());
  const [{ value }] = (await server.inject('/in')).cookies as [{ value: string }];
  const status = async () => (await server.inject({ url: '/', cookies: { token: value } })).statusCode;
  expect(await status()).toBe(200);
  use('promoted');
  expect(await status()).toBe(200);
  use('retired');
  expect(await status()).toBe(401);
  await server.close();
});

test('hono/jwt with its token in a cookie, also a signed one', async () => {
  const { keyturn, use } = await started();
  const { Hono } = await neighbour('hono');
  const { getSignedCookie, setCookie, setSignedCookie } = await neighbour('hono/cookie');
  const library = await neighbour('hono/jwt');
  const secret = 'the secret of the cookies';
  const plain = honoJwt(keyturn, library, { maxAge: '1h', cookie: 'plain' });
  const signed = honoJwt(keyturn, library, {
    maxAge: '1h',
    cookie: { key: 'signed', secret, prefixOptions: 'host' },
  });
  const server = new Hono();
  server.get('/in', async (c: any) => {
    setCookie(c, 'plain', await plain.sign({ sub: 'ada' }));
    await setSignedCookie(c, 'signed', await signed.sign({ sub: 'eve' }), secret, { prefix: 'host' });
    return c.text('in');
  });
  server.get('/plain', plain.middleware, (c: any) => c.json(c.get('jwtPayload')));
  server.get('/signed', signed.middleware, async (c: any) => {
    await getSignedCookie(c, secret, 'signed', 'host');
    return c.json(c.get('jwtPayload'));
  });
  const cookie = ((await server.request('/in')).headers.getSetCookie() as string[])
    .map((line) => line.split(';')[0])
    .join('; ');
  const ask = async (path: string) => await server.request(path, { headers: { cookie } });
  use('promoted');
  expect(await (await ask('/plain')).json()).toMatchObject({ sub: 'ada' });
  expect(await (await ask('/signed')).json()).toMatchObject({ sub: 'eve' });
  expect(verifiedBy(keyturn)).toEqual([2, 0]);
  use('retired');
  for (const path of ['/plain', '/signed']) expect((await ask(path)).status).toBe(401);
});

test('a token of hono/jwt that would outlive its key is not signed, and its key is printed nowhere', async () => {
  const { keyturn, rings } = await started();
  let jwk: unknown;
  const library = { ...(await neighbour('hono/jwt')) };
  const { sign } = library;
  library.sign = async (payload: any, key: any, algorithm: any) => {
    jwk = key;
    return await sign(payload, key, algorithm);
  };
  const tokens = honoJwt(keyturn, library, { maxAge: '1h' });
  const now = Math.floor(Date.now() / 1000);
  await expect(tokens.sign({ exp: now + 7200 })).rejects.toThrow(/ends later than 3600 seconds/);
  await expect(tokens.sign({ exp: 'tomorrow' })).rejects.toThrow(/not a number/);
  const { exp } = await tokens.verify(await tokens.sign({ exp: now + 60 }));
  expect(exp).toBe(now + 60);
  const secret = Buffer.from(bridgeKey(rings.secret)).toString('base64url');
  expect((jwk as { k: string }).k).toBe(secret);
  for (const printed of [inspect(jwk), JSON.stringify(jwk)]) expect(printed).not.toContain(secret);
});

test('what cannot be meant is refused', async () => {
  const keyturn = await testKeyturn();
  expect(() => joseKeys(keyturn)).toThrow(/has no lifetime/);
  expect(() => joseKeys(keyturn, { maxAge: '1h', expiresIn: '1h' } as object)).toThrow(/expiresIn/);
  const strict = await testKeyturn({ profile: 'prod' });
  expect(() => joseKeys(strict, { maxAge: '1h' })).toThrow(/"api-token" is not declared/);
  const { createSigner, createVerifier } = await neighbour('fast-jwt');
  for (const given of [{ signer: { key: 'x' } }, { verifier: { key: 'x' } }, { signer: { expiresIn: '2h' } }])
    expect(() => fastJwt(keyturn, { createSigner, createVerifier }, { maxAge: '1h', ...given })).toThrow(
      /has an option (key|expiresIn) for the library/,
    );
});
