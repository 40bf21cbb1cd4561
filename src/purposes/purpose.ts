// What is known of one purpose.
export interface Purpose {
  readonly name: string;
  /** The longest that one of its tokens may live, in seconds. */
  readonly maxAge: number;
  /** What configuration says that is signed; `wordsOf` in words.ts has more. */
  readonly about?: string | undefined;
  /** Where configuration says that what the token stands for is kept. */
  readonly state?: string | undefined;
  /** Whether its tokens are encrypted: made by a sealer, and not by a signer. */
  readonly sealed: boolean;
  /** Keyturn's own: not to be had from `keyturn.signer()`. */
  readonly reserved: boolean;
  /** Undeclared: made up by `keyturn.signer()` in development. */
  readonly declared: boolean;
}
