// The app: plugins, headers, errors and routes, built around a Keyturn.
import { randomUUID } from 'node:crypto';
import formbody from '@fastify/formbody';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Keyturn } from 'keyturn';
import { fastifyConsole } from 'keyturn/console';
import keyturnFastify, { blobRoutes } from 'keyturn/fastify';
import type { Accounts } from './accounts.js';
import { sessionsAtRest } from './at-rest.js';
import { explain, handleErrors } from './errors.js';
import type { Files } from './files.js';
import { type CheckPassword, limitGuesses } from './guesses.js';
import { asOperator, type Operators } from './operators.js';
import { apiRoutes } from './routes/api.js';
import { deviceRoutes } from './routes/devices.js';
import { fileRoutes } from './routes/files.js';
import { healthRoutes } from './routes/health.js';
import { homeRoutes } from './routes/home.js';
import { passwordResetRoutes } from './routes/password-reset.js';
import { shareRoutes } from './routes/share.js';
import { signInRoutes } from './routes/sign-in.js';
import { setSecurityHeaders } from './security-headers.js';
import { createTokens, type Tokens } from './tokens.js';

declare module 'keyturn' {
  interface SessionData {
    /** The name that somebody signed in with. */
    user: string;
    /** When that was, in milliseconds since 1970. */
    signedInAt: number;
    /** When the password was chosen that was given then. */
    passwordAt: number;
    /** What the browser said of itself then. */
    device: string;
  }
}

export interface LockerOptions {
  readonly accounts: Accounts;
  readonly files: Files;
  /** The largest file, in bytes. */
  readonly maxFileSize: number;
  /** How long shared links may work, as `1h` and `7d`. */
  readonly shareFor: readonly string[];
  /** What stands in front of the paths of links that people copy; default: as the request says. */
  readonly origin?: string | undefined;
  /** A password that the sign-in form tells; default: none. */
  readonly knownPassword?: string | undefined;
  /** Who may see the console at /keyturn, and act there; default: nobody. */
  readonly operators?: Operators;
  /** The proxies whose word is taken for where a request comes from; default: none. */
  readonly trustedProxies?: readonly string[];
}

/** What routes get. */
export interface LockerParts extends LockerOptions {
  readonly tokens: Tokens;
}

/** What routes get that take passwords. */
export interface SignInParts extends LockerParts {
  readonly checkPassword: CheckPassword;
}

/** Enough for a large file over a slow line. Without a limit whoever sends slowly keeps a connection for ever. */
const REQUEST_TIMEOUT_MS = 15 * 60_000;
/** Names of files and tokens stand in addresses. */
const LONGEST_PARAMETER = 2048;
/** Forms have a few short fields, in bytes. Files are streams, and counted where they are stored. */
const LARGEST_FORM = 16 * 1024;

/** Builds the app. The caller lets it listen, and closes first it and then the Keyturn. */
export function buildLocker(keyturn: Keyturn, options: LockerOptions): FastifyInstance {
  const app = Fastify({
    requestTimeout: REQUEST_TIMEOUT_MS,
    bodyLimit: LARGEST_FORM,
    // Nobody else may say where a request comes from: guesses are counted by it.
    trustProxy: [...(options.trustedProxies ?? [])],
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    // An address that cannot be read comes to no route, and to no hook either.
    frameworkErrors: (_error, request, reply) => explain(request, setSecurityHeaders(reply), 400),
  });
  const parts: LockerParts = { ...options, tokens: createTokens(keyturn, options.shareFor) };
  const { accounts, files } = parts;
  const store = sessionsAtRest(keyturn);
  app.addHook('onRequest', async (_request, reply) => void setSecurityHeaders(reply));
  handleErrors(app);
  app.register(formbody);
  app.register(multipart);
  app.register(rateLimit, { global: false });
  app.register(keyturnFastify, {
    keyturn,
    ...(store && { store }),
    // A new password ends the sessions from before. A replica that has not heard of it yet lets them be. An epoch that
    // never comes again ends one as well that is saved just after, by a sign-in that was checked against the old password.
    epoch: async ({ user, passwordAt = 0 }) => {
      if (user === undefined) return undefined;
      await accounts.look();
      return accounts.isCurrent(user, passwordAt) ? undefined : randomUUID();
    },
    user: ({ user }) => user,
    label: ({ device }) => device,
  });
  const { operators } = options;
  if (operators !== undefined)
    app.register(fastifyConsole, { steps: true, guard: ({ session }) => asOperator(operators, session) });
  app.register(blobRoutes, { store: files.blobs, bind: (request) => request.session.user });
  app.register(homeRoutes, parts);
  app.register(deviceRoutes);
  app.register(passwordResetRoutes, parts);
  app.register(fileRoutes, parts);
  app.register(shareRoutes, parts);
  app.register(async (app) => {
    const signIn: SignInParts = { ...parts, checkPassword: limitGuesses(app, accounts) };
    app.register(signInRoutes, signIn);
    app.register(apiRoutes, signIn);
  });
  app.register(healthRoutes);
  return app;
}
