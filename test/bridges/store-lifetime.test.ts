import { expect, test } from 'vitest';
import { lifetimeOf } from '../../src/bridges/store-lifetime.js';

test.each([
  ['nothing', {}, 86_400],
  ['a cookie, in milliseconds', { cookie: { maxAge: 3_600_500 } }, 3601],
  ['a cookie that ends with the browser', { cookie: { maxAge: null } }, 86_400],
  ['a store, in seconds', { store: { ttl: 1_209_600 } }, 1_209_600],
  ['a store, in milliseconds', { store: { ttl: 1_209_600_000 } }, 1_209_600],
  ['a store that keeps its options', { store: { options: { ttl: 7200 } } }, 7200],
  ['a store that asks each session', { store: { ttl: () => 60 } }, 86_400],
  ['the longer of both', { cookie: { maxAge: 60_000 }, store: { ttl: 120 } }, 120],
])('%s', (_, options, seconds) => {
  expect(lifetimeOf(options)).toBe(seconds);
});
