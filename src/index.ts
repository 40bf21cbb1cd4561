// The public names of `keyturn`. No logic here.
export type { Profile } from './config/profile.js';
export { type ErrorCode, KeyturnError } from './errors.js';
export type { KeyDates, KeyState } from './keyring/key.js';
export {
  type ChangeListener,
  createKeyturn,
  type KeyringView,
  Keyturn,
  type KeyturnOptions,
  type KeyView,
  type SignerOptions,
} from './keyturn.js';
export type { Session, SessionControls, SessionData, SessionValues } from './purposes/session/session.js';
export type { Health } from './runtime/keeper.js';
export type { Logger, LogMethod } from './runtime/log.js';
export type { Refusal, RefusalReason, Result, Verified } from './signing/result.js';
export type { Bind, Signer, SignOptions, VerifyOptions } from './signing/signer.js';
