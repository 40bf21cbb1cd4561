// Where a request may carry its CSRF token: in a header field, or in a field of the form.
import type { HttpRequest } from './contract.js';

/** The field of a form. */
export const CSRF_FIELD = '_csrf';
/** The header field, in lower case. */
export const CSRF_HEADER = 'x-csrf-token';
/** The one that HTTP clients such as Angular's and axios copy the cookie `XSRF-TOKEN` to. */
const COPIED_HEADER = 'x-xsrf-token';

/** @param copied whether scripts copy their token from a cookie: see `csrf.cookie` */
export function tokenInHeader(request: HttpRequest, copied: boolean): string | undefined {
  return request.header(CSRF_HEADER) ?? (copied ? request.header(COPIED_HEADER) : undefined);
}

/**
 * The token in a parsed form: a text, or what @fastify/multipart makes of a part, an object with a `value`.
 *
 * @param body what a body parser has made of it, whatever that is
 */
export function tokenInForm(body: unknown): unknown {
  const field = (body as Partial<Record<typeof CSRF_FIELD, unknown>> | null | undefined)?.[CSRF_FIELD];
  return typeof field === 'object' && field !== null ? (field as { value?: unknown }).value : field;
}
