// The fields Cookie and Set-Cookie, taken apart and put together again with nothing else changed.

/** A cookie of a request. */
export interface RequestCookie {
  readonly name: string;
  /** As it stands there, without quotation marks around it. */
  readonly value: string;
  /** The pair as it stands there. */
  readonly pair: string;
}

/** RFC 6265, section 4.2: pairs behind each other. What is no pair is kept, and has no name. */
export function eachCookie(header: string): readonly RequestCookie[] {
  return header.split(';').map((part) => {
    const pair = bare(part);
    const at = pair.indexOf('=');
    if (at < 0) return { name: '', value: '', pair };
    const value = bare(pair.slice(at + 1));
    const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
    return { name: bare(pair.slice(0, at)), value: isQuoted ? value.slice(1, -1) : value, pair };
  });
}

/** Without spaces and tabs around it. `trim()` takes more: a value may end in what else it takes for a space. */
function bare(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text[start])) start++;
  while (end > start && isSpace(text[end - 1])) end--;
  return text.slice(start, end);
}

const isSpace = (letter: string | undefined): boolean => letter === ' ' || letter === '\t';

/** The header with other values. Of several of one name the first is the one that counts. */
export function joinCookies(cookies: readonly RequestCookie[], changed: ReadonlyMap<string, string>): string {
  const left = new Map(changed);
  return cookies
    .map(({ name, pair }) => {
      const value = left.get(name);
      left.delete(name);
      return value === undefined ? pair : `${name}=${value}`;
    })
    .join('; ');
}

/** A line of Set-Cookie. */
export interface SetCookieParts {
  readonly name: string;
  readonly value: string;
  /** With the semicolon in front; empty where there are none. */
  readonly attributes: string;
}

export function setCookieParts(line: string): SetCookieParts {
  const end = line.indexOf(';');
  const pair = end < 0 ? line : line.slice(0, end);
  const at = pair.indexOf('=');
  return {
    name: bare(pair.slice(0, Math.max(0, at))),
    value: bare(pair.slice(at + 1)),
    attributes: end < 0 ? '' : line.slice(end),
  };
}

/**
 * How long a browser keeps a cookie, in seconds: RFC 6265, section 5.3. Undefined where it goes with the browser.
 *
 * @param attributes as {@link SetCookieParts} has them
 * @param now milliseconds since 1970
 */
export function lifeOf(attributes: string, now: number): number | undefined {
  const [, maxAge] = /;\s*max-age=(-?\d+)/i.exec(attributes) ?? [];
  if (maxAge !== undefined) return Number(maxAge);
  const [, expires] = /;\s*expires=([^;]+)/i.exec(attributes) ?? [];
  const end = Date.parse(expires ?? '');
  return Number.isNaN(end) ? undefined : (end - now) / 1000;
}

/** Percent-decoded; undefined where it is not a valid encoding. */
export function decoded(value: string): string | undefined {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
