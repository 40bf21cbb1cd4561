// Which layer of configuration said something.

/** Where a value came from: "built-in", "the dev profile", "the program", "keyturn.toml", "KEYTURN_SESSION__IDLE". */
export type Origin =
  | { readonly layer: 'built-in' | 'profile' | 'program'; readonly name: string }
  | { readonly layer: 'file'; readonly name: string; readonly path: string }
  | { readonly layer: 'variable'; readonly name: string };
