// Beside jsonwebtoken, and what stands on it: passport-jwt, @nestjs/jwt, express-jwt. The keys of its tokens are those of the
// ring, found by `kid`.
import type { KeyObject } from '../../codecs/jws.js';
import type { Keyturn } from '../../keyturn.js';
import { type DecodedHeader, JwtKeys, type JwtOptions } from '../jwt.js';
import { liveObject } from '../live-object.js';

export type { JwtOptions } from '../jwt.js';

/** Options of `jwt.sign()`. */
export interface SignOptions {
  /** The one of all bridges. */
  readonly algorithm: 'HS256';
  /** Seconds. */
  readonly expiresIn: number;
  /** Not there while an old secret signs. */
  readonly keyid?: string;
}

type Done = (error: null, key: KeyObject) => void;
/** @types/passport-jwt knows texts and Buffers alone, and the library takes whatever jsonwebtoken does. */
// biome-ignore lint/suspicious/noExplicitAny: a KeyObject
type PassportDone = (error: null, key: any) => void;

/** The keys of an app's tokens. */
export interface JsonwebtokenKeys {
  /**
   * For one token that is signed now: `jwt.sign(payload, key, options)`.
   *
   * @throws KeyturnError `keyring_unavailable` while the process must not sign
   */
  readonly signing: () => { readonly key: KeyObject; readonly options: SignOptions };
  /**
   * The key of a token, for `jwt.verify(token, keys.of(token), { algorithms: ['HS256'] })`. A genuine one counts for the
   * fleet. For what no key has signed it is a key that nobody has: the library refuses it.
   */
  readonly of: (token: unknown) => KeyObject;
  /** For `jwt.verify(token, keys.callback, { algorithms: ['HS256'] }, done)`. It gets the header alone, and counts nothing. */
  readonly callback: (header: DecodedHeader, done: Done) => void;
  /** `secretOrKeyProvider` of passport-jwt. */
  readonly passport: (request: unknown, token: unknown, done: PassportDone) => void;
  /** `secret` of express-jwt. */
  readonly express: (request: ExpressRequest, token?: DecodedHeader) => KeyObject;
  /** For `JwtModule.register()` of @nestjs/jwt. */
  readonly nest: {
    readonly secretOrKeyProvider: (type: unknown, tokenOrPayload: unknown) => KeyObject;
    /** Always those of the key that signs. */
    readonly signOptions: SignOptions;
    readonly verifyOptions: { readonly algorithms: ['HS256'] };
  };
}

interface ExpressRequest {
  readonly headers?: { readonly authorization?: string | undefined };
}

/** How @nestjs/jwt names a request for a key that signs. */
const NEST_SIGNS = 0;

/**
 * The keys of a ring for jsonwebtoken, passport-jwt, @nestjs/jwt and express-jwt.
 *
 * @throws KeyturnError as `keyturn.signer()` for the purpose and its lifetime
 * @example
 * const keys = jsonwebtokenKeys(keyturn, { maxAge: '1h' });
 * const { key, options } = keys.signing();
 * const token = jwt.sign({ sub }, key, options);
 * jwt.verify(token, keys.of(token), { algorithms: ['HS256'] });
 */
export function jsonwebtokenKeys(keyturn: Keyturn, options?: JwtOptions): JsonwebtokenKeys {
  const keys = new JwtKeys(keyturn, options, 'jsonwebtokenKeys(keyturn, options)');
  const of = (token: unknown) => keys.objectOf(keys.ofToken(token));
  const optionsFor = (kid: string | undefined): SignOptions => ({
    algorithm: 'HS256',
    expiresIn: keys.maxAge,
    // The library refuses one that is undefined.
    ...(kid === undefined ? {} : { keyid: kid }),
  });
  const now = (): Readonly<Record<string, unknown>> => ({ ...optionsFor(keys.kid) });
  return {
    signing: () => {
      const { key, kid } = keys.signing();
      return { key: keys.objectOf(key), options: optionsFor(kid) };
    },
    of,
    callback: (header, done) => done(null, keys.objectOf(keys.ofHeader(header))),
    passport: (_request, token, done) => done(null, of(token)),
    express: (request, token) => {
      const sent = /^Bearer (\S+)$/i.exec(request?.headers?.authorization ?? '')?.[1];
      // The app may take its tokens from elsewhere.
      const isThis = sent?.endsWith(`.${token?.signature}`);
      return isThis ? of(sent) : keys.objectOf(keys.ofHeader(token?.header));
    },
    nest: {
      secretOrKeyProvider: (type, token) =>
        type === NEST_SIGNS ? keys.objectOf(keys.signing().key) : of(token),
      // It is spread for every token.
      signOptions: liveObject({
        list: () => Object.keys(now()),
        isListed: () => true,
        has: (name) => Object.hasOwn(now(), name),
        get: (name) => now()[name],
      }) as unknown as SignOptions,
      verifyOptions: { algorithms: ['HS256'] },
    },
  };
}
