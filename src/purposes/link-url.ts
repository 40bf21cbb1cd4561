// URLs as signed links see them: taken apart, and put into one form that all spellings of a URL share.
//
// Percent-encoding is decoded and encoded again byte by byte (RFC 3986, section 6.2.2), within each path segment and
// within each name and value, so that an encoded delimiter never becomes a delimiter. Unicode is not normalised.

/** More than any server reads of a request line by default. */
const LONGEST = 16_384;
/** The parameter that holds the signature. */
export const SIGNATURE = 'sig';

/** One parameter, in the form that all its spellings share. */
export type Parameter = readonly [name: string, value: string];

/** A URL taken apart; path and query in the form that all spellings share. */
export interface LinkUrl {
  /** As it stands in the URL: `https://example.com`; empty for a path alone. */
  readonly origin: string;
  readonly path: string;
  /** In the order of the URL, without the signature. */
  readonly parameters: readonly Parameter[];
  /** The values of parameters named `sig`. */
  readonly signatures: readonly string[];
}

/** A URL cut at its delimiters; nothing is decoded. */
interface Pieces {
  readonly origin: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly fragment: string;
}

function cut(url: unknown): Pieces | undefined {
  if (typeof url !== 'string' || url.length > LONGEST || !url.isWellFormed()) return undefined;
  // Browsers drop line ends and tabs, and read a backslash as a slash: what they ask for is another URL.
  if (/[\u0000-\u001f\u007f\\]/.test(url)) return undefined;
  const match = /^(https?:\/\/[^/?#]+)?([^?#]*)(\?[^#]*)?(#.*)?$/i.exec(url);
  if (match === null) return undefined;
  const [, origin = '', path = '', query, fragment = ''] = match;
  if (path === '' ? origin === '' : !path.startsWith('/')) return undefined;
  return { origin, path: path === '' ? '/' : path, query: query?.slice(1), fragment };
}

/**
 * Takes a URL apart: absolute, or a path with or without a query. The fragment is dropped, since it is never sent.
 *
 * @returns undefined for what is no such URL, and for a path with dot segments. Clients resolve those before they
 * send a request, so in one that arrives they are an attempt to make two readers see two paths.
 */
export function readUrl(url: unknown): LinkUrl | undefined {
  const pieces = cut(url);
  if (pieces === undefined) return undefined;
  const path = canonicalPath(pieces.path);
  if (path === undefined || hasDots(path)) return undefined;
  const parameters: Parameter[] = [];
  const signatures: string[] = [];
  for (const piece of (pieces.query ?? '').split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = canonical(equals < 0 ? piece : piece.slice(0, equals), true);
    const value = canonical(equals < 0 ? '' : piece.slice(equals + 1), true);
    if (name === undefined || value === undefined) return undefined;
    if (name === SIGNATURE) signatures.push(value);
    else parameters.push([name, value]);
  }
  return { origin: pieces.origin, path, parameters, signatures };
}

/** The one text for a list of parameters in any order: sorted by name, then by value; repeated ones are kept. */
export function canonicalQuery(parameters: readonly Parameter[]): string {
  return [...parameters]
    .sort(([name, value], [otherName, otherValue]) =>
      name === otherName ? compare(value, otherValue) : compare(name, otherName),
    )
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A path in the form that all its spellings share; undefined where its percent-encoding is broken. */
export function canonicalPath(path: string): string | undefined {
  const segments = path.split('/').map((segment) => canonical(segment, false));
  return segments.includes(undefined) ? undefined : segments.join('/');
}

function hasDots(path: string): boolean {
  return path.split('/').some((segment) => segment === '.' || segment === '..');
}

/**
 * All but unreserved characters percent-encoded, with upper-case digits. A bare `;` stays one: some readers take it
 * for a delimiter, and then the encoded one is something else.
 *
 * @param form whether `+` means a space, as it does in queries and not in paths
 * @returns undefined where a `%` is not followed by two hex digits
 */
function canonical(text: string, form: boolean): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  // Without the flag `i`: beside `u` it would let two letters beyond ASCII pass for "s" and "k".
  return text.replace(/%[0-9A-Fa-f]{2}|[^\w\-.~;%]/gu, (found) => {
    if (found.length === 3 && found[0] === '%') {
      const character = String.fromCharCode(Number.parseInt(found.slice(1), 16));
      return /[\w\-.~]/.test(character) ? character : found.toUpperCase();
    }
    return form && found === '+' ? '%20' : encode(found);
  });
}

function encode(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

/**
 * A URL with one more parameter, before the fragment. Dot segments are resolved, as every client would do; what may
 * not stand in a URL is encoded; everything else stays as it is spelled.
 *
 * @returns undefined for what is no URL, and for a path that browsers would take for another host
 */
export function withParameter(url: string, name: string, value: string): string | undefined {
  const pieces = cut(url);
  if (pieces === undefined) return undefined;
  const path = withoutDots(pieces.path);
  if (pieces.origin === '' && path.startsWith('//')) return undefined;
  const query = pieces.query ?? '';
  const joint = query === '' || query.endsWith('&') ? '' : '&';
  return `${pieces.origin}${spell(path)}?${spell(query)}${joint}${name}=${value}${spell(pieces.fragment)}`;
}

/** RFC 3986, section 5.2.4, over a path that begins with a slash. */
function withoutDots(path: string): string {
  const segments = path.split('/');
  const kept: string[] = [''];
  segments.forEach((segment, index) => {
    if (index === 0) return;
    const plain = segment.replace(/%2e/gi, '.');
    if (plain !== '.' && plain !== '..') {
      kept.push(segment);
      return;
    }
    if (plain === '..' && kept.length > 1) kept.pop();
    if (index === segments.length - 1) kept.push('');
  });
  return kept.join('/');
}

function spell(text: string): string {
  return text.replace(/[^\w\-.~!#$%&()*+,/:;=?@[\]]/gu, encode);
}
