// URLs as signed links see them: taken apart, and put into one form that all spellings of a URL share.
//
// Two URLs of one form must mean the same to every server that reads them, or a link could be turned into another.
// So what may be spelled differently is only what nobody takes for a delimiter (RFC 3986, section 6.2.2): an encoded
// `/`, `;`, `=` or `,` is data, a bare one may be a delimiter, and neither is ever made of the other. What readers are
// known to disagree on is refused. Unicode is not normalised.

/** More than any server reads of a request line by default. */
const LONGEST = 16_384;
/** Where the parsers of node:querystring and qs stop: what follows would be bound and not seen. */
const MOST_PARAMETERS = 1000;
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
  /** With its `#`. */
  readonly fragment: string;
}

function cut(url: unknown): Pieces | undefined {
  if (typeof url !== 'string' || url.length > LONGEST || !url.isWellFormed()) return undefined;
  // Browsers drop line ends and tabs, and read a backslash as a slash: what they ask for is another URL.
  if (/[\u0000-\u001f\u007f\\]/.test(url)) return undefined;
  const hash = url.indexOf('#');
  const sent = hash < 0 ? url : url.slice(0, hash);
  const mark = sent.indexOf('?');
  const place = mark < 0 ? sent : sent.slice(0, mark);
  const origin = /^https?:\/\/[^/]+/i.exec(place)?.[0] ?? '';
  const path = place.slice(origin.length);
  if (path === '' ? origin === '' : !path.startsWith('/')) return undefined;
  return {
    origin,
    path,
    query: mark < 0 ? undefined : sent.slice(mark + 1),
    fragment: hash < 0 ? '' : url.slice(hash),
  };
}

/**
 * Takes a URL apart that is to be signed: absolute, or a path with or without a query. The fragment is dropped, since
 * it is never sent.
 *
 * @returns undefined for what is not such a URL, and for what clients or servers read in more than one way: a path with
 * dot segments, which clients resolve before they send a request; one that begins with two slashes, after which some
 * readers expect a host; an escape that is not UTF-8, which each decodes to something else
 */
export function readUrl(url: unknown): LinkUrl | undefined {
  const pieces = cut(url);
  return pieces === undefined ? undefined : readPieces(pieces);
}

/**
 * Takes the URL of a request apart, as {@link readUrl} does, and no more than a request line may hold (RFC 9112,
 * section 3.2). A `#` is the end of the query to one reader, and part of it or its beginning to the next; what lies
 * beyond ASCII is trimmed by some; and an absolute URL without a path lets a `/` in its query pass for one.
 */
export function readRequestUrl(url: unknown): LinkUrl | undefined {
  if (typeof url !== 'string' || url.length > LONGEST || !/^[!-"$-[\]-~]+$/.test(url)) return undefined;
  const pieces = cut(url);
  if (pieces === undefined || pieces.path === '' || !isHost(pieces.origin)) return undefined;
  return readPieces(pieces);
}

/** Nothing, or a name or address that every reader takes whole: what is odd in a host is the path to some. */
function isHost(origin: string): boolean {
  return origin === '' || /^https?:\/\/([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i.test(origin);
}

function readPieces(pieces: Pieces): LinkUrl | undefined {
  const path = canonicalPath(pieces.path === '' ? '/' : pieces.path);
  if (path === undefined || path.startsWith('//')) return undefined;
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) return undefined;
  const parameters: Parameter[] = [];
  const signatures: string[] = [];
  const texts = (pieces.query ?? '').split('&', MOST_PARAMETERS + 1);
  if (texts.length > MOST_PARAMETERS) return undefined;
  for (const text of texts) {
    if (text === '') continue;
    const equals = text.indexOf('=');
    const name = canonical(equals < 0 ? text : text.slice(0, equals), IN_QUERY);
    const value = canonical(equals < 0 ? '' : text.slice(equals + 1), IN_QUERY);
    if (name === undefined || value === undefined) return undefined;
    if (name === SIGNATURE) signatures.push(value);
    else parameters.push([name, value]);
  }
  return { origin: pieces.origin, path, parameters, signatures };
}

/** Names from which some readers build one value out of several parameters, in the order in which they come. */
const NESTED = /\.|%5[BD]/;
/** What ends a parameter, or the query, for some. */
export const ENDING: RegExp = /[;?]/;

/**
 * The one text for a list of parameters: sorted by name, since no reader cares for the order of different names. Those
 * of one name stay in their order, which decides whose value is the first and whose the last; and so do all, where some
 * reader sees more than a list of names and values.
 */
export function canonicalQuery(parameters: readonly Parameter[]): string {
  const texts = parameters.map(([name, value]) => `${name}=${value}`);
  if (parameters.some(([name]) => NESTED.test(name)) || texts.some((text) => ENDING.test(text)))
    return texts.join('&');
  // Sorting is stable.
  const sorted = [...parameters].sort(([one], [other]) => compare(one, other));
  return sorted.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A path in the form that all its spellings share; undefined where its percent-encoding is broken. */
export function canonicalPath(path: string): string | undefined {
  return canonical(path, IN_PATH);
}

/**
 * Escapes, and characters that are to become one: all but unreserved ones and those that `decodeURI` leaves encoded,
 * since they are delimiters to somebody. Not with the flag `i`: beside `u` it lets two letters beyond ASCII pass for "s"
 * and "k".
 */
const IN_PATH = /%[0-9A-Fa-f]{2}|[^\w\-.~;/?:@&=+$,%]/gu;
/** Here a `+` is a space. */
const IN_QUERY = /%[0-9A-Fa-f]{2}|[^\w\-.~;/?:@&=$,%]/gu;

/** @returns undefined where an escape is broken, or is not UTF-8 */
function canonical(text: string, spelled: RegExp): string | undefined {
  if (text.includes('%') && !isDecodable(text)) return undefined;
  return text.replace(spelled, (found) => {
    if (found.length === 3 && found[0] === '%') {
      const character = String.fromCharCode(Number.parseInt(found.slice(1), 16));
      return /[\w\-.~]/.test(character) ? character : found.toUpperCase();
    }
    return found === '+' ? '%20' : encode(found);
  });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** `encodeURIComponent` leaves five characters as they are that RFC 3986 reserves. */
function encode(character: string): string {
  const encoded = encodeURIComponent(character);
  return encoded.length > 1 ? encoded : `%${encoded.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * A URL with one more parameter, before the fragment. Dot segments are resolved, as every client would do; what may
 * not stand in a URL is encoded; everything else stays as it is spelled.
 *
 * @returns undefined for what is not a URL
 */
export function withParameter(url: string, name: string, value: string): string | undefined {
  const pieces = cut(url);
  if (pieces === undefined) return undefined;
  const path = withoutDots(pieces.path === '' ? '/' : pieces.path);
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
