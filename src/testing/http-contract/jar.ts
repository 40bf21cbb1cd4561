// The cookies of a browser on one host, as RFC 6265 has them: path, order, removal. What lies in it does not grow old:
// cases move the clock of the app, and the app is to say what has expired.

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

export class Jar {
  readonly #cookies = new Map<string, Cookie>();

  /** @param header a `Set-Cookie` field in answer to a request for the path */
  take(header: string, requested: string): void {
    const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
    const given = new Map(
      attributes.map((attribute) => {
        const [name, value] = split(attribute);
        return [name.toLowerCase(), value] as const;
      }),
    );
    const [name, value] = split(pair);
    // There is but one host: a cookie for another is one that a browser refuses.
    if (name === '' || given.has('domain')) return;
    const said = given.get('path');
    const path = said?.startsWith('/') ? said : requested.replace(/\/[^/]*$/, '') || '/';
    if (name.startsWith('__Host-') && (path !== '/' || !given.has('secure'))) return;
    const key = `${name};${path}`;
    if (Number(given.get('max-age') ?? 1) <= 0) this.#cookies.delete(key);
    else this.#cookies.set(key, { name, value, path });
  }

  /** The field `Cookie` of a request: '' where there is none. */
  header(path: string): string {
    return [...this.#cookies.values()]
      .filter((cookie) => isWithin(cookie.path, path))
      .sort((one, other) => other.path.length - one.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  get(name: string): string | undefined {
    return [...this.#cookies.values()].find((cookie) => cookie.name === name)?.value;
  }
}

function split(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
