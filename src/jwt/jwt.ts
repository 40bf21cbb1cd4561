// Access tokens: JWT (RFC 7519) signed with HS256 under the ring's own keys, so that a rotation carries them.

import { requireLifetime } from '../config/lifetime.js';
import { requireOptions } from '../config/options.js';
import { isKid } from '../formats.js';
import type { Internals } from '../internals.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import { FARTHEST_AHEAD, missingKeyReason } from '../signing/purpose-keyring.js';
import { fromJson } from '../signing/token.js';
import {
  type AppClaims,
  claimsText,
  type FoundClaims,
  invalid,
  isClaims,
  isFor,
  type JsonClaims,
  type RegisteredClaims,
  requireText,
} from './claims.js';
import { encodeSegment, verifyCompact } from './compact.js';
import { ACCESS, type JwtKeys, jwtKeys } from './keys.js';
import {
  JWT_HINTS,
  JWT_OPTIONS,
  type JwtOptions,
  type JwtSignOptions,
  type JwtVerifyOptions,
  lifetime,
  notBefore,
  requireAudience,
  requireTolerance,
  SIGN_OPTIONS,
  VERIFY_HINTS,
  VERIFY_OPTIONS,
} from './options.js';
import { JWT_REFUSALS, type JwtRefusal, type JwtRefusalReason, type JwtResult } from './result.js';

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
  /** Those of the app, and of its other name while that changes. */
  #keys: readonly JwtKeys[] = [];

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
    const [{ active }] = this.#current();
    const now = this.#parts.clock();
    const issuedAt = Math.floor(now / 1000);
    const cure = 'lengthen maxAge of createJwt';
    const expiresAt = issuedAt + requireLifetime(options.maxAge, this.maxAge, 'this access token', cure);
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
    const [keys, other] = this.#current();
    let found = verifyCompact(token, keys);
    if (found.refused === 'bad_signature' && other !== undefined) found = verifyCompact(token, other);
    if (found.refused !== undefined) {
      return found.refused === 'unknown_key'
        ? this.#refuseKid(keys, found.kid)
        : this.#refuse(found.refused, found.key?.kid);
    }
    const { kid, key, use } = found.key;
    const claims = fromJson(found.json)?.value;
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

  #current(): readonly [own: JwtKeys, other?: JwtKeys] {
    const { ring, apps, usage } = this.#parts;
    const { current } = ring;
    if (current !== this.#keys[0]?.ring) this.#keys = apps.map((app) => jwtKeys(current, usage, app));
    return this.#keys as readonly [JwtKeys];
  }

  /** The id is not authenticated: an attacker may write any. What goes to logs is clean. */
  #refuseKid(keys: JwtKeys, kid: string): JwtRefusal {
    if (!isKid(kid)) return this.#refuse('malformed');
    return this.#refuse(missingKeyReason(keys.ring.get(kid)), kid);
  }

  #refuse(reason: JwtRefusalReason, kid?: string): JwtRefusal {
    this.#parts.refused(ACCESS, reason, kid);
    return JWT_REFUSALS[reason];
  }
}

/**
 * Access tokens for one issuer and audience, signed by the keys of the ring.
 *
 * @example
 * const jwt = createJwt<{ sub: string; role: string }>(keyturn, {
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 * });
 * const token = jwt.sign({ sub: '42', role: 'editor' });
 * const result = jwt.verify(token);
 * if (result.ok) console.log(result.payload.role);
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
