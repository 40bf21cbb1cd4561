// The Fastify plugin: request.session, request.flash, reply.csrfToken(), and CSRF protection of every unsafe method.
// A binding of `http/visit.ts`, and no more.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { OptionNames } from '../../config/options.js';
import { HTTP_OPTIONS, type HttpCore, type HttpOptions } from '../../http/core.js';
import type { Flash } from '../../http/flash.js';
import { isSafeMethod } from '../../http/methods.js';
import { onHeaders } from '../../http/node-response.js';
import { openCore } from '../../http/open-core.js';
import { refuseToListen } from '../../http/refuse-to-listen.js';
import { sessionReplaced } from '../../http/session-replaced.js';
import { Visit } from '../../http/visit.js';
import { internalsOf, type Keyturn } from '../../keyturn.js';
import type { Session } from '../../sessions/session.js';
import { type AdapterCall, keyturnForAdapter } from '../../start/for-adapter.js';
import { KEYTURN_OPTIONS, type KeyturnOptions } from '../../start/options.js';
import { keepFlash } from './flash-beside.js';
import { warnOfLongTokens } from './long-tokens.js';
import { FastifyHeaders, FastifyHttpRequest, HAS_SESSION, logsOf } from './request.js';

export type { HttpOptions } from '../../http/core.js';
export type { Flash, FlashMessages } from '../../http/flash.js';
export type { SessionHooks } from '../../sessions/kind.js';
export type {
  Session,
  SessionControls,
  SessionData,
  SessionName,
  SessionValues,
} from '../../sessions/session.js';
export { type BlobRoutesOptions, blobRoutes } from './blobs.js';

/** What `createKeyturn()` takes, for the one that the plugin makes; or one that was made before. */
export interface KeyturnFastifyOptions extends HttpOptions, KeyturnOptions {
  /** What `createKeyturn()` returned; without it the plugin makes one, and refuses to start as that does. */
  readonly keyturn?: Keyturn;
}

const OPTIONS: OptionNames<KeyturnFastifyOptions> = {
  ...HTTP_OPTIONS,
  ...KEYTURN_OPTIONS,
  keyturn: true,
};

const CALL: AdapterCall = {
  call: 'register(keyturn, options)',
  // The last three Fastify itself passes on to a plugin.
  known: { ...OPTIONS, prefix: true, logLevel: true, logSerializers: true },
  hints: async () => (await import('../../config/foreign-options.js')).FASTIFY_HINTS,
};

declare module 'fastify' {
  interface FastifyInstance {
    /** The Keyturn of the app: signers, links, the keyring in force, health. */
    keyturn: Keyturn;
  }
  interface FastifyRequest {
    /** The session of the visitor: data in its properties, and `regenerate()`, `destroy()`, `update()`. */
    readonly session: Session;
    /** Messages for the next page: `flash('info', 'Saved')` leaves one, `flash('info')` takes those of a type. */
    readonly flash: Flash;
    /** Refuses a forged request: for routes that turned the automatic check off to find the token themselves. */
    checkCsrf(token: unknown): void;
  }
  interface FastifyReply {
    /** The same as `request.flash`, for views that have the reply at hand. */
    readonly flash: Flash;
    /** A CSRF token for the page that is being made: the value of a form field `_csrf` or header `x-csrf-token`. */
    csrfToken(): string;
  }
  interface FastifyContextConfig {
    /** False turns the automatic CSRF check off: for routes that no browser's cookie gives access to. */
    csrf?: boolean;
    /** False where GET and HEAD are served without a session, as files are: no store is asked for it. */
    session?: boolean;
  }
}

const VISIT = Symbol('keyturn.visit');
const REPLY = Symbol('keyturn.reply');

type Visited = FastifyRequest & {
  [VISIT]: Visit | null;
  [REPLY]: FastifyReply | null;
  [HAS_SESSION]: boolean;
};

const plugin: FastifyPluginAsync<KeyturnFastifyOptions> = async (app, options) => {
  const { keyturn, isOwn } = await keyturnForAdapter(options, CALL, logsOf(app));
  if (isOwn) app.addHook('onClose', () => keyturn.close());
  const { build } = internalsOf(keyturn);
  if (build !== undefined) refuseToListen(app.server, build);
  const core = await openCore(keyturn, options);
  const notFound = { looked: false };
  const visit = (request: FastifyRequest): Visit => {
    const visited = request as Visited;
    const reply = visited[REPLY];
    if (visited[VISIT] === null) {
      visited[VISIT] = new Visit(core, new FastifyHttpRequest(request));
      if (reply !== null) endWhenOut(reply, visited[VISIT]);
    }
    // Out already, or left to the app by hijack(), as it is for every WebSocket.
    if (reply?.sent === true) visited[VISIT].end();
    return visited[VISIT];
  };
  app.decorate('keyturn', keyturn);
  app.decorateRequest(VISIT, null);
  app.decorateRequest(REPLY, null);
  app.decorateRequest(HAS_SESSION, !core.waits);
  app.decorateRequest('session', {
    getter: function (this: FastifyRequest) {
      const { session } = visit(this);
      // As a hook for all routes does. From the next request on it is read before that runs.
      if (this.is404) notFound.looked = true;
      return session;
    },
    setter: (value: unknown) => {
      throw sessionReplaced('request.session', value);
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
  keepFlash(app);
  warnOfLongTokens(app, internalsOf(keyturn).logger);
  if (core.waits)
    app.addHook('onRequest', (request, _reply, done) => {
      if (request.is404) (request as Visited)[HAS_SESSION] = notFound.looked;
      done();
    });
  addHooks(app, core, visit);
};

function addHooks(app: FastifyInstance, core: HttpCore, visit: (request: FastifyRequest) => Visit): void {
  if (core.everWaits) {
    app.addHook('onRequest', (request, _reply, done) => {
      const concerned = core.mayWait(new FastifyHttpRequest(request));
      const waiting = concerned ? visit(request).before() : undefined;
      if (waiting === undefined) done();
      else waiting.then(() => done(), done);
    });
  }
  // After the body has been read, since that is where a form's token is.
  app.addHook('preValidation', (request, reply, done) => {
    knowReply(request as Visited, reply);
    // Of a WebSocket no response is ever done, but its connection is.
    if ((request.raw as { upgrade?: boolean }).upgrade)
      request.raw.socket.once('close', () => (request as Visited)[VISIT]?.end());
    // First, so that no visit is made for what needs no protection.
    if (isSafeMethod(request.method)) return done();
    if (request.is404 || request.routeOptions.config.csrf === false) return done();
    try {
      visit(request).protect(request.body);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const unseen = (request as Visited)[VISIT] === null;
    if (unseen && !core.mayNeedVisit(new FastifyHttpRequest(request))) return done(null, payload);
    knowReply(request as Visited, reply);
    const current = visit(request);
    // What was sent first is on its way: nothing may overtake it.
    if (current.saving) return;
    try {
      onHeaders(reply.raw, (headers) => current.guard(headers));
      const saving = current.finish(new FastifyHeaders(reply));
      if (saving === undefined) return done(null, payload);
      const release = holdBack(reply);
      // What Fastify throws on going on is caught too: it must not end the process.
      saving
        .finally(release)
        .then(() => done(null, payload))
        .catch(done);
    } catch (error) {
      done(error as Error);
    }
  });
}

/** From here on it is seen whether the response is out. Hooks that come before any of ours look at the session earlier. */
function knowReply(request: Visited, reply: FastifyReply): void {
  if (request[REPLY] !== null) return;
  request[REPLY] = reply;
  if (request[VISIT] !== null) endWhenOut(reply, request[VISIT]);
}

/**
 * No hook for `onResponse`: where there is one Fastify watches each response, which costs a tenth of a small request. Where the
 * client has gone before there was an answer nobody has come too late for anything.
 */
function endWhenOut({ raw }: FastifyReply, visit: Visit): void {
  raw.on('close', () => {
    if (raw.headersSent) visit.end();
  });
}

/**
 * Until the session is saved the reply counts as sent, as it would without waiting: an async handler that calls
 * `reply.send()` and returns nothing would else be taken for one that answers with nothing, and an error that it
 * throws afterwards would take the place of the answer.
 */
function holdBack(reply: FastifyReply): () => void {
  const { statusCode } = reply;
  Object.defineProperty(reply, 'sent', { value: true, configurable: true });
  return () => {
    delete (reply as { sent?: boolean }).sent;
    // That of the answer which is held, and not of one that came too late.
    reply.raw.statusCode = statusCode;
  };
}

/**
 * Sessions, flash messages and CSRF protection for Fastify. Register it before the hooks and routes that use them, and
 * what parses forms (`@fastify/formbody`, `@fastify/multipart`) anywhere.
 *
 * @throws KeyturnError where the app must not start: `argument_invalid`, `store_invalid`, and all that `createKeyturn()`
 * throws
 * @example
 * const app = Fastify();
 * await app.register(keyturn); // request.session, request.flash, reply.csrfToken()
 * app.post('/sign-in', async (request, reply) => {
 *   request.session.regenerate();
 *   request.session.userId = 42;
 *   return reply.redirect('/', 303);
 * });
 */
const keyturnFastify: FastifyPluginAsync<KeyturnFastifyOptions> = Object.assign(plugin, {
  // What fastify-plugin would do: decorations reach the whole app, not only this plugin.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'keyturn',
  [Symbol.for('plugin-meta')]: { name: 'keyturn', fastify: '5.x' },
});

export default keyturnFastify;
