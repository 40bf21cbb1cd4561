// The app: plugins, headers, errors and routes, built around a Keyturn.
import formbody from '@fastify/formbody';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Keyturn } from 'keyturn';
import keyturnFastify from 'keyturn/fastify';
import { explain, handleErrors } from './errors.js';
import { healthRoutes } from './routes/health.js';
import { homeRoutes } from './routes/home.js';
import { signInRoutes } from './routes/sign-in.js';
import { setSecurityHeaders } from './security-headers.js';

declare module 'keyturn/fastify' {
  interface SessionData {
    /** The name that somebody signed in with. */
    user: string;
    /** When that was, in milliseconds since 1970. */
    signedInAt: number;
  }
}

export interface LockerOptions {
  /** The password that everybody signs in with. */
  readonly password: string;
  /** Whether the sign-in form tells the password; default: no. */
  readonly showPassword?: boolean;
}

/** Builds the app. The caller lets it listen, and closes first it and then the Keyturn. */
export function buildLocker(keyturn: Keyturn, options: LockerOptions): FastifyInstance {
  const app = Fastify({
    // An address that cannot be read comes to no route, and to no hook either.
    frameworkErrors: (_error, request, reply) => explain(request, setSecurityHeaders(reply), 400),
  });
  app.addHook('onRequest', async (_request, reply) => void setSecurityHeaders(reply));
  handleErrors(app);
  app.register(formbody);
  app.register(keyturnFastify, { keyturn });
  app.register(homeRoutes, options);
  app.register(signInRoutes, options);
  app.register(healthRoutes);
  return app;
}
