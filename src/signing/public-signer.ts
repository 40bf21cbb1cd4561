// A signer as apps have it: signs payloads for one purpose and verifies tokens of it. `signer.ts` has the class behind it.
import { type OptionHints, type OptionNames, requireOptions } from '../config/options.js';
import type { Result } from './result.js';

/** A state that a token is tied to, as it was looked up: undefined and null are none, which matches no bound token. */
export type BindState = string | undefined | null;

/** The state that a token is tied to: what it is bound to at signing must be the same at verification. */
export type Bind<T> = string | ((payload: T) => BindState | PromiseLike<BindState>);

/** A result, or a promise of one where `bind` returns a promise. Of a `bind` that may return anything it is either. */
export type BoundResult<T, State> = 0 extends 1 & State
  ? Result<T> | Promise<Result<T>>
  : [Extract<State, PromiseLike<unknown>>] extends [never]
    ? Result<T>
    : [State] extends [PromiseLike<unknown>]
      ? Promise<Result<T>>
      : Result<T> | Promise<Result<T>>;

/** What `sign()` takes beside the payload. */
export interface SignOptions {
  /**
   * Ties the token to a state, such as the hash of a password: it ends when that changes. A state that is
   * undefined is a mistake and not "no bind": leave the option out for that.
   */
  readonly bind?: string;
  /** Shorter than the signer's own: seconds, or a text such as `"15min"`. */
  readonly maxAge?: number | string;
}

/** What `verify()` takes beside the token. */
export interface VerifyOptions<T> {
  /** The state as it is now, or a function of the (already authenticated) payload that looks it up. */
  readonly bind?: Bind<T>;
}

const SIGN_OPTIONS: OptionNames<SignOptions> = { bind: true, maxAge: true };
const VERIFY_OPTIONS: OptionNames<VerifyOptions<unknown>> = { bind: true };

/** Signs payloads of type `T` for one purpose. Synchronous; follows the ring in force. Made by `keyturn.signer()`. */
export interface Signer<T = unknown> {
  /** What its tokens are for. */
  readonly purpose: string;
  /** The lifetime of the tokens it signs, in seconds. */
  readonly maxAge: number;
  /**
   * Signs a payload: any value that JSON can carry. It can be read by whoever holds the token.
   *
   * @throws KeyturnError `argument_invalid`, `payload_not_json`, `bind_invalid`, `purpose_lifetime`, `duration_invalid`
   */
  sign(payload: T, options?: SignOptions): string;
  /**
   * Verifies a token. Whatever it is given, it does not throw: a refusal is a result with a reason. It returns
   * a promise only when `bind` does; an exception of that function is passed on.
   */
  verify(token: unknown, options?: { readonly bind?: string }): Result<T>;
  verify<State extends BindState | PromiseLike<BindState>>(
    token: unknown,
    options: { readonly bind: (payload: T) => State },
  ): BoundResult<T, State>;
  verify(token: unknown, options: VerifyOptions<T>): Result<T> | Promise<Result<T>>;
}

const VERIFY_HINTS: OptionHints = {
  maxAge: 'leave it out: every token says itself when it expires; sign() takes maxAge',
};

/** What an app may do with a signer: dates are not its to say, nor are tokens that are bound to nothing it knows. */
export function publicSigner<T>(signer: Signer<T>): Signer<T> {
  return Object.freeze({
    purpose: signer.purpose,
    maxAge: signer.maxAge,
    sign: (payload: T, options?: SignOptions) => {
      requireOptions(options, 'sign(payload, options) of a signer', SIGN_OPTIONS);
      return signer.sign(payload, options);
    },
    verify: (token: unknown, options?: VerifyOptions<T>) => {
      requireOptions(options, 'verify(token, options) of a signer', VERIFY_OPTIONS, VERIFY_HINTS);
      return options === undefined ? signer.verify(token) : signer.verify(token, options);
    },
  }) as Signer<T>;
}
