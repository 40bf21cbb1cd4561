// A browser as far as cookies go: keeps what it is sent, whoever of the replicas sent it, and sends it back.

export class Visitor {
  readonly cookies: Map<string, string> = new Map();
  /** Every line of Set-Cookie that came, in order. */
  readonly received: string[] = [];

  /** Redirects are not followed: a test says where it goes. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.cookies.size > 0) headers.set('cookie', this.#header());
    const response = await fetch(url, { redirect: 'manual', ...init, headers });
    for (const line of response.headers.getSetCookie()) this.take(line);
    return response;
  }

  #header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** A line of Set-Cookie. */
  take(line: string): void {
    this.received.push(line);
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    const said = new Map(
      attributes.map((attribute) => {
        const [key = '', ...rest] = attribute.split('=');
        return [key.toLowerCase(), rest.join('=')];
      }),
    );
    const expires = said.get('expires');
    const isOver =
      Number(said.get('max-age') ?? 1) <= 0 || (expires !== undefined && Date.parse(expires) < Date.now());
    if (value === '' || isOver) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
