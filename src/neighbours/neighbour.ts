// What is known of a library that signs: how it is called, what becomes of its users, what cures it.

/** A call as it stands in the source of an app. */
export interface CallText {
  /** What the app calls the function. */
  readonly name: string;
  /** The arguments; the secret is taken out of the options. */
  readonly args: readonly string[];
  /** Those without the argument that has the secret. */
  readonly others: readonly string[];
  /** The argument that had the secret, without it; `{}` where nothing is left. */
  readonly options: string;
  /** What stands there of a property, if anything does. */
  readonly property: (name: string) => string | undefined;
  /** The options with a property as it is to be. @param to gets what stands there, if anything does */
  readonly with: (property: string, to: (before: string | undefined) => string) => string;
}

/** How a library is called, and where its secret stands in the call. */
export interface CallShape {
  /** What the package exports it as; `default` for the default export. */
  readonly name: string;
  /** The function is a member of that export. */
  readonly member?: string;
  /** The secret is assigned to this property of what the package makes. */
  readonly assigned?: string;
  /** Which argument has the secret: itself, or as one of these properties. */
  readonly argument?: number | 'last';
  readonly properties?: readonly string[];
  /** The property of that argument that holds the options with the secret. */
  readonly within?: string;
  /** Properties that go with the secret: the bridge says them itself. */
  readonly drops?: readonly string[];
  /** The variable that the library reads by itself where the call says nothing. */
  readonly implicit?: string;
  /** What the bridge exports that takes its place. */
  readonly imports: string;
  /** The call as it is to be. */
  readonly after: (call: CallText) => string;
  /** What is to stand once beside `kt`. */
  readonly beside?: (call: CallText) => string;
  /** Where the options say how long what is signed lives. */
  readonly lifetime?: { readonly path: readonly string[]; readonly unit: 'ms' | 's' };
  /** Where its section under `[move_in]` has to say the format. */
  readonly format?: string;
}

/** A library. */
export interface Neighbour {
  readonly package: string;
  /** The majors that this is of; default: all. */
  readonly majors?: readonly number[];
  /** Entry points that it is imported from, besides the package itself. */
  readonly entries?: readonly string[];
  /** What its users see when the secret changes, in a sentence. */
  readonly alone: string;
  /** `keyturn/bridges/<bridge>`, and `docs/bridges/<page>.md`. */
  readonly bridge: string;
  readonly page?: string;
  /** The purpose of its keys: its section under `[purposes]` and `[move_in]`. */
  readonly purpose: string;
  readonly calls: readonly CallShape[];
  /** Of one that is called by nobody: what its bridge exports for it alone. */
  readonly registeredWith?: string;
  /** How long what it signs lives where the app says nothing. */
  readonly maxAge: string;
  /** Whether it is there for much else: an app that has no such call is not told of it. */
  readonly isFramework?: true;
  /** Whether Keyturn's own sessions can take its sessions over: docs/moving-in.md. */
  readonly movesIn?: true;
}
