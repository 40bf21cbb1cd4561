// A response of Fetch that gets a cookie which its app did not set: as node-response.ts has it.
import { isSafe, madePrivate, mayBeShared } from './node-response.js';

/** See `mayAddCookie()`. @param headers those of the response */
export function mayAddCookieTo(method: string, headers: Headers): boolean {
  return isSafe(method) && !mayBeShared(headers.keys(), (name) => headers.get(name) ?? '');
}

/** See `madePrivate()`. */
export function keepHeadersPrivate(headers: Headers): void {
  headers.set('cache-control', madePrivate(headers.get('cache-control') ?? ''));
}
