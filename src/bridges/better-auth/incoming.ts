// What comes in, as the library is to see it: signed by the one key that it knows.
import { HONO } from '../../codecs/cookies.js';
import { betterAuthCache, betterAuthDevice, hs256Token, type SignedText } from '../../codecs/signed-texts.js';
import { decoded, eachCookie, joinCookies } from '../cookie-header.js';
import type { BridgeKey, BridgeKeys } from '../keys.js';
import { textOf } from '../text.js';
import { NOTHING_SEEN, type SeenCookies, Upgrader } from '../upgrader.js';
import type { AuthContext, HookContext } from './library.js';

/** Cookies that are signed or encrypted in a way of their own, whole or in pieces. */
const SEALED = ['session_data', 'account_data', 'oauth_state'];
/** What is not signed at all. */
const OPEN = ['last_used_login_method'];

export class Incoming {
  readonly upgrader: Upgrader;
  readonly #keys: BridgeKeys;
  readonly #names: {
    readonly session: string;
    readonly cache: string;
    readonly device: string;
  };
  readonly #takesBearers: boolean;
  /** By what the library hands on from the first hook to the last. */
  readonly #seen = new WeakMap<object, SeenCookies>();

  constructor(keys: BridgeKeys, context: AuthContext) {
    this.#keys = keys;
    this.#names = {
      session: context.authCookies.sessionToken.name,
      cache: context.authCookies.sessionData.name,
      device: context.createAuthCookie('trust_device').name,
    };
    this.#takesBearers = context.options.plugins?.some(({ id }) => id === 'bearer') ?? false;
    this.upgrader = new Upgrader(keys, HONO, watchedBy(context));
  }

  /** Whether a cookie is sealed by a key that this does not see. */
  isSealed(name: string, { createAuthCookie }: AuthContext): boolean {
    return SEALED.some((one) => isPieceOf(name, createAuthCookie(one).name));
  }

  /** What was found in the request of a call. */
  seenIn({ headers, request }: HookContext): SeenCookies {
    return this.#seen.get(headers ?? request ?? this) ?? NOTHING_SEEN;
  }

  /** @returns what of the call is to be another */
  async change(call: HookContext): Promise<Pick<HookContext, 'headers' | 'query'>> {
    // Whoever must not sign may still say who is signed in: what is signed for that is taken out again.
    const { signing } = call.path === '/get-session' ? this.#keys.current : this.#keys;
    // The library has read it before this hook was called, and a step may lie between.
    (call.context as { secret: string }).secret = textOf(signing, this.#keys.name);
    const query = this.#query(call, signing);
    const { request, headers = request && new Headers(request.headers) } = call;
    if (headers === undefined) return query;
    const { header, seen } = this.upgrader.incoming(headers.get('cookie') ?? undefined);
    this.#seen.set(call.headers ?? (request as Request), seen);
    const changed = new Map<string, string>();
    this.#cache(header, signing, changed);
    this.#bearer(headers, signing, changed);
    await this.#device(call, seen, signing, changed);
    const all = withCookies(header, changed);
    // The library's own copy: what it hands to the next hook is the same object.
    if (all !== undefined) headers.set('cookie', all);
    return { headers, ...query };
  }

  /** Links of e-mails: nothing else is signed that comes in a query. */
  #query({ path, query }: HookContext, signing: BridgeKey): Pick<HookContext, 'query'> {
    if (path !== '/verify-email' || typeof query?.['token'] !== 'string') return {};
    const token = this.#again(hs256Token(query['token']), signing);
    return token === undefined ? {} : { query: { ...query, token } };
  }

  /** The session that is kept in a cookie for a while, whole or in pieces. */
  #cache(header: string | undefined, signing: BridgeKey, changed: Map<string, string>): void {
    const { cache } = this.#names;
    if (!header?.includes(cache)) return;
    const pieces = eachCookie(header)
      .filter(({ name }) => name === cache || /^\.\d{1,2}$/.test(name.slice(cache.length)))
      .filter(({ name }) => name.startsWith(cache))
      .toSorted((one, other) => pieceOf(one.name, cache) - pieceOf(other.name, cache));
    const whole = pieces.map(({ value }) => value).join('');
    const again = this.#again(betterAuthCache(whole) ?? hs256Token(whole), signing);
    // A MAC is as long as another one, so that each piece stays as long as it is.
    if (again?.length !== whole.length) return;
    let at = 0;
    for (const { name, value } of pieces) {
      changed.set(name, again.slice(at, at + value.length));
      at += value.length;
    }
  }

  /** A device that needs no second factor. The MAC within its cookie names the user, whom the database knows. */
  async #device(
    call: HookContext,
    seen: SeenCookies,
    signing: BridgeKey,
    changed: Map<string, string>,
  ): Promise<void> {
    const { device } = this.#names;
    const found = seen.get(device);
    if (found === undefined || !call.path?.startsWith('/sign-in/')) return;
    const [, identifier = ''] = found.payload.split('!');
    const known = await call.context.internalAdapter.findVerificationValue(identifier);
    const payload = known && this.#again(betterAuthDevice(found.payload, known.value), signing);
    if (payload) changed.set(device, signedBy(signing, device, payload));
  }

  /** The plugin bearer makes a cookie of a token in a header field. Of one that it does not know we do. */
  #bearer(headers: Headers, signing: BridgeKey, changed: Map<string, string>): void {
    if (!this.#takesBearers) return;
    const [, token] = /^bearer\s+(\S+)\s*$/i.exec(headers.get('authorization') ?? '') ?? [];
    if (token === undefined || HONO.split(decoded(token) ?? '') === undefined) return;
    const { session } = this.#names;
    const found = this.upgrader.verify(session, token);
    if (found !== undefined) changed.set(session, signedBy(signing, session, found.payload));
  }

  /** Counts as a use of the key. Undefined where no live key has signed it, or the one that signs has. */
  #again(text: SignedText | undefined, signing: BridgeKey): string | undefined {
    if (text === undefined) return undefined;
    const key = this.#keys.current.all.find((one) => text.isSignedBy(textOf(one, this.#keys.name)));
    if (key === undefined) {
      this.#keys.refused('bad_signature');
      return undefined;
    }
    this.#keys.verified(key);
    return key.secret === signing.secret ? undefined : text.signedBy(textOf(signing, this.#keys.name));
  }
}

/** Which cookies the library signs: those that begin as it, or the app, names them. */
function watchedBy({ options, createAuthCookie }: AuthContext): (name: string) => boolean {
  const { cookiePrefix = 'better-auth', cookies = {} } = options.advanced ?? {};
  const own = Object.values(cookies).flatMap(({ name }) => name ?? []);
  const beginnings = [`${cookiePrefix}.`, 'oidc_', ...own];
  const others = [...SEALED, ...OPEN].map((name) => createAuthCookie(name).name);
  return (name) => {
    if (others.some((other) => isPieceOf(name, other))) return false;
    const bare = name.replace(/^__(?:Secure|Host)-/, '');
    return beginnings.some((beginning) => bare.startsWith(beginning));
  };
}

const isPieceOf = (name: string, whole: string): boolean => name === whole || name.startsWith(`${whole}.`);

/** Its place among the pieces of one cookie. */
const pieceOf = (name: string, of: string): number => Number(name.slice(of.length + 1));

function signedBy({ secret }: BridgeKey, name: string, payload: string): string {
  return encodeURIComponent(HONO.join({ payload, signature: HONO.sign(name, payload, secret) }));
}

/** A header with other values, and with those of cookies that were not there. */
function withCookies(header: string | undefined, changed: ReadonlyMap<string, string>): string | undefined {
  const cookies = header === undefined ? [] : eachCookie(header);
  const present = new Set(cookies.map(({ name }) => name));
  const added = [...changed]
    .filter(([name]) => !present.has(name))
    .map(([name, value]) => `${name}=${value}`);
  const before = header === undefined ? [] : [joinCookies(cookies, changed)];
  return before.length + added.length === 0 ? undefined : [...before, ...added].join('; ');
}
