// What is sealed here, opened by the real libraries.
import { expect, test } from 'vitest';
import { jweKey, jweThumbprint, sealJwe } from '../../src/codecs/jwe.js';
import { neighbour } from '../bridges/neighbours.js';

const SECRET = 'a secret of the old days, 44 characters long';
const claims = { sub: 'ada', exp: Math.floor(Date.now() / 1000) + 3600 };

test('Auth.js opens it', async () => {
  const { decode } = await neighbour('@auth/core/jwt');
  const salt = 'authjs.session-token';
  const key = jweKey('A256CBC-HS512', SECRET, salt, `Auth.js Generated Encryption Key (${salt})`);
  const token = sealJwe({ enc: 'A256CBC-HS512', kid: jweThumbprint(key) }, claims, key);
  expect(await decode({ token, secret: ['another one', SECRET], salt })).toEqual(claims);
});

test('next-auth opens it', async () => {
  const { default: jwt } = await neighbour('next-auth/jwt');
  const key = jweKey('A256GCM', SECRET, '', 'NextAuth.js Generated Encryption Key');
  expect(await jwt.decode({ token: sealJwe({ enc: 'A256GCM' }, claims, key), secret: SECRET })).toEqual(
    claims,
  );
});
