// The libraries that Keyturn knows: what becomes of their users when the secret changes, and what cures it.

/** How a library is called, and where its secret stands in the call. */
export interface CallShape {
  /** What the package exports it as; `default` for the default export. */
  readonly name: string;
  /** Which argument has the secret: itself, or as one of these properties. */
  readonly argument: number;
  readonly properties?: readonly string[];
  /**
   * The call as it is to be.
   *
   * @param name what the app calls the function
   * @param args the arguments as they stand there, the secret taken out
   */
  readonly after: (name: string, args: readonly string[]) => string;
}

/** A library. */
export interface Neighbour {
  readonly package: string;
  /** Entry points that it is imported from, besides the package itself. */
  readonly entries?: readonly string[];
  /** What its users see when the secret changes, in a sentence. */
  readonly alone: string;
  /** `keyturn/bridges/<bridge>`, and `docs/bridges/<bridge>.md`. */
  readonly bridge: string;
  /** The purpose of its keys: its section under `[purposes]` and `[move_in]`. */
  readonly purpose: string;
  /** What the bridge exports that the call uses. */
  readonly imports: string;
  readonly calls: readonly CallShape[];
  /** How long what it signs lives where the app says nothing. */
  readonly maxAge: string;
  /** Whether Keyturn's own sessions can take its sessions over: docs/moving-in.md. */
  readonly movesIn?: true;
}

export const NEIGHBOURS: readonly Neighbour[] = [
  {
    package: 'express-session',
    alone:
      'everybody is signed out when the old secret is taken out of the list: it never signs again what it has only read',
    bridge: 'express-session',
    purpose: 'express-session',
    imports: 'expressSession',
    calls: [
      {
        name: 'default',
        argument: 0,
        properties: ['secret'],
        after: (name, [options = '{}']) => `expressSession(kt, ${name}, ${options})`,
      },
    ],
    maxAge: '1d',
    movesIn: true,
  },
  {
    package: 'cookie-parser',
    alone:
      'its signed cookies are lost when the old secret is taken out of the list: it never signs again what it has only read',
    bridge: 'cookie-parser',
    purpose: 'cookie-parser',
    imports: 'liveCookieParser',
    calls: [
      {
        name: 'default',
        argument: 0,
        after: (name, [options]) =>
          `liveCookieParser(kt, ${name}${options === undefined ? '' : `, { options: ${options} }`})`,
      },
    ],
    maxAge: '30d',
  },
  {
    package: 'cookie-session',
    alone:
      "it signs again without the cookie's end and SameSite, so who closes the browser is signed out, and a replica that is late signs backwards",
    bridge: 'keygrip',
    purpose: 'cookie-session',
    imports: 'liveCookieSession',
    calls: [
      {
        name: 'default',
        argument: 0,
        properties: ['keys', 'secret'],
        after: (name, [options = '{}']) => `liveCookieSession(kt, ${name}, ${options})`,
      },
    ],
    maxAge: '1d',
    movesIn: true,
  },
];
