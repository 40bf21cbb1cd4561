// What Auth.js and next-auth mix their secret into: the cookie against forged forms, and links in e-mails. A hash names no
// key; so whoever asks tries those that are live.
import { sameSignature } from '../codecs/cookies.js';
import { hashedWith } from '../codecs/jwe.js';
import { attributesText, type CookieAttributes } from './attributes.js';
import { decoded, eachCookie, setCookieParts } from './cookie-header.js';
import { keepHeadersPrivate, mayAddCookieTo } from './fetch-response.js';
import type { BridgeKey, BridgeKeys } from './keys.js';
import { textOf } from './text.js';

interface Mixed {
  readonly key: BridgeKey;
  readonly text: string;
}

/** What is used of the adapter of a database. */
interface Adapter {
  // biome-ignore lint/suspicious/noExplicitAny: what it finds is the library's
  readonly useVerificationToken?: ((params: any) => any) | undefined;
}

/** What the app says of the cookie against forged forms. */
interface FormsCookie {
  readonly name?: string;
  readonly options?: CookieAttributes;
}

export interface HashFormat {
  /** Whether the library has mixed in all the secrets that it had, as a list becomes a text. */
  readonly joins: boolean;
  /** The cookie against forged forms, without a prefix. */
  readonly cookieName: string;
  readonly cookie: FormsCookie | undefined;
}

export class AuthHashes {
  readonly #keys: BridgeKeys;
  readonly #joins: boolean;
  readonly #defaultName: string;
  readonly #cookie: FormsCookie | undefined;

  constructor(keys: BridgeKeys, { joins, cookieName, cookie }: HashFormat) {
    this.#keys = keys;
    this.#joins = joins;
    this.#defaultName = cookieName;
    this.#cookie = cookie;
  }

  /** What makes a hash that is new. */
  get signing(): string {
    const { signing } = this.#keys;
    const [first] = this.#all();
    this.#keys.signed(signing);
    return first?.text ?? textOf(signing, this.#keys.name);
  }

  /** What the library is to verify the cookie against forged forms with, and to make a new one with. */
  forForms(cookies: string | undefined): string {
    const [first] = this.#all();
    const found = this.#find(cookies);
    if (found === undefined) return first?.text ?? '';
    if (found.made === undefined) this.#keys.refused('bad_signature');
    else this.#keys.verified(found.made.key);
    return (found.made ?? first)?.text ?? '';
  }

  /**
   * The cookie against forged forms again, whose key is due to go: with the token of all forms that are open.
   *
   * @returns a line of Set-Cookie
   */
  formsAgain(cookies: string | undefined): string | undefined {
    const { name = '', token = '', made } = this.#find(cookies) ?? {};
    if (made === undefined || !this.#keys.isStale(made.key) || !this.#keys.maySign) return undefined;
    const value = encodeURIComponent(`${token}|${hashedWith(token, this.signing)}`);
    const secure = /^__(?:Host|Secure)-/.test(name);
    const attributes = { httpOnly: true, sameSite: 'lax', path: '/', secure, ...this.#cookie?.options };
    return `${name}=${value}${attributesText(attributes)}`;
  }

  #find(
    cookies: string | undefined,
  ): { readonly name: string; readonly token: string; readonly made: Mixed | undefined } | undefined {
    const end = this.#cookie?.name ?? this.#defaultName;
    const cookie = eachCookie(cookies ?? '').find(({ name }) => name.endsWith(end));
    const [token = '', hash = ''] = (decoded(cookie?.value ?? '') ?? '').split('|');
    if (cookie === undefined || token === '' || hash === '') return undefined;
    const made = this.#all().find(({ text }) => sameSignature(hashedWith(token, text), hash));
    return { name: cookie.name, token, made };
  }

  /**
   * An adapter that finds a link whichever live key has made it.
   *
   * @param token what stands in the link
   */
  ofLinks<A extends Adapter>(adapter: A, token: string | undefined): A {
    const { useVerificationToken } = adapter;
    if (useVerificationToken === undefined || token === undefined) return adapter;
    return {
      ...adapter,
      useVerificationToken: async (params: { readonly token: string }) => {
        // A provider with a secret of its own has made it of that.
        const found = await useVerificationToken(params);
        if (found) return found;
        for (const { key, text } of this.#all()) {
          const hash = hashedWith(token, text);
          const invite =
            hash === params.token ? null : await useVerificationToken({ ...params, token: hash });
          if (!invite) continue;
          this.#keys.verified(key);
          return invite;
        }
        return null;
      },
    };
  }

  /** The one that makes new ones first. */
  #all(): readonly Mixed[] {
    const { all } = this.#keys.current;
    const olds = all.filter(({ state }) => state === 'old').map((key) => textOf(key, this.#keys.name));
    return all.flatMap((key) => {
      const text = textOf(key, this.#keys.name);
      const isFirstOfMany = this.#joins && key.state === 'old' && olds.length > 1 && text === olds[0];
      return isFirstOfMany
        ? [
            { key, text: olds.join(',') },
            { key, text },
          ]
        : [{ key, text }];
    });
  }
}

/** A text that is made when it is asked for, and that nothing shows which looks at it. */
export function lateText(make: () => string): string {
  return Object.assign(() => undefined, { toString: make }) as unknown as string;
}

/**
 * The response with the cookie against forged forms again, where it is due, the library has not set it, and no shared cache
 * may keep it.
 */
export function withFormsAgain(hashes: AuthHashes, request: Request, response: Response): Response {
  if (!mayAddCookieTo(request.method, response.headers)) return response;
  const line = hashes.formsAgain(request.headers.get('cookie') ?? undefined);
  if (line === undefined) return response;
  if (sets(response.headers.getSetCookie(), line)) return response;
  // The header of a redirect cannot be changed.
  const headers = new Headers(response.headers);
  headers.append('set-cookie', line);
  keepHeadersPrivate(headers);
  const { body, status, statusText } = response;
  return new Response(body, { status, statusText, headers });
}

/** Whether lines of Set-Cookie set the cookie of one already. */
export function sets(lines: readonly string[], line: string): boolean {
  const { name } = setCookieParts(line);
  return lines.some((one) => setCookieParts(one).name === name);
}
