// Access tokens: JWT (RFC 7519) signed with HS256 under the ring's own keys, so that a rotation carries them.
import { type OptionHints, type OptionNames, requireOptions } from '../config/options.js';
import { meantMilliseconds, requireDuration } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import { isKid } from '../forms.js';
import { type Internals, internalsOf, type Keyturn } from '../keyturn.js';
import type { Json } from '../signing/json.js';
import { FARTHEST_AHEAD } from '../signing/purpose-keyring.js';
import type { RefusalReason } from '../signing/result.js';
import { fromJson, toJson } from '../signing/token.js';
import { encodeSegment, verifyCompact } from './compact.js';
import { ACCESS, type JwtKeys, jwtKeys } from './keys.js';

/** What an access token says besides the app's own claims. Times in seconds since 1970. */
export interface RegisteredClaims {
  /** Who signed. */
  readonly iss: string;
  /** Whom the token is for. */
  readonly aud: string | readonly string[];
  /** When it expires, in seconds since 1970. */
  readonly exp: number;
  /** Tokens of other libraries may lack it. */
  readonly iat?: number;
  /** It is refused before then, in seconds since 1970. */
  readonly nbf?: number;
  /** Whom it speaks of. */
  readonly sub?: string;
}

/**
 * - `wrong_issuer`, `wrong_audience`, `wrong_subject`: genuine, and meant for another place or person
 * - `not_yet_valid`: genuine, and its `nbf` has not come, or its `iat` is more than a day away
 *
 * The others as for every token; `malformed` also where the header asks for another algorithm.
 */
export type JwtRefusalReason =
  | Exclude<RefusalReason, 'bind_mismatch'>
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'wrong_subject';

/** That a token is not accepted. */
export interface JwtRefusal {
  readonly ok: false;
  /** Why, for logs and metrics; clients are never told. */
  readonly reason: JwtRefusalReason;
}

/** A token that is accepted. */
export interface JwtVerified<T> {
  readonly ok: true;
  /** Its claims: those of the app, and the registered ones. */
  readonly payload: T & RegisteredClaims;
  /** Id of the key that signed. */
  readonly kid: string;
  /** Whether that key is retiring. */
  readonly stale: boolean;
  /** Undefined where another library signed without `iat`. */
  readonly issuedAt: Date | undefined;
  /** When it expires. */
  readonly expiresAt: Date;
}

/** What `verify()` yields: look at `ok` first. */
export type JwtResult<T> = JwtVerified<T> | JwtRefusal;

/** What `createJwt()` takes. */
export interface JwtOptions {
  /** Who signs: `iss` of every token, such as `https://auth.example.com`. */
  readonly issuer: string;
  /**
   * Whom tokens are for: `aud`, such as `https://api.example.com`. Required, since a token without one is good
   * at every service that shares the secret. Of a list tokens carry all, and one of them is enough to verify.
   */
  readonly audience: string | readonly string[];
  /** Lifetime of the tokens: seconds, or a text such as `"15min"`, which is the default. */
  readonly maxAge?: number | string;
  /** By how many seconds clocks may differ, when `exp` and `nbf` are looked at: 0, the default, to 300. */
  readonly clockTolerance?: number;
}

/** What `sign()` takes beside the claims. */
export interface JwtSignOptions {
  /** Whom the token speaks of: `sub`. */
  readonly subject?: string;
  /** Shorter than that of the others. */
  readonly maxAge?: number | string;
  /** Refused before then: `nbf`. */
  readonly notBefore?: Date;
}

/** What `verify()` takes beside the token. */
export interface JwtVerifyOptions {
  /** Instead of that of `createJwt`: one of these must be among those of the token. */
  readonly audience?: string | readonly string[];
  /** Refuse tokens of anybody else. */
  readonly subject?: string;
}

const JWT_OPTIONS: OptionNames<JwtOptions> = {
  issuer: true,
  audience: true,
  maxAge: true,
  clockTolerance: true,
};
const SIGN_OPTIONS: OptionNames<JwtSignOptions> = { subject: true, maxAge: true, notBefore: true };
const VERIFY_OPTIONS: OptionNames<JwtVerifyOptions> = { audience: true, subject: true };

const ALGORITHM = 'leave it out: tokens are signed with HS256, and no other algorithm is ever accepted';
const KEY = 'leave it out: the keys are those of the ring';
const JWT_HINTS: OptionHints = {
  algorithm: ALGORITHM,
  algorithms: ALGORITHM,
  secret: KEY,
  key: KEY,
  privateKey: KEY,
  clockTimestamp: 'leave it out: the clock is an option of createKeyturn',
};
const VERIFY_HINTS: OptionHints = {
  ...JWT_HINTS,
  issuer: 'leave it out: the issuer is that of createJwt',
  maxAge: 'leave it out: every token says itself when it expires',
  clockTolerance: 'say it to createJwt: it lengthens how long a key is needed',
  ignoreExpiration: 'leave it out: every token expires',
};

/** Claims of the app: an object that JSON can carry. `sub` and `jti` may be among them. */
export type AppClaims = Readonly<Record<string, unknown>>;

/** Claims as JSON carries them. */
export type JsonClaims<T extends object> = Json<T> extends object ? Json<T> : never;

const DEFAULT_AGE = 15 * 60;
const LONGEST_TOLERANCE = 300;
/** What `Date` can hold, in seconds. */
const LAST_SECOND = 8.64e12;
/** Set from options only: two sources for one claim would be one too many. */
const OURS = ['iss', 'aud', 'exp', 'nbf', 'iat'] as const;

const refusal = <R extends JwtRefusalReason>(reason: R) =>
  Object.freeze({ ok: false, reason }) satisfies JwtRefusal;

/** One frozen value per reason: refusing costs no allocation. */
const REFUSALS: { readonly [Reason in JwtRefusalReason]: JwtRefusal } = Object.freeze({
  malformed: refusal('malformed'),
  unknown_key: refusal('unknown_key'),
  retired_key: refusal('retired_key'),
  revoked_key: refusal('revoked_key'),
  bad_signature: refusal('bad_signature'),
  expired: refusal('expired'),
  not_yet_valid: refusal('not_yet_valid'),
  wrong_issuer: refusal('wrong_issuer'),
  wrong_audience: refusal('wrong_audience'),
  wrong_subject: refusal('wrong_subject'),
});

/** Signs and verifies access tokens. Synchronous; follows the ring in force. Made by {@link createJwt}. */
export interface Jwt<T extends object = AppClaims> {
  /** Who signs: `iss`. */
  readonly issuer: string;
  /** Whom tokens are for: `aud`. */
  readonly audience: readonly string[];
  /** The lifetime of the tokens it signs, in seconds: `expires_in` of OAuth. */
  readonly maxAge: number;
  /** By how many seconds clocks may differ. */
  readonly clockTolerance: number;
  /**
   * Signs claims. They can be read by whoever holds the token.
   *
   * @throws KeyturnError `jwt_invalid`, `payload_not_json`, `purpose_lifetime`, `duration_invalid`
   */
  sign(claims: T, options?: JwtSignOptions): string;
  /** Verifies a token. Whatever it is given, it does not throw: a refusal is a result with a reason. */
  verify(token: unknown, options?: JwtVerifyOptions): JwtResult<T>;
}

class RingJwt<T extends object> implements Jwt<T> {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly maxAge: number;
  readonly clockTolerance: number;
  readonly #parts: Internals;
  /** The part of every payload that does not change. */
  readonly #fixed: string;
  #keys: JwtKeys | undefined;
  /** Those of the other name of the app, while that changes. */
  #otherKeys: JwtKeys | undefined;

  constructor(parts: Internals, options: JwtOptions) {
    this.#parts = parts;
    this.issuer = requireText(options.issuer, 'issuer', 'who signs, such as "https://auth.example.com"');
    this.audience = requireAudience(options.audience);
    this.clockTolerance = requireTolerance(options.clockTolerance ?? 0);
    this.maxAge = lifetime(parts, options.maxAge, this.clockTolerance);
    const aud = Array.isArray(options.audience) ? this.audience : this.audience[0];
    this.#fixed = `{"iss":${JSON.stringify(this.issuer)},"aud":${JSON.stringify(aud)},"iat":`;
  }

  sign(claims: T, options: JwtSignOptions = {}): string {
    requireOptions(options, 'sign(claims, options) of a JWT signer', SIGN_OPTIONS, JWT_HINTS);
    this.#parts.ring.requireFresh();
    const { active } = this.#current();
    const now = this.#parts.clock();
    const issuedAt = Math.floor(now / 1000);
    const expiresAt =
      issuedAt + (options.maxAge === undefined ? this.maxAge : shorter(options.maxAge, this.maxAge));
    const own = claimsText(claims);
    let json = `${this.#fixed}${issuedAt},"exp":${expiresAt}`;
    if (options.notBefore !== undefined) json += `,"nbf":${notBefore(options.notBefore, expiresAt)}`;
    const { sub } = claims as { readonly sub?: unknown };
    if (sub !== undefined) requireText(sub, 'the claim sub', 'a text: String(user.id)');
    if (options.subject !== undefined) {
      const subject = requireText(options.subject, 'subject', 'a text: String(user.id)');
      if (sub !== undefined) throw invalid('sub stands in the claims and in the options', 'say it once');
      json += `,"sub":${JSON.stringify(subject)}`;
    }
    const signed = active.header + encodeSegment(own === '{}' ? `${json}}` : `${json},${own.slice(1)}`);
    active.use.signed++;
    active.use.signedAt = now;
    return `${signed}.${active.hmac.mac(signed)}`;
  }

  verify(token: unknown, options: JwtVerifyOptions = {}): JwtResult<T> {
    requireOptions(options, 'verify(token, options) of a JWT signer', VERIFY_OPTIONS, VERIFY_HINTS);
    if (typeof token !== 'string') return this.#refuse('malformed');
    const keys = this.#current();
    let opened = verifyCompact(token, keys);
    if (opened.refused === 'bad_signature' && this.#otherKeys !== undefined)
      opened = verifyCompact(token, this.#otherKeys);
    if (opened.refused !== undefined) {
      return opened.refused === 'absent'
        ? this.#refuseKid(keys, opened.kid)
        : this.#refuse(opened.refused, opened.key?.kid);
    }
    const { kid, key, use } = opened.key;
    const claims = fromJson(opened.json)?.value;
    if (!isClaims(claims)) return this.#refuse('malformed', kid);
    const now = this.#parts.clock();
    const reason = this.#refusalOf(claims, now / 1000, options);
    if (reason !== undefined) return this.#refuse(reason, kid);
    use.verified++;
    use.verifiedAt = now;
    return {
      ok: true,
      payload: claims as T & RegisteredClaims,
      kid,
      stale: key.state === 'retiring',
      issuedAt: claims.iat === undefined ? undefined : new Date(claims.iat * 1000),
      expiresAt: new Date(claims.exp * 1000),
    };
  }

  /** Why the claims of a genuine token are not accepted. @param now seconds since 1970 */
  #refusalOf(claims: FoundClaims, now: number, options: JwtVerifyOptions): JwtRefusalReason | undefined {
    // Written so that a clock that gives no number refuses.
    if (!(now < claims.exp + this.clockTolerance)) return 'expired';
    if (claims.nbf !== undefined && !(now >= claims.nbf - this.clockTolerance)) return 'not_yet_valid';
    if (claims.iat !== undefined && claims.iat - FARTHEST_AHEAD > now) return 'not_yet_valid';
    if (claims.iss !== this.issuer) return 'wrong_issuer';
    if (!isFor(claims.aud, options.audience ?? this.audience)) return 'wrong_audience';
    if (!('subject' in options)) return undefined;
    // One that turned out undefined (nobody is signed in) must not let everybody pass.
    return options.subject !== undefined && claims.sub === options.subject ? undefined : 'wrong_subject';
  }

  #current(): JwtKeys {
    const ring = this.#parts.ring.current;
    if (ring !== this.#keys?.ring) {
      const [keys, other] = this.#parts.apps.map((app) => jwtKeys(ring, this.#parts.usage, app));
      this.#keys = keys;
      this.#otherKeys = other;
    }
    return this.#keys as JwtKeys;
  }

  /** The id is not authenticated: an attacker may write any. What goes to logs is clean. */
  #refuseKid(keys: JwtKeys, kid: string): JwtRefusal {
    if (!isKid(kid)) return this.#refuse('malformed');
    const state = keys.ring.get(kid)?.state;
    if (state === 'retired') return this.#refuse('retired_key', kid);
    return this.#refuse(state === 'revoked' ? 'revoked_key' : 'unknown_key', kid);
  }

  #refuse(reason: JwtRefusalReason, kid?: string): JwtRefusal {
    const { usage, logger } = this.#parts;
    usage.refused(ACCESS, reason);
    logger.debug({ event: 'token.refused', purpose: ACCESS, reason, kid }, 'a token was refused');
    return REFUSALS[reason];
  }
}

/**
 * Access tokens for one issuer and audience, signed by the keys of the ring.
 *
 * @throws KeyturnError `argument_invalid`, `jwt_invalid`, `purpose_lifetime`, `duration_invalid`
 */
export function createJwt<T extends object = AppClaims>(
  keyturn: Keyturn,
  options: JwtOptions,
): Jwt<JsonClaims<T>> {
  const parts = internalsOf(keyturn);
  requireOptions(options ?? null, 'createJwt(keyturn, options)', JWT_OPTIONS, JWT_HINTS);
  return new RingJwt<JsonClaims<T>>(parts, options);
}

/** Claims of the kinds that they must have; `exp` is there. */
interface FoundClaims {
  readonly exp: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
}

function isClaims(value: unknown): value is FoundClaims {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { exp, nbf, iat, iss, sub, aud } = value as Readonly<Record<string, unknown>>;
  return (
    isTime(exp) &&
    (nbf === undefined || isTime(nbf)) &&
    (iat === undefined || isTime(iat)) &&
    (iss === undefined || typeof iss === 'string') &&
    (sub === undefined || typeof sub === 'string') &&
    (aud === undefined ||
      typeof aud === 'string' ||
      (Array.isArray(aud) && aud.every((one) => typeof one === 'string')))
  );
}

/** A NumericDate, which may have a fraction, in the range of dates. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LAST_SECOND;
}

function isFor(aud: string | readonly string[] | undefined, accepted: string | readonly string[]): boolean {
  if (aud === undefined) return false;
  const accepts = (one: string) => (typeof accepted === 'string' ? one === accepted : accepted.includes(one));
  return typeof aud === 'string' ? accepts(aud) : aud.some(accepts);
}

/** The claims as JSON text of an object. */
function claimsText(claims: object): string {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims) || 'toJSON' in claims) {
    throw invalid('the claims are no plain object', 'pass an object such as { role: "editor" }');
  }
  for (const name of OURS) {
    if ((claims as Readonly<Record<string, unknown>>)[name] !== undefined) {
      throw invalid(
        `the claims hold ${name}, which Keyturn sets`,
        'issuer, audience and maxAge are options of createJwt; maxAge and notBefore of sign',
      );
    }
  }
  return toJson(claims);
}

function lifetime(parts: Internals, asked: number | string | undefined, tolerance: number): number {
  // A token is accepted until the tolerance after its expiry: a ring that retires a key must have waited so long.
  const longest = parts.registry.own(ACCESS).maxAge - tolerance;
  if (asked === undefined && longest > 0) return Math.min(DEFAULT_AGE, longest);
  const seconds = asked === undefined ? DEFAULT_AGE : requireDuration(asked, 'maxAge');
  if (seconds <= longest) return seconds;
  throw new KeyturnError(
    'purpose_lifetime',
    `an access token may live ${longest} s (clock tolerance taken off), and maxAge says ${seconds} s`,
    `code may only shorten a lifetime: set max_age under [purposes.${ACCESS}] in keyturn.toml${meantMilliseconds(asked)}`,
  );
}

function shorter(asked: number | string, longest: number): number {
  const seconds = requireDuration(asked, 'maxAge');
  if (seconds <= longest) return seconds;
  throw new KeyturnError(
    'purpose_lifetime',
    `these access tokens live ${longest} s, and maxAge says ${seconds} s`,
    `sign() may only shorten the lifetime; lengthen maxAge of createJwt${meantMilliseconds(asked)}`,
  );
}

function notBefore(moment: Date, expiresAt: number): number {
  const seconds = moment instanceof Date ? Math.ceil(moment.getTime() / 1000) : Number.NaN;
  if (seconds < expiresAt) return seconds;
  throw invalid(
    'notBefore is no date before the expiry of the token',
    'pass a Date, and a maxAge that reaches beyond it',
  );
}

function requireTolerance(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= LONGEST_TOLERANCE) return seconds;
  throw invalid(
    `clockTolerance is not a number of seconds from 0 to ${LONGEST_TOLERANCE}`,
    'leave it out, or allow a few seconds; clocks that differ by more should be set right',
  );
}

function requireAudience(audience: string | readonly string[]): readonly string[] {
  const what = 'whom tokens are for, such as "https://api.example.com"';
  const all: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  if (all.length === 0) throw invalid('audience is an empty list', `say ${what}`);
  return Object.freeze(all.map((one) => requireText(one, 'audience', what)));
}

function requireText(value: unknown, what: string, hint: string): string {
  if (typeof value === 'string' && value !== '' && value.isWellFormed()) return value;
  throw invalid(`${what} is missing, empty or no text`, `say ${hint}`);
}

function invalid(message: string, hint: string): KeyturnError {
  return new KeyturnError('jwt_invalid', message, hint);
}
