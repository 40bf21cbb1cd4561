// The one error class for mistakes of the operator or the programmer. Untrusted input never throws it.

import { oneLine } from './printable.js';

/** Every code that a {@link KeyturnError} can carry. Stable: programs may branch on it; `docs/errors.md` lists them. */
export type ErrorCode =
  | 'argument_invalid'
  | 'blob_changed'
  | 'blob_exists'
  | 'blob_incomplete'
  | 'blob_name_invalid'
  | 'blob_too_large'
  | 'blob_type_refused'
  | 'build_only'
  | 'clock_differs'
  | 'command_failed'
  | 'config_elsewhere'
  | 'config_invalid'
  | 'config_unknown_key'
  | 'cookie_invalid'
  | 'csrf_refused'
  | 'document_invalid'
  | 'document_version'
  | 'done_already'
  | 'dev_secret_unwritable'
  | 'duration_invalid'
  | 'engine_missing'
  | 'engine_unavailable'
  | 'env_file_not_loaded'
  | 'flash_too_large'
  | 'history_text_invalid'
  | 'jwt_invalid'
  | 'key_in_use'
  | 'key_state'
  | 'key_unknown'
  | 'keyring_exists'
  | 'keyring_forked'
  | 'keyring_full'
  | 'keyring_invalid'
  | 'keyring_locked'
  | 'keyring_missing'
  | 'keyring_not_document'
  | 'keyring_outdated'
  | 'keyring_sealed'
  | 'keyring_unavailable'
  | 'keyring_unwritable'
  | 'keyring_with_companions'
  | 'link_invalid'
  | 'payload_not_json'
  | 'payload_too_large'
  | 'profile_differs'
  | 'profile_refused'
  | 'profile_unknown'
  | 'purpose_invalid'
  | 'purpose_lifetime'
  | 'purpose_reserved'
  | 'purpose_sealed'
  | 'purpose_undeclared'
  | 'bind_invalid'
  | 'reason_missing'
  | 'replica_behind'
  | 'rollback_impossible'
  | 'sealer_unavailable'
  | 'secret_differs'
  | 'secret_empty'
  | 'secret_in_config'
  | 'secret_malformed'
  | 'secret_missing'
  | 'secret_unreadable'
  | 'package_incomplete'
  | 'secret_weak'
  | 'session_conflict'
  | 'session_ended'
  | 'session_invalid'
  | 'session_too_large'
  | 'source_differs'
  | 'stage_pending'
  | 'store_invalid'
  | 'too_early'
  | 'wordlist_unreadable';

const STATUS: { readonly [Code in ErrorCode]?: number } = {
  blob_changed: 412,
  blob_exists: 409,
  blob_incomplete: 400,
  blob_name_invalid: 400,
  blob_too_large: 413,
  blob_type_refused: 415,
  csrf_refused: 403,
  engine_unavailable: 503,
  keyring_unavailable: 503,
  session_conflict: 409,
  session_ended: 401,
};

/** Seconds. An engine is asked again every second or so, and a failover takes a few. */
const RETRY_AFTER = '5';

/** How a moment is said, in milliseconds since 1970. */
export type SayMoment = (at: number) => string;

/** A text of an error; where it names moments, a function of how these are said. */
export type ErrorText = string | ((say: SayMoment) => string);

/** ISO 8601. */
export const toIso: SayMoment = (at) => new Date(at).toISOString();

const TEXTS = new WeakMap<KeyturnError, readonly [message: ErrorText, hint: ErrorText]>();

/** What an error of any copy of this package has. */
const BRAND = Symbol.for('keyturn/error');

/**
 * A mistake of the operator or the programmer, with what to do about it.
 *
 * `message` says what is wrong, `hint` how to put it right; neither ever holds a secret. `cause` is the
 * underlying error, left out where its text could quote secret input (as JSON and TOML parsers do).
 */
export class KeyturnError extends Error {
  /**
   * Two copies of this package may meet in one process: one that `import` gave and one that `require` gave, or one inside
   * a bundle and one beside it. An error of one is an error of the other.
   */
  static override readonly [Symbol.hasInstance]: (value: unknown) => value is KeyturnError = isInstance;

  override readonly name = 'KeyturnError';
  readonly code: ErrorCode;
  readonly hint: string;

  /** Where a step was refused for now: the moment when it becomes safe, in milliseconds since 1970. */
  declare readonly safeAt?: number;

  /** Where one process is in the way: its name, as `keyturn status` shows it. */
  declare readonly replica?: string;

  /** Where it is about one key: the id of that. */
  declare readonly kid?: string;

  /** @param message and hint: moments in them are written as ISO 8601 */
  constructor(
    code: ErrorCode,
    message: ErrorText,
    hint: ErrorText,
    options: { cause?: unknown; safeAt?: number; replica?: string; kid?: string } = {},
  ) {
    const { safeAt, replica, kid } = options;
    super(said(message, toIso), options);
    Object.defineProperty(this, BRAND, { value: true });
    this.code = code;
    this.hint = said(hint, toIso);
    // Node shows the line of a program where an uncaught error was made, but for one that says it should not: here it says
    // nothing about the mistake.
    Error.captureStackTrace?.(this); // node-do-not-add-exception-line
    defineStack(this);
    TEXTS.set(this, [message, hint]);
    if (safeAt !== undefined) this.safeAt = safeAt;
    if (replica !== undefined) this.replica = replica;
    if (kid !== undefined) this.kid = kid;
  }

  /** The HTTP status for an error that reaches a client by way of a framework: Fastify's and Express's name. */
  get statusCode(): number {
    return STATUS[this.code] ?? 500;
  }

  /** The same under the name that Koa and Express look for. Koa writes it, too, when it has answered. */
  get status(): number {
    return this.statusCode;
  }

  set status(value: number) {
    Object.defineProperty(this, 'status', { value, writable: true, configurable: true });
  }

  /** Whether a client may read the message: Koa's name. */
  get expose(): boolean {
    return this.statusCode < 500;
  }

  /** Where it passes by itself: when to ask again. Fastify, Express and Koa send it along. */
  get headers(): Readonly<Record<string, string>> | undefined {
    return this.statusCode === 503 ? { 'retry-after': RETRY_AFTER } : undefined;
  }
}

/** Made when it is first read: most errors are answered and never printed, and V8 writes frames out slowly. */
function defineStack(error: KeyturnError): void {
  // Of its own: whoever reads the one of an error makes Node forget where the error was made.
  const holder: { stack?: string } = {};
  Error.captureStackTrace?.(holder, KeyturnError);
  const set = (value: unknown) =>
    Object.defineProperty(error, 'stack', { value, writable: true, configurable: true });
  const get = () => {
    const stack = stackOf(error, holder);
    set(stack);
    return stack;
  };
  Object.defineProperty(error, 'stack', { get, set, configurable: true });
}

/** Begins with what is wrong and what to do, since it is printed where nobody catches the error. */
function stackOf({ name, message, hint }: KeyturnError, holder: { readonly stack?: string }): string {
  const frames = (holder.stack ?? '').split('\n').filter((line) => /^ +at |@/.test(line));
  return [`${name}: ${message}`, `    hint: ${hint}`, ...frames].join('\n');
}

/** What an error names may have been written by anybody, and a line of its own would pass for somebody else's. */
function said(text: ErrorText, say: SayMoment): string {
  return oneLine(typeof text === 'string' ? text : text(say));
}

/** The texts of an error, with moments said in another way. */
export function textsOf(
  error: KeyturnError,
  say: SayMoment,
): { readonly message: string; readonly hint: string } {
  const [message, hint] = TEXTS.get(error) ?? [error.message, error.hint];
  return { message: said(message, say), hint: said(hint, say) };
}

function isInstance(this: unknown, value: unknown): value is KeyturnError {
  try {
    // A class derived from it has errors of its own.
    if (this !== KeyturnError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && BRAND in value;
  } catch {
    // A proxy that was revoked, or that lets nobody look: whoever asks in a catch block must hear of the error itself.
    return false;
  }
}

/** What `work` gives, or the mistake that it throws. */
export async function orKeyturnError<T>(work: () => T | Promise<T>): Promise<T | KeyturnError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  }
}
