// Vectors that better-auth 1.7.25 has made.
import { describe, expect, test } from 'vitest';
import {
  betterAuthCache,
  betterAuthDevice,
  hs256Token,
  type SignedText,
} from '../../src/codecs/signed-texts.js';

const SECRET = 'a secret of the old days, 44 characters long';
const TOKEN =
  'eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFkYUBhcHAuZXhhbXBsZSIsImlhdCI6MTc5NTcwOTcwNSwiZXhwIjoxNzk1NzEzMzA1fQ.XL_bpeycWejYBD6y5V9hjAX_pr09f6O59nQxhf5wo3o';
const CACHE =
  'eyJzZXNzaW9uIjp7InNlc3Npb24iOnsiZXhwaXJlc0F0IjoiMjAyNi0xMi0wM1QxNjoxNTowNS41ODdaIiwidG9rZW4iOiI4bUhyZ1dJTGNuTHlwd2trOVhXRU5oVEs0MG1qWXBjMiIsImNyZWF0ZWRBdCI6IjIwMjYtMTEtMjZUMTY6MTU6MDUuNTg3WiIsInVwZGF0ZWRBdCI6IjIwMjYtMTEtMjZUMTY6MTU6MDUuNTg3WiIsImlwQWRkcmVzcyI6IiIsInVzZXJBZ2VudCI6IiIsInVzZXJJZCI6IjNUa3lzbm04dUZkTDRqN2ppUFZQczJqd293VWcwa05ZIiwiaWQiOiI2QURPRHlaYUNJeFE0ME04Yk5Gc1Y5VVhTSUg1OVRwUyJ9LCJ1c2VyIjp7Im5hbWUiOiJBZGEiLCJlbWFpbCI6ImFkYUBhcHAuZXhhbXBsZSIsImVtYWlsVmVyaWZpZWQiOmZhbHNlLCJjcmVhdGVkQXQiOiIyMDI2LTExLTI2VDE2OjE1OjA1LjU3N1oiLCJ1cGRhdGVkQXQiOiIyMDI2LTExLTI2VDE2OjE1OjA1LjU3N1oiLCJpZCI6IjNUa3lzbm04dUZkTDRqN2ppUFZQczJqd293VWcwa05ZIn0sInVwZGF0ZWRBdCI6MTc5NTcwOTcwNTYwMywidmVyc2lvbiI6IjEifSwiZXhwaXJlc0F0IjoxNzk1NzEwMDA1NjAzLCJzaWduYXR1cmUiOiJoTzhlVVZzSEhhNHdkU0NYc05hb1lnZWRLNGhhR1kyblR3Qy1aeDREeWo0In0';
const DEVICE = 'MMqdACVL6wGGDzNlY5WDBzHvASIrSlwqkKarH8231WA!trust-device-x';

const ofUser = (payload: string) => betterAuthDevice(payload, 'user-7');

const FORMATS: readonly (readonly [string, (text: string) => SignedText | undefined, string])[] = [
  ['a JWT', hs256Token, TOKEN],
  ['a session kept in a cookie', betterAuthCache, CACHE],
  ['a trusted device', ofUser, DEVICE],
];

describe.each(FORMATS)('%s', (_name, take, text) => {
  test('is known by the secret that made it, and by no other', () => {
    expect(take(text)?.isSignedBy(SECRET)).toBe(true);
    expect(take(text)?.isSignedBy(`${SECRET}x`)).toBe(false);
  });

  test('is the same when the same secret signs again', () => {
    expect(take(text)?.signedBy(SECRET)).toBe(text);
  });

  test('is one of another secret when that signs', () => {
    const other = take(text)?.signedBy('another secret') ?? '';
    expect(take(other)?.isSignedBy('another secret')).toBe(true);
    expect(take(other)?.isSignedBy(SECRET)).toBe(false);
    expect(other).toHaveLength(text.length);
  });

  test.each([
    '',
    '.',
    '..',
    '...',
    '!',
    'a!b!c',
    'bnVsbA',
    'W10',
    'e30',
    'e30.e30.e30',
    'A'.repeat(10_000),
  ])('is not %j', (junk) => {
    expect(take(junk)).toBeUndefined();
  });
});

test('a device is that of one user', () => {
  expect(betterAuthDevice(DEVICE, 'user-8')?.isSignedBy(SECRET)).toBe(false);
});

test('a JWT of another algorithm is none of these', () => {
  const header = Buffer.from('{"alg":"none"}').toString('base64url');
  expect(hs256Token(`${header}.${TOKEN.split('.').slice(1).join('.')}`)).toBeUndefined();
});
