// The cookies of an app, and what one request carries of them.

import { sessionCookieName } from '../config/app.js';
import { KeyturnError } from '../errors.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import { AppCookie } from '../sessions/cookie.js';
import { type ReceivedToken, receive } from '../signing/received.js';

/** All cookies that an app sets. */
export class HttpCookies {
  readonly session: AppCookie;
  /** Stands in for the session before there is one: see `csrf-id.ts`. */
  readonly csrfId: AppCookie;
  /** What scripts read their CSRF token from, where there is such a cookie. */
  readonly csrfToken: AppCookie | undefined;
  readonly flash: AppCookie;
  /** What their names have in common; while the name of the app changes, those under the other name too. */
  #stems: readonly string[];
  /** Names of cookies of the library that the app moves in from. */
  #old: readonly string[] = [];

  /** @throws KeyturnError `cookie_invalid`, `config_invalid` */
  constructor(keyturn: Keyturn) {
    const { settings, apps } = internalsOf(keyturn);
    const names = apps.map((app) => sessionCookieName(settings, app));
    const stems = names.map((name) => name.replace(/\.sid$/, ''));
    const cookie = ([own, former]: readonly string[]) =>
      new AppCookie(own as string, settings, keyturn.profile, false, former);
    this.#stems = stems;
    this.session = cookie(names);
    this.csrfId = cookie(stems.map((stem) => `${stem}.csrf`));
    this.flash = cookie(stems.map((stem) => `${stem}.flash`));
    const readable = settings.get('csrf.cookie');
    if (readable === undefined) return;
    if ([this.session, this.csrfId, this.flash].some(({ name }) => name === readable)) {
      throw new KeyturnError(
        'config_invalid',
        `csrf.cookie is ${readable}, which is the name of another cookie of Keyturn`,
        'choose another name, such as "XSRF-TOKEN"',
      );
    }
    this.csrfToken = new AppCookie(readable, settings, keyturn.profile, true);
  }

  /** That of the session first. */
  get all(): readonly AppCookie[] {
    const { session, csrfId, flash, csrfToken } = this;
    return [session, csrfId, flash, ...(csrfToken === undefined ? [] : [csrfToken])];
  }

  /** Looks for cookies of the library that the app moves in from, too. */
  lookFor(names: readonly string[]): void {
    this.#old = names;
    this.#stems = [...this.#stems, ...names];
  }

  /** Whether a `Cookie` header may hold one of that library. */
  mayHaveOld(header: string | undefined): boolean {
    return header !== undefined && this.#old.some((name) => header.includes(name));
  }

  /** Whether a `Cookie` header may hold one of them. Most requests have other cookies only, or none. */
  mayBeIn(header: string | undefined): header is string {
    return header !== undefined && this.#stems.some((stem) => header.includes(stem));
  }
}

interface Found {
  readonly cookie: AppCookie;
  readonly tokens: readonly ReceivedToken[];
}

/** What one request carries of the app's cookies, which all hold tokens. Each is found and parsed once. */
export class RequestCookies {
  /** As it came. */
  readonly header: string | undefined;
  /** Few, so that a list is cheaper than a map. */
  readonly #found: Found[] = [];

  constructor(header: string | undefined) {
    this.header = header;
  }

  /** Of a request whose session travels in a header field: there are no cookies. */
  static ofHeader(session: AppCookie, token: string): RequestCookies {
    const cookies = new RequestCookies(undefined);
    if (token !== '') cookies.#found.push({ cookie: session, tokens: [receive(token)] });
    return cookies;
  }

  /**
   * The tokens of one, in their order. A sibling domain, another path or a former app may have left cookies of the
   * same name, and browsers say neither whose they are nor which is newer. So readers take the first that is good.
   */
  tokens(cookie: AppCookie): readonly ReceivedToken[] {
    for (const found of this.#found) if (found.cookie === cookie) return found.tokens;
    if (this.header === undefined) return NONE;
    let tokens = cookie.find(this.header).map(receive);
    if (cookie.former !== undefined) tokens = [...tokens, ...this.tokens(cookie.former)];
    this.#found.push({ cookie, tokens });
    return tokens;
  }

  /** Removes one under the other name of the app, where the request carries it; undefined where it does not. */
  clearFormer({ former }: AppCookie): string | undefined {
    return former === undefined || this.tokens(former).length === 0 ? undefined : former.clear();
  }
}

const NONE: readonly ReceivedToken[] = [];
