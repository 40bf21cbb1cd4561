// The public names of `keyturn/jwt`. No logic here.
export {
  type AppClaims,
  createJwt,
  type JsonClaims,
  type Jwt,
  type JwtOptions,
  type JwtRefusal,
  type JwtRefusalReason,
  type JwtResult,
  type JwtSignOptions,
  type JwtVerified,
  type JwtVerifyOptions,
  type RegisteredClaims,
} from './jwt.js';
export {
  createRefreshTokens,
  type IssuedRefreshToken,
  type RefreshRefusal,
  type RefreshRefusalReason,
  type RefreshResult,
  type RefreshSubject,
  type RefreshTokens,
  type RefreshTokensOptions,
  type Rotated,
} from './refresh.js';
