// The libraries that Keyturn knows: what becomes of their users when the secret changes, and what cures it. The words on
// each follow what test/bridges sees of the real ones.

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
  /** The variable that the library reads by itself where the call says nothing. */
  readonly implicit?: string;
  /** What the bridge exports that takes its place. */
  readonly imports: string;
  /** The call as it is to be. */
  readonly after: (call: CallText) => string;
  /** What is to stand once beside `kt`. */
  readonly beside?: (call: CallText) => string;
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
  /** How long what it signs lives where the app says nothing. */
  readonly maxAge: string;
  /** Whether Keyturn's own sessions can take its sessions over: docs/moving-in.md. */
  readonly movesIn?: true;
}

const first = (text: string) => (before: string | undefined) =>
  before === undefined ? `[${text}]` : before.replace(/^\[\s*/, `[${text}, `).replace(/, \]$/, ']');

const SEALED = 'everybody is signed out when the old password goes: what it has sealed is never sealed again';
const TOKENS =
  'whoever holds a token of the old secret is refused when it goes; tokens do not say which key has signed them';

const AUTHJS = {
  alone: 'already a second secret loses every form that is open, and every link that was mailed',
  bridge: 'authjs',
  purpose: 'authjs',
  maxAge: '30d',
};

/** A token's key, by its `kid`. */
const JWT = { purpose: 'api-token', maxAge: '1h' };
const jwtCall = { format: 'jwt' };

export const NEIGHBOURS: readonly Neighbour[] = [
  {
    package: 'express-session',
    alone: 'everybody is signed out when the old secret goes: it never signs again what it has only read',
    bridge: 'express-session',
    purpose: 'express-session',
    calls: [
      {
        name: 'default',
        argument: 0,
        properties: ['secret'],
        imports: 'expressSession',
        after: ({ name, options }) => `expressSession(kt, ${name}, ${options})`,
      },
    ],
    maxAge: '1d',
    movesIn: true,
  },
  {
    package: 'cookie-parser',
    alone: 'signed cookies of the old secret are refused when it goes: it never signs them again',
    bridge: 'cookie-parser',
    purpose: 'cookie-parser',
    calls: [
      {
        name: 'default',
        argument: 0,
        imports: 'liveCookieParser',
        after: ({ name }) => `liveCookieParser(kt, ${name}, { maxAge: '30d' })`,
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
    calls: [
      {
        name: 'default',
        argument: 0,
        properties: ['keys', 'secret'],
        imports: 'liveCookieSession',
        after: ({ name, options }) => `liveCookieSession(kt, ${name}, ${options})`,
      },
    ],
    maxAge: '1d',
    movesIn: true,
  },
  {
    package: 'koa',
    alone:
      "it signs again without the cookie's end and SameSite, so who closes the browser is signed out, and a replica that is late signs backwards",
    bridge: 'keygrip',
    purpose: 'keygrip',
    calls: [
      {
        name: 'default',
        assigned: 'keys',
        imports: 'liveKeygrip',
        format: 'koa',
        after: ({ name }) => `${name}.keys = liveKeygrip(kt, { maxAge: '1d' })`,
      },
    ],
    maxAge: '1d',
    movesIn: true,
  },
  {
    package: 'better-auth',
    alone: 'everybody is signed out at once: it verifies with one secret',
    bridge: 'better-auth',
    purpose: 'better-auth',
    calls: [
      {
        name: 'betterAuth',
        argument: 0,
        properties: [],
        implicit: 'BETTER_AUTH_SECRET',
        imports: 'betterAuthKeys',
        after: (call) => `${call.name}(${call.with('plugins', first('betterAuthKeys(kt)'))})`,
      },
    ],
    maxAge: '7d',
  },
  {
    package: 'next-auth',
    majors: [4],
    alone: 'everybody whose session is in the cookie is signed out at once, and every open form is lost',
    bridge: 'next-auth',
    purpose: 'next-auth',
    calls: [
      {
        name: 'default',
        argument: 'last',
        properties: ['secret'],
        implicit: 'NEXTAUTH_SECRET',
        imports: 'nextAuthKeys',
        beside: ({ options }) => `export const authOptions = nextAuthKeys(kt, ${options});`,
        after: ({ name }) => `async (req, res) => ${name}(req, res, await authOptions(req, res))`,
      },
    ],
    maxAge: '30d',
  },
  {
    package: 'next-auth',
    majors: [5],
    ...AUTHJS,
    calls: [
      {
        name: 'default',
        argument: 0,
        properties: ['secret'],
        implicit: 'AUTH_SECRET',
        imports: 'authjsKeys',
        beside: ({ options }) => `const withKeys = authjsKeys(kt, ${options});`,
        after: ({ name }) => `${name}(withKeys)`,
      },
    ],
  },
  {
    package: '@auth/core',
    ...AUTHJS,
    calls: [
      {
        name: 'Auth',
        argument: 1,
        properties: ['secret'],
        implicit: 'AUTH_SECRET',
        imports: 'authjsKeys',
        beside: ({ options }) => `const withKeys = authjsKeys(kt, ${options});`,
        after: ({ name, args: [request = 'request'] }) =>
          `withKeys.renew(${request}, await ${name}(${request}, await withKeys(${request})))`,
      },
    ],
  },
  {
    package: 'iron-session',
    alone: SEALED,
    bridge: 'iron-session',
    purpose: 'iron-session',
    calls: [
      {
        name: 'getIronSession',
        argument: 'last',
        properties: ['password'],
        imports: 'ironSession',
        beside: ({ name, options }) => `const sessions = ironSession(kt, ${name}, ${options});`,
        after: ({ others }) => `sessions.get(${others.join(', ')})`,
      },
    ],
    maxAge: '14d',
  },
  {
    package: 'h3',
    alone: SEALED,
    bridge: 'h3',
    purpose: 'h3',
    calls: (['useSession', 'getSession'] as const).map((name) => ({
      name,
      argument: 'last',
      properties: ['password'],
      imports: 'h3Sessions',
      beside: ({ options }) =>
        `const sessions = h3Sessions(kt, { getSession, updateSession, useSession }, ${options});`,
      after: ({ others }) => `sessions.${name.slice(0, 3)}(${others.join(', ')})`,
    })),
    maxAge: '14d',
  },
  {
    package: 'jose',
    alone: TOKENS,
    bridge: 'jose',
    ...JWT,
    calls: [
      {
        name: 'jwtVerify',
        argument: 1,
        ...jwtCall,
        imports: 'joseKeys',
        beside: () => "const keys = joseKeys(kt, { maxAge: '1h' });",
        after: ({ name, args }) => `${name}(${args[0]}, keys.verifying, { algorithms: ['HS256'] })`,
      },
    ],
  },
  {
    package: 'jsonwebtoken',
    alone: TOKENS,
    bridge: 'jsonwebtoken',
    ...JWT,
    calls: [
      {
        name: 'default',
        member: 'sign',
        argument: 1,
        ...jwtCall,
        imports: 'jsonwebtokenKeys',
        beside: () => "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
        after: ({ name, args }) =>
          `const { key, options } = keys.signing();\n${name}(${args[0]}, key, ${args[2] === undefined ? 'options' : `{ ...${args[2]}, ...options }`})`,
      },
      {
        name: 'default',
        member: 'verify',
        argument: 1,
        ...jwtCall,
        imports: 'jsonwebtokenKeys',
        beside: () => "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
        after: ({ name, args }) => `${name}(${args[0]}, keys.of(${args[0]}), { algorithms: ['HS256'] })`,
      },
    ],
  },
  {
    package: 'passport-jwt',
    alone: TOKENS,
    bridge: 'jsonwebtoken',
    ...JWT,
    calls: [
      {
        name: 'Strategy',
        argument: 0,
        properties: ['secretOrKey'],
        ...jwtCall,
        imports: 'jsonwebtokenKeys',
        beside: () => "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
        after: (call) =>
          `${call.name}(${[call.with('secretOrKeyProvider', () => 'keys.passport'), ...call.others].join(', ')})`,
      },
    ],
  },
  {
    package: 'express-jwt',
    alone: TOKENS,
    bridge: 'jsonwebtoken',
    ...JWT,
    calls: [
      {
        name: 'expressjwt',
        argument: 0,
        properties: ['secret'],
        ...jwtCall,
        imports: 'jsonwebtokenKeys',
        beside: () => "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
        after: (call) => `${call.name}(${call.with('secret', () => 'keys.express')})`,
      },
    ],
  },
  {
    package: 'fast-jwt',
    alone: `${TOKENS}; its cache accepts a retired key for ten minutes`,
    bridge: 'fast-jwt',
    ...JWT,
    calls: (['createSigner', 'createVerifier'] as const).map((name) => ({
      name,
      argument: 0,
      properties: ['key'],
      ...jwtCall,
      imports: 'fastJwt',
      beside: () =>
        "const { sign, verify } = fastJwt(kt, { createSigner, createVerifier }, { maxAge: '1h' });",
      after: () => (name === 'createSigner' ? 'sign' : 'verify'),
    })),
  },
  // What follows is registered with an app of Fastify, and called by nobody.
  {
    package: '@fastify/cookie',
    alone:
      'a replica that is late signs backwards what is renewed, and what nobody renews is lost when the old secret goes',
    bridge: 'fastify',
    purpose: 'fastify-cookie',
    calls: [],
    maxAge: '30d',
  },
  {
    package: '@fastify/session',
    alone: 'everybody is signed out as soon as another secret signs: it takes its own cookie for another one',
    bridge: 'fastify',
    purpose: 'fastify-session',
    calls: [],
    maxAge: '1d',
    movesIn: true,
  },
  {
    package: '@fastify/secure-session',
    alone:
      'a replica that is late encrypts sessions backwards, and those are lost where the old key is gone already',
    bridge: 'fastify',
    purpose: 'fastify-secure-session',
    calls: [],
    maxAge: '86401s',
  },
];
