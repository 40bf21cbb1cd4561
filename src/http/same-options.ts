// Two adapters of one Keyturn: whether they were given the same for their sessions.
import { isDeepStrictEqual } from 'node:util';
import { rarely } from '#rarely';
import { HTTP_OPTIONS, type HttpCore, type HttpOptions } from './core.js';

const NAMES = Object.keys(HTTP_OPTIONS) as readonly (keyof HttpOptions)[];

/**
 * One app inside another, with the same Keyturn, has the sessions of the outer one: what it was given itself would count
 * for nothing.
 *
 * @throws KeyturnError `argument_invalid`
 */
export function requireInside(outer: HttpCore, inner: HttpCore): void {
  if (outer === inner) return;
  const others = NAMES.filter(
    (name) => inner.options[name] !== undefined && !isSame(outer.options[name], inner.options[name]),
  );
  if (others.length === 0) return;
  throw rarely().foreignOptions.otherInside(others);
}

/** The names of those that count for a session outside of a request, where a later adapter was given others. */
export function othersOutside(first: HttpOptions, later: HttpOptions): readonly string[] {
  return NAMES.filter((name) => name !== 'sessionless' && !isSame(first[name], later[name]));
}

/** A module that is evaluated again makes its functions anew. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one === 'function' && typeof other === 'function') return String(one) === String(other);
  return Array.isArray(one) && isDeepStrictEqual(one, other);
}
