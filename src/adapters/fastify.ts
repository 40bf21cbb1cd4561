// The Fastify plugin: request.session, request.flash, reply.csrfToken(), and CSRF protection of every unsafe
// method. A thin binding over adapters/http.ts.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { createKeyturn, type Keyturn, type KeyturnOptions } from '../keyturn.js';
import type { Flash } from '../purposes/flash.js';
import type { Session } from '../purposes/session/session.js';
import { type HttpChanges, HttpCore, type HttpOptions, type HttpRequest, type Visit } from './http.js';

export type { Flash, FlashMessages } from '../purposes/flash.js';
export type { Session, SessionControls, SessionData, SessionValues } from '../purposes/session/session.js';
export { type BlobRoutesOptions, blobRoutes } from './fastify-blobs.js';
export type { HttpOptions } from './http.js';

export interface KeyturnFastifyOptions extends HttpOptions {
  /** What `createKeyturn()` returned; without it the plugin makes one, and refuses to start as that does. */
  readonly keyturn?: Keyturn;
}

declare module 'fastify' {
  interface FastifyInstance {
    keyturn: Keyturn;
  }
  interface FastifyRequest {
    readonly session: Session;
    readonly flash: Flash;
    /** Refuses a forged request: for routes that turned the automatic check off to find the token themselves. */
    checkCsrf(token: unknown): void;
  }
  interface FastifyReply {
    readonly flash: Flash;
    /** A CSRF token for the page that is being made: the value of a form field `_csrf` or header `x-csrf-token`. */
    csrfToken(): string;
  }
  interface FastifyContextConfig {
    /** False turns the automatic CSRF check off: for routes that no browser's cookie gives access to. */
    csrf?: boolean;
  }
}

const VISIT = Symbol('keyturn.visit');

type Visited = FastifyRequest & { [VISIT]: Visit | null };

const plugin: FastifyPluginAsync<KeyturnFastifyOptions> = async (app, options) => {
  const keyturn = options.keyturn ?? (await createKeyturn(logsOf(app)));
  if (options.keyturn === undefined) app.addHook('onClose', () => keyturn.close());
  const core = new HttpCore(keyturn, options);
  const visit = (request: FastifyRequest): Visit => {
    const visited = request as Visited;
    visited[VISIT] ??= core.visit(new Described(request));
    return visited[VISIT];
  };
  app.decorate('keyturn', keyturn);
  app.decorateRequest(VISIT, null);
  app.decorateRequest('session', {
    getter: function (this: FastifyRequest) {
      return visit(this).session;
    },
  });
  app.decorateRequest('flash', {
    getter: function (this: FastifyRequest) {
      return visit(this).flash;
    },
  });
  app.decorateRequest('checkCsrf', function (this: FastifyRequest, token: unknown) {
    visit(this).checkCsrf(token);
  });
  app.decorateReply('flash', {
    getter: function (this: FastifyReply) {
      return visit(this.request).flash;
    },
  });
  app.decorateReply('csrfToken', function (this: FastifyReply) {
    return visit(this.request).csrfToken();
  });
  addHooks(app, core, visit);
};

function addHooks(app: FastifyInstance, core: HttpCore, visit: (request: FastifyRequest) => Visit): void {
  if (core.mayWait) {
    app.addHook('onRequest', (request, _reply, done) => {
      const waiting = core.before(request.headers.cookie, () => visit(request));
      if (waiting === undefined) done();
      else waiting.then(() => done(), done);
    });
  }
  // After the body has been read, since that is where a form's token is.
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method === 'GET' || request.method === 'HEAD') return done();
    if (request.is404 || request.routeOptions.config.csrf === false) return done();
    try {
      visit(request).checkCsrf(request.headers['x-csrf-token'] ?? formToken(request.body));
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const unseen = (request as Visited)[VISIT] === null;
    if (unseen && !core.opensUnseen(request.headers.cookie)) return done(null, payload);
    const current = visit(request);
    try {
      const cacheControl = reply.getHeader('cache-control');
      const changes = current.finish(cacheControl === undefined ? undefined : String(cacheControl));
      if (changes instanceof Promise) {
        // What Fastify throws on going on is caught too: it must not end the process.
        changes
          .then((settled) => {
            apply(settled, reply);
            done(null, payload);
          })
          .catch(done);
      } else {
        apply(changes, reply);
        done(null, payload);
      }
    } catch (error) {
      done(error as Error);
    }
  });
}

/** The app's logger, unless it is switched off: its methods are then all the same one that does nothing. */
function logsOf({ log }: FastifyInstance): KeyturnOptions {
  return log.info === log.error ? {} : { logger: log };
}

/** What a request says, read when it is asked for. A class: an object literal with getters has a shape of its own. */
class Described implements HttpRequest {
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  get cookie(): string | undefined {
    return this.#request.headers.cookie;
  }

  get origin(): string | undefined {
    return this.#request.headers.origin;
  }

  get fetchSite(): string | undefined {
    const header = this.#request.headers['sec-fetch-site'];
    return Array.isArray(header) ? header[0] : header;
  }

  // Fastify's own views of these follow its trustProxy option.
  get host(): string | undefined {
    return this.#request.host;
  }

  get https(): boolean {
    return this.#request.protocol === 'https';
  }
}

function apply(changes: HttpChanges | undefined, reply: FastifyReply): void {
  if (changes === undefined) return;
  for (const cookie of changes.cookies) reply.header('set-cookie', cookie);
  if (changes.cacheControl !== undefined) reply.header('cache-control', changes.cacheControl);
}

/** The field `_csrf` of a parsed form: a text, or @fastify/multipart's part that holds one. */
function formToken(body: unknown): unknown {
  const field = (body as { _csrf?: unknown } | null | undefined)?._csrf;
  return typeof field === 'object' && field !== null ? (field as { value?: unknown }).value : field;
}

// What fastify-plugin would do: decorations reach the whole app, not only this plugin.
const keyturnFastify: FastifyPluginAsync<KeyturnFastifyOptions> = Object.assign(plugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'keyturn',
  [Symbol.for('plugin-meta')]: { name: 'keyturn', fastify: '5.x' },
});

export default keyturnFastify;
