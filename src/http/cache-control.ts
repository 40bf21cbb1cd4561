// What caches may do with a response that depends on who asks. `Vary: Cookie` keeps visitors apart (RFC 9110, section
// 12.5.5), and `private` keeps caches that serve many away altogether (RFC 9111, section 5.2.2.7): there are CDNs that
// ignore the first, and those that go by a field of their own instead of the second (RFC 9213).
import type { ResponseHeaders } from './contract.js';

/** How a response depends on the visitor. */
export interface Dependence {
  /** Another visitor may get another response, by what these fields of the request hold. */
  readonly varies: readonly string[];
  /** It shows, or hands on, what is this visitor's own. */
  readonly personal: boolean;
  /** It sets a cookie: whoever got it from a cache would get the cookie too. */
  readonly setsCookie: boolean;
}

/**
 * Writes into the fields what caches must know.
 *
 * @returns whether something personal goes out publicly, since the app has said `public`
 */
export function guardFromCaches(
  fields: ResponseHeaders,
  { varies, personal, setsCookie }: Dependence,
): boolean {
  const controls: string[] = [];
  if (personal) for (const name of fields.keys()) if (isControl(name)) controls.push(name);
  if (varies.length > 0) fields.set('vary', varyBy(varies, fields.get('vary')));
  if (!personal) return false;
  if (controls.length === 0) {
    fields.set('cache-control', 'private');
    return false;
  }
  // The app says itself that everybody may see the page. That stands, unless the response sets a cookie.
  if (!setsCookie && controls.some((name) => has(directivesOf(fields.get(name)), 'public'))) return true;
  if (!controls.includes('cache-control')) controls.push('cache-control');
  for (const name of controls) {
    const value = fields.get(name) ?? '';
    if (!isPrivate(name, value)) fields.set(name, madePrivate(name, value));
  }
  return false;
}

/** Whether the app wants a cache that serves many to keep the response. */
export function isPubliclyCacheable(fields: ResponseHeaders): boolean {
  for (const name of fields.keys()) {
    if (isControl(name) && isPublic(name, fields.get(name) ?? '')) return true;
  }
  return false;
}

/** Goes before Cache-Control in nginx: seconds, or `@` and a moment; 0 keeps the response out. */
const NGINX = 'x-accel-expires';

/**
 * `Cache-Control` and what speaks to one kind of cache only: `CDN-Cache-Control` and those named like it (RFC 9213,
 * section 2.2), `Surrogate-Control`, Akamai's `Edge-Control`, nginx' own.
 */
function isControl(name: string): boolean {
  // Few fields end so: the others are told by that alone.
  return (
    name === NGINX || (name.endsWith('-control') && /(?:^|-)(?:cache|surrogate|edge)-control$/.test(name))
  );
}

function isPublic(name: string, value: string): boolean {
  if (name === NGINX) return /^@?0*[1-9]/.test(value.trim());
  const directives = directivesOf(value);
  if (isPrivate(name, value)) return false;
  // In a field for CDNs `max-age` is about a cache that serves many, as `s-maxage` is in `Cache-Control`.
  const shared = name === 'cache-control' ? /^s-maxage=/i : /^(?:s-maxage|max-age|cache-maxage)=/i;
  return (
    has(directives, 'public') || directives.some((text) => shared.test(text) && /=\W*0*[1-9]/.test(text))
  );
}

function isPrivate(name: string, value: string): boolean {
  if (name === NGINX) return !isPublic(name, value);
  const directives = directivesOf(value);
  return has(directives, 'private') || has(directives, 'no-store');
}

function madePrivate(name: string, value: string): string {
  if (name === NGINX) return '0';
  // The fields for CDNs differ in grammar, but all know `no-store`, and no browser reads them.
  const own = name === 'cache-control';
  const dropped = own
    ? /^(?:public$|s-maxage\b)/
    : /^(?:!|public$|(?:s-maxage|max-age|cache-maxage|stale-)\b)/;
  const rest = directivesOf(value).filter((text) => !dropped.test(text.toLowerCase()));
  return [own ? 'private' : 'private, no-store', ...rest].join(', ');
}

/** Whether a directive stands there without a value: `private="x-user"` is about that one header field only. */
function has(directives: readonly string[], word: string): boolean {
  return directives.some((text) => text.toLowerCase() === word);
}

/** Splits at commas, except at those within quotation marks. */
function directivesOf(value: string | null | undefined): readonly string[] {
  const parts = value?.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function varyBy(fields: readonly string[], value: string | null | undefined): string {
  if (!value) return fields.join(', ');
  const names = value.split(',').map((name) => name.trim());
  const there = new Set(names.map((name) => name.toLowerCase()));
  const missing = there.has('*') ? [] : fields.filter((name) => !there.has(name.toLowerCase()));
  if (missing.length === 0) return value;
  return [...names.filter((name) => name !== ''), ...missing].join(', ');
}
