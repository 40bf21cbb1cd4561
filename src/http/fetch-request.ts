// A Fetch request as a visit reads it.
import type { HttpRequest } from './contract.js';
import { pathOf } from './path.js';

/**
 * A `Request`, or what is known of one: server actions of Next know no more than its header fields and, since they are
 * always sent by POST, its method.
 */
export interface FetchRequest {
  /** In capitals. */
  readonly method: string;
  /** The header fields of the request. */
  readonly headers: Pick<Headers, 'get'>;
  /** Its URL, of which scheme, host and path are looked at. */
  readonly url?: string;
  /** Whether somebody has read the body: a form is not looked into then. */
  readonly bodyUsed?: boolean;
  /** A copy, of which a form is read where its CSRF token is needed. */
  clone?(): { readonly body: Request['body'] };
}

export class FetchHttpRequest implements HttpRequest {
  readonly #request: FetchRequest;

  constructor(request: FetchRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  // Some frameworks put their own idea of an origin into the URL; the header field is the browser's.
  get host(): string | undefined {
    return this.header('host') ?? this.#url?.host;
  }

  get https(): boolean {
    return this.#url?.protocol === 'https:';
  }

  get path(): string | undefined {
    const { url } = this.#request;
    return url === undefined ? undefined : pathOf(url);
  }

  get #url(): URL | undefined {
    const { url } = this.#request;
    return url === undefined || !URL.canParse(url) ? undefined : new URL(url);
  }
}
