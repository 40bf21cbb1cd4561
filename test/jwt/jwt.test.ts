// Access tokens: jose as the oracle, hostile tokens, claims, rotation.
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { createJwt, type Jwt, type JwtOptions } from '../../src/jwt/index.js';
import type { KeyState } from '../../src/keyring/key.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import { seeded } from '../signing/helpers.js';
import {
  type ManualClock,
  memoryLogger,
  OTHER_SECRET,
  ringOf,
  SECRET,
  testClock,
  testKeyturn,
  useRing,
} from '../support/keyturn.js';

const OPTIONS: JwtOptions = { issuer: 'https://auth.example', audience: 'https://api.example' };
const T0 = Math.floor(testClock().now / 1000);

interface Setup {
  readonly kt: Keyturn;
  readonly jwt: Jwt;
  readonly clock: ManualClock;
  readonly kid: string;
  readonly bytes: Uint8Array;
}

async function setup(options: Partial<JwtOptions> = {}, config?: Record<string, unknown>): Promise<Setup> {
  const clock = testClock();
  const kt = await testKeyturn({ clock, ...(config === undefined ? {} : { config }) });
  const { active } = internalsOf(kt).ring.current;
  const bytes = active.material?.derive('jwt', 'jwt') as Uint8Array;
  return { kt, jwt: createJwt(kt, { ...OPTIONS, ...options }), clock, kid: active.id, bytes };
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token with a genuine MAC over anything. */
function forge(bytes: Uint8Array | string, header: unknown, payload: unknown): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', bytes).update(signed).digest('base64url')}`;
}

const outcome = (result: { ok: true } | { ok: false; reason: string }) => (result.ok ? 'ok' : result.reason);
const code = (expected: string) => expect.objectContaining({ code: expected });
const CLAIMS = { iss: OPTIONS.issuer, aud: OPTIONS.audience, iat: T0, exp: T0 + 900 };

describe('a token', () => {
  test('carries the claims, and says when and by which key', async () => {
    const { jwt, kid } = await setup();
    const token = jwt.sign({ role: 'editor', ü: ['é', null, 1.5] }, { subject: '42' });
    expect(jwt.verify(token)).toEqual({
      ok: true,
      payload: { ...CLAIMS, sub: '42', role: 'editor', ü: ['é', null, 1.5] },
      kid,
      stale: false,
      issuedAt: new Date(T0 * 1000),
      expiresAt: new Date((T0 + 900) * 1000),
    });
    expect(JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString())).toEqual({
      alg: 'HS256',
      kid,
      typ: 'JWT',
    });
    expect(outcome(jwt.verify(jwt.sign({})))).toBe('ok');
    expect(jwt.verify(jwt.sign({ sub: 'ada', jti: 'x' }))).toMatchObject({
      payload: { sub: 'ada', jti: 'x' },
    });
  });

  test('of any claims comes back as it was', async () => {
    const { jwt } = await setup();
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (claims) => {
        const own = Object.fromEntries(Object.entries(claims).map(([name, value]) => [`x${name}`, value]));
        const result = jwt.verify(jwt.sign(own));
        expect(result).toMatchObject({ ok: true });
        if (result.ok) expect(result.payload).toEqual({ ...JSON.parse(JSON.stringify(own)), ...CLAIMS });
      }),
    );
    const large = { text: 'ü'.repeat(20_000) };
    expect(jwt.verify(jwt.sign(large))).toMatchObject({ ok: true, payload: large });
  });

  test('is typed by what the app says', async () => {
    const { kt } = await setup();
    const jwt = createJwt<{ role: 'editor' | 'reader' }>(kt, OPTIONS);
    const result = jwt.verify(jwt.sign({ role: 'editor' }));
    const role: 'editor' | 'reader' | undefined = result.ok ? result.payload.role : undefined;
    expect(role).toBe('editor');
    // @ts-expect-error: no such role
    jwt.sign({ role: 'owner' });
  });
});

describe('jose', () => {
  test('verifies our tokens', async () => {
    const { jwt, bytes, clock, kid } = await setup({
      audience: ['https://api.example', 'https://b.example'],
    });
    const token = jwt.sign(
      { role: 'editor', ü: '\u{1f511}' },
      { subject: '42', notBefore: new Date(clock.now), maxAge: '5min' },
    );
    const { payload, protectedHeader } = await jwtVerify(token, bytes, {
      algorithms: ['HS256'],
      issuer: OPTIONS.issuer,
      audience: 'https://b.example',
      subject: '42',
      typ: 'JWT',
      requiredClaims: ['iat', 'exp', 'nbf'],
      currentDate: new Date(clock.now),
    });
    expect(protectedHeader).toEqual({ alg: 'HS256', kid, typ: 'JWT' });
    expect(payload).toEqual({
      iss: OPTIONS.issuer,
      aud: ['https://api.example', 'https://b.example'],
      iat: T0,
      exp: T0 + 300,
      nbf: T0,
      sub: '42',
      role: 'editor',
      ü: '\u{1f511}',
    });
    await expect(
      jwtVerify(token, bytes, { currentDate: new Date(clock.now + 300_000) }),
    ).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
  });

  const headers = (kid: string): ReadonlyArray<Record<string, string>> => [
    { alg: 'HS256', kid, typ: 'JWT' },
    { alg: 'HS256', kid },
    { kid, alg: 'HS256' },
    { typ: 'JWT', kid, alg: 'HS256' },
    { typ: 'JWT', alg: 'HS256', kid, x: 'y' },
  ];

  test('signs tokens that we verify, in any order of members', async () => {
    const { jwt, bytes, kid } = await setup();
    for (const header of headers(kid)) {
      const token = await new SignJWT({ role: 'editor' })
        .setProtectedHeader(header as { alg: string })
        .setIssuer(OPTIONS.issuer)
        .setAudience(['x', OPTIONS.audience as string])
        .setSubject('42')
        .setIssuedAt(T0)
        .setExpirationTime(T0 + 60)
        .sign(bytes);
      expect(jwt.verify(token, { subject: '42' }), JSON.stringify(header)).toMatchObject({
        ok: true,
        kid,
        payload: { role: 'editor', sub: '42' },
        expiresAt: new Date((T0 + 60) * 1000),
      });
    }
  });

  test('and we agree about whole families of claims', async () => {
    const { jwt, bytes, clock, kid } = await setup();
    const time = fc.constantFrom(T0 - 1, T0, T0 + 0.5, T0 + 1, -1, 'soon');
    const names = fc.constantFrom(OPTIONS.issuer, OPTIONS.audience as string, 'other', '');
    const claims = fc.record(
      {
        iss: names,
        aud: fc.oneof(names, fc.array(names, { maxLength: 3 })),
        exp: time,
        nbf: time,
        iat: fc.constantFrom(T0 - 1, T0),
        sub: fc.constantFrom('42', '43'),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(claims, async (payload) => {
        const token = forge(bytes, { alg: 'HS256', kid, typ: 'JWT' }, payload);
        const theirs = await jwtVerify(token, bytes, {
          algorithms: ['HS256'],
          issuer: OPTIONS.issuer,
          audience: OPTIONS.audience as string,
          subject: '42',
          requiredClaims: ['exp'],
          currentDate: new Date(clock.now),
        }).then(
          () => true,
          () => false,
        );
        expect(jwt.verify(token, { subject: '42' }).ok, JSON.stringify(payload)).toBe(theirs);
      }),
      { numRuns: 2000 },
    );
  });

  test('refuses what was made under another use or purpose, and so do we', async () => {
    const { kt, jwt } = await setup();
    const { active } = internalsOf(kt).ring.current;
    for (const [use, purpose] of [
      ['sign', 'jwt'],
      ['jwt', 'refresh'],
      ['bridge', 'jwt'],
    ] as const) {
      const token = forge(
        active.material?.derive(use, purpose) as Uint8Array,
        { alg: 'HS256', kid: active.id },
        CLAIMS,
      );
      expect(outcome(jwt.verify(token))).toBe('bad_signature');
    }
    expect(outcome(jwt.verify(forge(SECRET, { alg: 'HS256', kid: active.id }, CLAIMS)))).toBe(
      'bad_signature',
    );
  });
});

describe('the algorithm is HS256', () => {
  test('whatever the header asks for, with a genuine MAC or with none', async () => {
    const { jwt, bytes, kid } = await setup();
    for (const alg of [
      'none',
      'None',
      'NONE',
      'nOnE',
      'hs256',
      'HS384',
      'HS512',
      'RS256',
      'ES256',
      'EdDSA',
      '',
      null,
      256,
      ['HS256'],
      { 0: 'HS256' },
      true,
    ]) {
      const genuine = forge(bytes, { alg, kid, typ: 'JWT' }, CLAIMS);
      const bare = genuine.slice(0, genuine.lastIndexOf('.') + 1);
      expect(outcome(jwt.verify(genuine)), String(alg)).toBe('malformed');
      expect(outcome(jwt.verify(bare)), String(alg)).toBe('malformed');
      expect(outcome(jwt.verify(bare.slice(0, -1))), String(alg)).toBe('malformed');
    }
  });

  test('a public key is no secret: RS/HS and ES/HS confusion', async () => {
    const { jwt, kid } = await setup();
    for (const pair of [
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ]) {
      const publicKey = createPublicKey(pair.privateKey);
      const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
      const der = publicKey.export({ type: 'spki', format: 'der' });
      for (const secret of [pem, pem.trim(), der]) {
        const header = { alg: 'HS256', kid, typ: 'JWT', jwk: publicKey.export({ format: 'jwk' }) };
        expect(outcome(jwt.verify(forge(secret, header, CLAIMS)))).toBe('bad_signature');
      }
    }
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rs256 = await new SignJWT({ ...CLAIMS, aud: 'https://api.example' })
      .setProtectedHeader({ alg: 'RS256', kid })
      .sign(privateKey);
    expect(outcome(jwt.verify(rs256))).toBe('malformed');
  });

  test('the key is one of the ring, whatever the header brings along', async () => {
    const { jwt } = await setup();
    const own = Buffer.alloc(32, 7);
    const jwk = { kty: 'oct', k: own.toString('base64url') };
    expect(outcome(jwt.verify(forge(own, { alg: 'HS256', kid: 'AAAAAAAA', jwk }, CLAIMS)))).toBe(
      'unknown_key',
    );
    for (const kid of [
      '../../dev/null',
      "' OR 1=1 --",
      '',
      'a'.repeat(500),
      '__proto__',
      'abcdefg\n',
      'abcdefg\u0000',
    ])
      expect(outcome(jwt.verify(forge(own, { alg: 'HS256', kid }, CLAIMS))), kid).toBe('malformed');
  });
});

describe('hostile tokens', () => {
  test('with anything changed in form are refused', async () => {
    const { jwt } = await setup();
    const token = jwt.sign({ role: 'editor' });
    const [header, payload, mac] = token.split('.') as [string, string, string];
    const changed = [
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}..${mac}`,
      `.${payload}.${mac}`,
      `${payload}.${mac}`,
      '..',
      '.',
      '',
      `${token}.`,
      `.${token}`,
      `${token}.${mac}`,
      `${header}.${payload}.${payload}.${mac}`,
      `${token}=`,
      `${header}.${payload}=.${mac}`,
      `${header}=.${payload}.${mac}`,
      `${token} `,
      ` ${token}`,
      `${token}\n`,
      `Bearer ${token}`,
      `${header}.${payload}. ${mac.slice(1)}`,
      `${header}.${payload}.${mac.slice(0, -1)}`,
      `${header}.${payload}.${mac.slice(1)}`,
      `${header}.${payload}.${mac.slice(0, 22)}`,
      `${header}.${payload}.${mac}A`,
      `${header}.${payload}.${Buffer.from(mac, 'base64url').toString('base64')}`,
      `${header}.${payload}.${Buffer.from(mac, 'base64url').toString('hex')}`,
      token.toUpperCase(),
      token.replaceAll('.', '\uff0e'),
      [...token].map((character) => String.fromCharCode(character.charCodeAt(0) + 256)).join(''),
      JSON.stringify({ protected: header, payload, signature: mac }),
      encodeURIComponent(`${token}/`),
      `${token},${token}`,
    ];
    for (const text of changed) expect(jwt.verify(text).ok, text).toBe(false);
  });

  test('that are no texts are refused', async () => {
    const { jwt } = await setup();
    const token = jwt.sign({});
    for (const value of [
      undefined,
      null,
      0,
      Number.NaN,
      true,
      {},
      [],
      [token],
      Symbol('x'),
      10n,
      new String(token),
      Buffer.from(token),
      () => token,
      { toString: () => token, length: 200 },
    ])
      expect(jwt.verify(value)).toEqual({ ok: false, reason: 'malformed' });
  });

  test('any single character changed, left out, doubled or put in is refused', async () => {
    const { jwt } = await setup();
    const token = jwt.sign({ role: 'editor' }, { subject: '42' });
    const characters = [
      ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
      '.',
      '=',
      '+',
      '/',
      ' ',
      '\0',
      'é',
      '\u{1f511}',
    ];
    for (let index = 0; index < token.length; index++) {
      const before = token.slice(0, index);
      const after = token.slice(index + 1);
      if (jwt.verify(before + after).ok) expect.fail(`without character ${index}`);
      for (const character of characters) {
        if (character !== token[index] && jwt.verify(before + character + after).ok)
          expect.fail(`character ${index} is ${character}`);
        if (jwt.verify(before + character + token.slice(index)).ok)
          expect.fail(`${character} put in at ${index}`);
      }
    }
    expect(jwt.verify(token).ok).toBe(true);
  });

  test('100,000 mutated and random texts: never an exception, never accepted', async () => {
    const { jwt, bytes, kid } = await setup();
    const next = seeded(20_26);
    const seeds = [
      jwt.sign({ role: 'editor' }),
      forge(bytes, { typ: 'JWT', alg: 'HS256', kid }, CLAIMS),
      forge(bytes, { alg: 'none', kid }, CLAIMS),
    ];
    const genuine = new Set(seeds);
    const pieces = [
      '.',
      '..',
      '=',
      '{',
      '"',
      '\\',
      '\0',
      ' ',
      'é',
      '\ud800',
      '\u{1f511}',
      'eyJ',
      'AAAA',
      '"alg":',
      '[]',
      ...seeds.flatMap((seed) => seed.split('.')),
    ];
    const piece = () => pieces[next(pieces.length)] as string;
    for (let round = 0; round < 100_000; round++) {
      let text: string;
      if (round % 4 === 0) text = Array.from({ length: next(8) }, piece).join(next(2) === 0 ? '.' : '');
      else if (round % 4 === 1)
        text = String.fromCharCode(
          ...Array.from({ length: next(160) }, () => next(next(2) === 0 ? 128 : 65536)),
        );
      else {
        text = seeds[next(seeds.length)] as string;
        for (let edit = next(3); edit >= 0; edit--) {
          const at = next(text.length + 1);
          text = text.slice(0, at) + (next(3) === 0 ? '' : piece()) + text.slice(at + next(4));
        }
      }
      if (jwt.verify(text).ok && !genuine.has(text)) expect.fail(`accepted: ${JSON.stringify(text)}`);
    }
  });

  test('a genuine MAC over any header and payload: never an exception', async () => {
    const { jwt, bytes, kid } = await setup();
    fc.assert(
      fc.property(fc.json(), fc.json(), (header, payload) => {
        expect(jwt.verify(forge(bytes, header, payload)).ok).toBe(false);
        expect(jwt.verify(forge(bytes, { alg: 'HS256', kid }, payload)).ok).toBe(false);
        expect(jwt.verify(forge(bytes, header, CLAIMS)).ok).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  test('a megabyte of it is refused', async () => {
    const { jwt, kid } = await setup();
    const header = encode({ alg: 'HS256', kid, typ: 'JWT' });
    for (const text of [
      'A'.repeat(1e6),
      '.'.repeat(1e6),
      `${header}.${'A'.repeat(1e6)}.${'A'.repeat(43)}`,
      `${'A'.repeat(1e6)}.A.${'A'.repeat(43)}`,
    ])
      expect(jwt.verify(text).ok).toBe(false);
  });
});

describe('the claims', () => {
  const verdict = async (claims: Record<string, unknown> | string, options: Partial<JwtOptions> = {}) => {
    const { jwt, bytes, kid } = await setup(options);
    const payload = typeof claims === 'string' ? claims : { ...CLAIMS, ...claims };
    return outcome(jwt.verify(forge(bytes, { alg: 'HS256', kid, typ: 'JWT' }, payload)));
  };

  test.each<[string, Record<string, unknown>, string]>([
    ['all is well', {}, 'ok'],
    ['no exp', { exp: undefined }, 'malformed'],
    ['exp now', { exp: T0 }, 'expired'],
    ['exp a second ago', { exp: T0 - 1 }, 'expired'],
    ['exp in a second', { exp: T0 + 1 }, 'ok'],
    ['exp with a fraction', { exp: T0 + 0.25 }, 'ok'],
    ['exp below zero', { exp: -1 }, 'expired'],
    ['exp a text', { exp: `${T0 + 900}` }, 'malformed'],
    ['exp null', { exp: null }, 'malformed'],
    ['exp true', { exp: true }, 'malformed'],
    ['exp a list', { exp: [T0 + 900] }, 'malformed'],
    ['exp beyond all dates', { exp: 1e300 }, 'malformed'],
    ['nbf now', { nbf: T0 }, 'ok'],
    ['nbf in a second', { nbf: T0 + 1 }, 'not_yet_valid'],
    ['nbf a text', { nbf: '0' }, 'malformed'],
    ['nbf null', { nbf: null }, 'malformed'],
    ['no iat', { iat: undefined }, 'ok'],
    ['iat a text', { iat: 'now' }, 'malformed'],
    ['iat null', { iat: null }, 'malformed'],
    ['no iss', { iss: undefined }, 'wrong_issuer'],
    ['another iss', { iss: 'https://auth.example/' }, 'wrong_issuer'],
    ['a list of iss', { iss: [OPTIONS.issuer] }, 'malformed'],
    ['no aud', { aud: undefined }, 'wrong_audience'],
    ['another aud', { aud: 'https://other.example' }, 'wrong_audience'],
    ['part of the aud', { aud: 'https://api' }, 'wrong_audience'],
    ['aud among others', { aud: ['x', OPTIONS.audience] }, 'ok'],
    ['an empty list of aud', { aud: [] }, 'wrong_audience'],
    ['aud with a number', { aud: [OPTIONS.audience, 1] }, 'malformed'],
    ['aud null', { aud: null }, 'malformed'],
    ['aud an object', { aud: { includes: 1 } }, 'malformed'],
    ['sub a number', { sub: 42 }, 'malformed'],
    ['what nobody knows', { scope: 'a b', roles: [], nested: { exp: 'x' } }, 'ok'],
  ])('%s', async (_, claims, expected) => expect(await verdict(claims)).toBe(expected));

  test.each([
    '[]',
    'null',
    '"x"',
    '1',
    'true',
    '{',
    '',
    `{"exp":1e999,"iss":"x"}`,
    `[${JSON.stringify(CLAIMS)}]`,
  ])('a payload that is no object of claims: %s', async (payload) =>
    expect(await verdict(payload)).toBe('malformed'));

  test('unknown ones pass through, also those with names of Object.prototype', async () => {
    const { jwt, bytes, kid } = await setup();
    const json = `${JSON.stringify(CLAIMS).slice(0, -1)},"__proto__":{"admin":true},"constructor":1}`;
    const result = jwt.verify(forge(bytes, { alg: 'HS256', kid }, json));
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    expect((result.payload as { admin?: boolean }).admin).toBeUndefined();
    expect(Object.keys(result.payload)).toContain('constructor');
    const inherited = forge(bytes, { alg: 'HS256', kid }, `{"__proto__":${JSON.stringify(CLAIMS)}}`);
    expect(outcome(jwt.verify(inherited))).toBe('malformed');
  });

  test('the clock moves, and tolerance is for both ends', async () => {
    const { kt, clock } = await setup();
    for (const clockTolerance of [0, 30]) {
      const start = clock.now;
      const jwt = createJwt(kt, { ...OPTIONS, clockTolerance });
      const token = jwt.sign({}, { maxAge: 100, notBefore: new Date(start + 50_000) });
      const at = (seconds: number) => {
        clock.now = start + seconds * 1000;
        return outcome(jwt.verify(token));
      };
      expect(at(49.999 - clockTolerance)).toBe('not_yet_valid');
      expect(at(50 - clockTolerance)).toBe('ok');
      expect(at(99.999 + clockTolerance)).toBe('ok');
      expect(at(100 + clockTolerance)).toBe('expired');
      clock.now = Number.NaN;
      expect(outcome(jwt.verify(token))).toBe('expired');
      clock.now = start;
    }
  });

  test('audience and subject of one call', async () => {
    const { jwt } = await setup({ audience: ['a', 'b'] });
    const token = jwt.sign({}, { subject: '42' });
    const at = (options: Parameters<Jwt['verify']>[1]) => outcome(jwt.verify(token, options));
    expect(at({})).toBe('ok');
    expect(at({ audience: 'b' })).toBe('ok');
    expect(at({ audience: ['c', 'a'] })).toBe('ok');
    expect(at({ audience: 'c' })).toBe('wrong_audience');
    expect(at({ audience: [] })).toBe('wrong_audience');
    expect(at({ subject: '42' })).toBe('ok');
    expect(at({ subject: '43' })).toBe('wrong_subject');
    expect(at({ subject: '' })).toBe('wrong_subject');
    // A subject that turned out undefined lets nobody pass.
    expect(at({ subject: undefined as never })).toBe('wrong_subject');
    expect(outcome(jwt.verify(jwt.sign({}), { subject: undefined as never }))).toBe('wrong_subject');
    expect(outcome(jwt.verify(jwt.sign({}), { subject: '42' }))).toBe('wrong_subject');
  });
});

describe('a rotation', () => {
  test('carries the tokens of staged, active and retiring keys, and ends those of the others', async () => {
    const { kt, jwt, kid } = await setup();
    const token = jwt.sign({});
    const other = async () => {
      const there = await testKeyturn();
      useRing(there, ringOf([OTHER_SECRET, 'active']));
      return createJwt(there, OPTIONS).sign({});
    };
    const expected: Record<KeyState, string> = {
      staged: 'ok',
      active: 'ok',
      retiring: 'ok',
      retired: 'retired_key',
      revoked: 'revoked_key',
    };
    for (const [state, verdict] of Object.entries(expected) as [KeyState, string][]) {
      if (state === 'active') continue;
      useRing(kt, ringOf([OTHER_SECRET, 'active'], [SECRET, state]));
      const result = jwt.verify(token);
      expect(outcome(result), state).toBe(verdict);
      if (result.ok) expect(result).toMatchObject({ kid, stale: state === 'retiring' });
      const newer = jwt.verify(jwt.sign({}));
      expect(newer).toMatchObject({ ok: true, stale: false });
      if (newer.ok) expect(newer.kid).not.toBe(kid);
      expect(outcome(jwt.verify(await other()))).toBe('ok');
    }
    useRing(kt, ringOf([OTHER_SECRET, 'active']));
    expect(outcome(jwt.verify(token))).toBe('unknown_key');
  });

  test('takes nothing that another library signed with the key either', async () => {
    const { kt, jwt, bytes, kid } = await setup();
    const token = forge(bytes, { kid, alg: 'HS256' }, CLAIMS);
    expect(outcome(jwt.verify(token))).toBe('ok');
    useRing(kt, ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
    expect(jwt.verify(token)).toMatchObject({ ok: true, stale: true });
    useRing(kt, ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']));
    expect(outcome(jwt.verify(token))).toBe('revoked_key');
  });

  test('is not hindered by keys per day', async () => {
    const { jwt, bytes, clock } = await setup({}, { security: { keyring: { epoch: 'day' } } });
    const token = jwt.sign({});
    await jwtVerify(token, bytes, { currentDate: new Date(clock.now) });
    expect(outcome(jwt.verify(token))).toBe('ok');
  });

  test('goes by what was counted', async () => {
    const { kt, jwt, kid, clock } = await setup();
    const { usage } = internalsOf(kt);
    const token = jwt.sign({});
    jwt.verify(token);
    jwt.verify(token);
    jwt.verify(token, { audience: 'x' });
    jwt.verify('x');
    expect(usage.of(kid, 'jwt')).toMatchObject({
      signed: 1,
      signedAt: clock.now,
      verified: 2,
      verifiedAt: clock.now,
    });
    expect(usage.refusals).toEqual([
      { purpose: 'jwt', reason: 'wrong_audience', count: 1 },
      { purpose: 'jwt', reason: 'malformed', count: 1 },
    ]);
    expect(kt.metrics()).toContain(`keyturn_tokens_refused_total{purpose="jwt",reason="wrong_audience"} 1`);
  });

  test('logs hold reasons and key ids, and never a token', async () => {
    const logger = memoryLogger();
    const kt = await testKeyturn({ logger });
    const jwt = createJwt(kt, OPTIONS);
    logger.records.length = 0;
    const token = jwt.sign({});
    const hostile = forge('x'.repeat(32), { alg: 'HS256', kid: 'k\n[fake]' }, CLAIMS);
    for (const text of [
      `${token}x`,
      hostile,
      forge('x'.repeat(32), { alg: 'HS256', kid: 'AAAAAAAA' }, CLAIMS),
    ])
      jwt.verify(text);
    expect(logger.records.map(({ level, facts }) => [level, facts])).toEqual([
      ['debug', { event: 'token.refused', purpose: 'jwt', reason: 'malformed', kid: undefined }],
      ['debug', { event: 'token.refused', purpose: 'jwt', reason: 'malformed', kid: undefined }],
      ['debug', { event: 'token.refused', purpose: 'jwt', reason: 'unknown_key', kid: 'AAAAAAAA' }],
    ]);
  });
});

describe('mistakes of the programmer', () => {
  test('in the options', async () => {
    const { kt } = await setup();
    const wrong = (options: unknown) => () => createJwt(kt, options as JwtOptions);
    expect(wrong({ audience: 'a' })).toThrow(code('jwt_invalid'));
    expect(wrong({ issuer: 'i' })).toThrow(code('jwt_invalid'));
    for (const audience of ['', [], [''], [1], null, {}])
      expect(wrong({ issuer: 'i', audience }), JSON.stringify(audience)).toThrow(code('jwt_invalid'));
    for (const issuer of ['', 1, ['i'], '\ud800'])
      expect(wrong({ issuer, audience: 'a' })).toThrow(code('jwt_invalid'));
    for (const clockTolerance of [-1, 0.5, 301, Number.NaN, '5'])
      expect(wrong({ ...OPTIONS, clockTolerance })).toThrow(code('jwt_invalid'));
    expect(wrong({ ...OPTIONS, maxAge: 'soon' })).toThrow(code('duration_invalid'));
    expect(() => createJwt({} as Keyturn, OPTIONS)).toThrow(TypeError);
  });

  test('in lifetimes: code may only shorten what is registered, tolerance included', async () => {
    const { kt } = await setup();
    const age = (options: Partial<JwtOptions>) => createJwt(kt, { ...OPTIONS, ...options }).maxAge;
    expect(age({})).toBe(900);
    expect(age({ maxAge: '1h' })).toBe(3600);
    expect(() => age({ maxAge: 3601 })).toThrow(code('purpose_lifetime'));
    expect(age({ maxAge: 3590, clockTolerance: 10 })).toBe(3590);
    expect(() => age({ maxAge: 3590, clockTolerance: 11 })).toThrow(code('purpose_lifetime'));
    const short = await setup({}, { purposes: { jwt: { max_age: '5min' } } });
    expect(short.jwt.maxAge).toBe(300);
    const none = setup({ clockTolerance: 60 }, { purposes: { jwt: { max_age: '1min' } } });
    await expect(none).rejects.toMatchObject({ code: 'purpose_lifetime' });
    expect(() => short.jwt.sign({}, { maxAge: 301 })).toThrow(code('purpose_lifetime'));
    expect(() => short.jwt.sign({}, { maxAge: 0 })).toThrow(code('duration_invalid'));
  });

  test('in claims', async () => {
    const { jwt } = await setup();
    const sign = (claims: unknown, options?: unknown) => () => jwt.sign(claims as never, options as never);
    for (const claims of [undefined, null, 'x', 1, [], new Date(), { toJSON: () => [] }])
      expect(sign(claims)).toThrow(code('jwt_invalid'));
    for (const name of ['iss', 'aud', 'exp', 'nbf', 'iat'])
      expect(sign({ [name]: 1 }), name).toThrow(code('jwt_invalid'));
    expect(sign({ exp: undefined })).not.toThrow();
    expect(sign({ n: 1n })).toThrow(code('payload_not_json'));
    expect(sign({ sub: 42 })).toThrow(code('jwt_invalid'));
    expect(sign({}, { subject: 42 })).toThrow(code('jwt_invalid'));
    expect(sign({}, { subject: '' })).toThrow(code('jwt_invalid'));
    expect(sign({ sub: 'a' }, { subject: 'a' })).toThrow(code('jwt_invalid'));
    for (const notBefore of [T0, 'now', new Date(Number.NaN), new Date((T0 + 900) * 1000)])
      expect(sign({}, { notBefore })).toThrow(code('jwt_invalid'));
  });

  test('the purpose is not to be had otherwise', async () => {
    const { kt } = await setup();
    expect(() => kt.signer('jwt')).toThrow(code('purpose_reserved'));
    expect(() => kt.signer('refresh')).toThrow(code('purpose_reserved'));
  });
});
