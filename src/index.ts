// The public names of `keyturn`. No logic here.

export type { ConfigSections, Duration } from './config/config-types.js';
export type { Profile } from './config/profile.js';
export type { EngineClients } from './engines/engines.js';
export { type ErrorCode, KeyturnError } from './errors.js';
export type { KeyDates, KeyState } from './keyring/key.js';
export type { KeyringView, KeyView } from './keyring/view.js';
export type {
  ChangeListener,
  Keyturn,
  SignerOptions,
} from './keyturn.js';
export type {
  LinkRequest,
  Links,
  LinksOptions,
  SignLinkOptions,
  VerifiedLink,
  VerifyLinkOptions,
} from './links/links.js';
export type {
  BuiltInPurpose,
  Config,
  MoveInConfig,
  OldSecretConfig,
  PurposeConfig,
  PurposeName,
  Purposes,
} from './purposes/payloads.js';
export type { Health } from './runtime/health.js';
export type { Logger, LogMethod } from './runtime/log.js';
export type {
  KeyturnSessions,
  NotOpened,
  OpenedSession,
  OpenSession,
  OpenSessionControls,
  OpenSessionOptions,
  RequestToOpen,
  SessionEnd,
} from './sessions/outside.js';
export type {
  NameOfAMethod,
  RegenerateOptions,
  Session,
  SessionControls,
  SessionData,
  SessionName,
  SessionValues,
} from './sessions/session.js';
export type {
  Awaitable,
  EndedSession,
  PutOutcome,
  RemoteSessionStore,
  SessionNotes,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from './sessions/stores/contract.js';
export type { StoreState } from './sessions/stores/reachable.js';
export {
  type ListedSession,
  type ListSessionsOptions,
  listSessions,
  type SignOutOptions,
  type SignOutSessionOptions,
  signOutEverywhere,
  signOutSession,
} from './sign-out.js';
export type { Json, JsonCannotCarry, JsonOrBytes } from './signing/json.js';
export type {
  Bind,
  BindState,
  BoundResult,
  Signer,
  SignOptions,
  VerifyOptions,
} from './signing/public-signer.js';
export type { Refusal, RefusalReason, Result, Verified } from './signing/result.js';
export type { OpenOptions, Sealer, SealOptions } from './signing/sealer.js';
export { createSingleUse, type RedeemRefusal, type SingleUse } from './single-use.js';
export type { KeyturnOptions } from './start/options.js';
export { createKeyturn } from './start/start.js';
