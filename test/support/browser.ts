// A browser as far as HTTP goes: it keeps cookies by the rules (tough-cookie) and talks to a real server.
import { CookieJar } from 'tough-cookie';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The `Set-Cookie` headers of this answer. */
  readonly setCookies: readonly string[];
  readonly json: any;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
  readonly json?: unknown;
  /** A form with files. */
  readonly data?: FormData;
}

export class Browser {
  readonly jar: CookieJar;
  readonly #base: string;

  /** @param jar of another one, for the same browser on another replica: cookies know no ports */
  constructor(base: string, jar: CookieJar = new CookieJar()) {
    this.#base = base;
    this.jar = jar;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.ask(path, { headers });
  }

  async post(path: string, json: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.ask(path, { method: 'POST', json, headers });
  }

  /** Redirects are not followed: tests look at each answer. */
  async ask(path: string, { method = 'GET', headers = {}, form, json, data }: Ask = {}): Promise<Answer> {
    const url = this.#base + path;
    const cookie = await this.jar.getCookieString(url);
    const written =
      form === undefined
        ? json === undefined
          ? undefined
          : JSON.stringify(json)
        : new URLSearchParams(form).toString();
    const body = data ?? written;
    const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(written === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const setCookies = response.headers.getSetCookie();
    for (const header of setCookies) await this.jar.setCookie(header, url, { ignoreError: true });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, setCookies, json: parse(text) };
  }

  /** The value of a cookie in the jar. */
  async cookie(name: string): Promise<string | undefined> {
    return (await this.jar.getCookies(this.#base)).find((cookie) => cookie.key === name)?.value;
  }

  /** Puts a cookie into the jar, as a script or an attacker would. */
  async plant(name: string, value: string): Promise<void> {
    await this.jar.setCookie(`${name}=${value}; Path=/`, this.#base);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
