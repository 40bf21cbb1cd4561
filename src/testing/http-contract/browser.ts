// A browser as far as the contract goes: it keeps cookies, and looks at each answer without following redirects.

import type { StartedHttpApp } from './driver.js';
import { Jar } from './jar.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The `Set-Cookie` fields of this answer. */
  readonly setCookies: readonly string[];
  /** Undefined where the answer is none. */
  readonly json: any;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
  readonly json?: unknown;
  /** Breaks it off. */
  readonly signal?: AbortSignal;
}

export class Browser {
  readonly #app: StartedHttpApp;
  readonly #jar = new Jar();

  constructor(app: StartedHttpApp) {
    this.#app = app;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.ask(path, { headers });
  }

  async post(path: string, json: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.ask(path, { method: 'POST', json, headers });
  }

  async ask(path: string, ask: Ask = {}): Promise<Answer> {
    const response = await this.begin(path, ask);
    const text = await response.text();
    const setCookies = response.headers.getSetCookie();
    return { status: response.status, headers: response.headers, text, setCookies, json: parse(text) };
  }

  /** As {@link ask}, as soon as the header of the answer is there. */
  async begin(
    path: string,
    { method = 'GET', headers = {}, form, json, signal }: Ask = {},
  ): Promise<Response> {
    const cookie = this.#jar.header(path);
    const written = json === undefined ? undefined : JSON.stringify(json);
    const body = form === undefined ? written : new URLSearchParams(form).toString();
    const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
    const request = new Request(this.#app.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const response = await (this.#app.fetch ?? fetch)(request);
    for (const header of response.headers.getSetCookie()) this.#jar.take(header, path);
    return response;
  }

  /** The value of a cookie in the jar. */
  async cookie(name: string): Promise<string | undefined> {
    return this.#jar.get(name);
  }

  /** Puts a cookie into the jar, as a script or an attacker would. */
  async plant(name: string, value: string): Promise<void> {
    this.#jar.take(`${name}=${value}; Path=/`, '/');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
