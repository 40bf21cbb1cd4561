// The path that the option sessionless is asked about.
import { expect, test } from 'vitest';
import { FetchHttpRequest } from '../../src/http/fetch-request.js';
import { pathOf } from '../../src/http/path.js';

test.each<[url: string | undefined, path: string]>([
  ['/assets/../me?a=1', '/assets/../me'],
  ['/a%2fb#c', '/a%2fb'],
  ['http://app.example:80/me?a=/b', '/me'],
  ['https://app.example', '/'],
  ['https://app.example?a', '/'],
  ['//other.example/me', '//other.example/me'],
  ['*', '*'],
  [undefined, ''],
])('of %s is %s', (url, path) => {
  expect(pathOf(url)).toBe(path);
});

test('is the same over Fetch, and unknown without a URL', () => {
  const pathAt = (url?: string) =>
    new FetchHttpRequest({ method: 'GET', headers: new Headers(), ...(url === undefined ? {} : { url }) })
      .path;
  expect(pathAt('https://app.example/assets/../me?a')).toBe('/assets/../me');
  expect(pathAt()).toBeUndefined();
});
