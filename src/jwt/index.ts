// The public names of `keyturn/jwt`. No logic here.
export type { AppClaims, JsonClaims, RegisteredClaims } from './claims.js';
export { createJwt, type Jwt } from './jwt.js';
export type { JwtOptions, JwtSignOptions, JwtVerifyOptions } from './options.js';
export { createRefreshTokens } from './refresh.js';
export type {
  IssuedRefreshToken,
  RefreshRefusal,
  RefreshRefusalReason,
  RefreshResult,
  RefreshSubject,
  RefreshTokens,
  RefreshTokensOptions,
  Rotated,
} from './refresh-types.js';
export type { JwtRefusal, JwtRefusalReason, JwtResult, JwtVerified } from './result.js';
