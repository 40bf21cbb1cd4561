// Tokens that @auth/core 0.41.3 and next-auth 4.24.15 have made. Whether they open ours: jwe.neighbours.test.ts.
import { describe, expect, test } from 'vitest';
import { hashedWith, jweHeader, jweKey, jweThumbprint, openJwe, sealJwe } from '../../src/codecs/jwe.js';

const SECRET = 'a secret of the old days, 44 characters long';
const LIBRARIES = [
  {
    name: 'Auth.js',
    enc: 'A256CBC-HS512' as const,
    salt: 'authjs.session-token',
    info: 'Auth.js Generated Encryption Key (authjs.session-token)',
    token:
      'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwia2lkIjoiSzBNTUdCSGNPX0RlanhTSmlRQ3RaRldMbXIxbXd3QVpYczVnYTlvNjhBdVVSUUhvUF85RnBSbHBYS2h6YzBicUdIRjNyU1ZGZGpNdHpOM1RfNmNiMFEifQ..Rn60c-9lt1MYxUaC4MQEdw.Yt-X2qLiBjN1UvMuy8xr8TDxog2VH6pGrOMfT-O3rYNJ3GuQiJL4kedYxhpA6BBtBBSSigMR8wZ2aG_KKQKeXmGk1QHBjbe40waRNNwtOQdofB2Xj0MYDGFITtbGxwSt.RgFiG4GJkl-S_YiARA-7TphAlQtPExsW67zhH6hZtZs',
  },
  {
    name: 'next-auth',
    enc: 'A256GCM' as const,
    salt: '',
    info: 'NextAuth.js Generated Encryption Key',
    token:
      'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..wtzWkFsZ9SjRJXix.KvyIao4ePAuhTJjhKrcrJaC8wB8HQjtt23FN5gtAkd8hFCUWI-ORsVnwfaheBp1iZnN-BEWEhrAWCJoJsWKLvD4UKSNVFQ_C2QO5-oMX4nTb531XzuPaOppTX3s.sqc_QQ7yBRVXYTDGqzVLzA',
  },
];

describe.each(LIBRARIES)('$name', ({ enc, salt, info, token }) => {
  const key = jweKey(enc, SECRET, salt, info);

  test('what it has sealed is opened', () => {
    expect(jweHeader(token)?.enc).toBe(enc);
    expect(openJwe(token, enc, key)).toMatchObject({ sub: 'ada', exp: expect.any(Number) });
  });

  test('what is sealed here is opened, and is another one each time', () => {
    const one = sealJwe({ enc }, { sub: 'ada' }, key);
    expect(openJwe(one, enc, key)).toEqual({ sub: 'ada' });
    expect(sealJwe({ enc }, { sub: 'ada' }, key)).not.toBe(one);
  });

  test('another key opens nothing', () => {
    expect(openJwe(token, enc, jweKey(enc, `${SECRET}x`, salt, info))).toBeUndefined();
    expect(openJwe(token, enc, jweKey(enc, SECRET, `${salt}x`, info))).toBeUndefined();
  });

  test('whatever is changed, it is not opened', () => {
    for (let at = 0; at < token.length; at++) {
      if (token[at] === '.') continue;
      // The last characters of a part may hold spare bits; so two of them are changed.
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'z' : 'A') + token.slice(at + 1);
      const isSame = changed.split('.').every((part, on) => same(part, token.split('.')[on] ?? '', on));
      if (!isSame) expect(openJwe(changed, enc, key), `at ${at}`).toBeUndefined();
    }
  });

  test.each([
    '',
    '.',
    '....',
    'e30....',
    `${token}.x`,
    token.slice(0, -30),
    token.replace('..', '.x.'),
  ])('is not %j', (junk) => {
    expect(openJwe(junk, enc, key)).toBeUndefined();
  });
});

/** The header is authenticated as it stands there; of other parts only the bytes count. */
function same(one: string, other: string, at: number): boolean {
  return at === 0 ? one === other : Buffer.from(one, 'base64url').equals(Buffer.from(other, 'base64url'));
}

test('Auth.js names the key that has sealed', () => {
  const [{ enc, salt, info, token }] = LIBRARIES as [(typeof LIBRARIES)[number]];
  expect(jweHeader(token)?.kid).toBe(jweThumbprint(jweKey(enc, SECRET, salt, info)));
});

test.each([
  '{"alg":"RSA-OAEP","enc":"A256GCM"}',
  '{"alg":"dir","enc":"A128GCM"}',
  '{"alg":"dir","enc":"A256GCM","zip":"DEF"}',
  '{"alg":"dir","enc":"A256GCM","crit":["exp"]}',
  '[]',
  'null',
  '',
])('the header %s is not one that can be opened', (header) => {
  expect(jweHeader(`${Buffer.from(header).toString('base64url')}....`)).toBeUndefined();
});

test('a hash is that of both texts, one behind the other', () => {
  // printf 'tokensecret' | sha256sum
  expect(hashedWith('token', 'secret')).toBe(
    'd9db21448d73f8397d9401d925e90810faadaad67b0053599e61d9b9e3f7ad37',
  );
});
