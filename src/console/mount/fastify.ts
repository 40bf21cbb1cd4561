// For Fastify.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import type { Session } from '../../sessions/session.js';
import { type ConsoleOptions, Mount } from './mount.js';
import { nodeParts } from './node.js';

/** A request of Fastify, as `keyturn/fastify` has made it. A guard may say what else its app has put there. */
export interface ConsoleFastifyRequest {
  /** The session of the visitor. */
  readonly session: Session;
  /** Node's own request. */
  readonly raw: IncomingMessage;
  /** The header fields. */
  readonly headers: IncomingMessage['headers'];
  /** Where the request comes from. */
  readonly ip: string;
}

/** What `register()` takes beside the plugin. */
export interface FastifyConsoleOptions extends ConsoleOptions<[request: ConsoleFastifyRequest]> {
  /** The path of the console. Default: `/keyturn`. */
  readonly prefix?: string;
}

/** As much of Fastify as the plugin asks for. */
interface App {
  readonly keyturn?: Keyturn;
  // biome-ignore lint/suspicious/noExplicitAny: each hook has a shape of its own
  addHook(name: any, hook: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as Fastify declares it
  route(options: any): unknown;
}

type Request = ConsoleFastifyRequest & {
  readonly originalUrl: string;
  readonly params: { readonly '*'?: string };
  checkCsrf(token: unknown): void;
};

interface Reply {
  readonly raw: ServerResponse;
  csrfToken(): string;
  code(status: number): Reply;
  headers(fields: Readonly<Record<string, string>>): Reply;
  send(body: unknown): Reply;
  callNotFound(): Reply;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * The console for Fastify: register it after `keyturn`. To whoever may not see it the app answers as to any other address
 * that is nothing.
 *
 * @throws KeyturnError `argument_invalid` without a guard
 * @example
 * await app.register(keyturn);
 * await app.register(fastifyConsole, { guard: ({ session }) => session.admin && { who: session.user } }); // at /keyturn
 */
export const fastifyConsole: (app: object, options: FastifyConsoleOptions) => Promise<void> = async (
  given,
  options,
) => {
  const { prefix, ...own } = options ?? {};
  const example = '({ session }) => session.admin && { who: session.user }';
  const mount = new Mount({ call: 'register(fastifyConsole, options)', example, base: '' }, own);
  const app = given as App;
  const { keyturn } = app;
  if (keyturn === undefined)
    throw new KeyturnError(
      'argument_invalid',
      'the console is registered before keyturn',
      'write await app.register(keyturn) first, with what keyturn/fastify exports',
    );
  // Before anything of a body is read: strangers are answered as if there were nothing here, whatever they send.
  app.addHook('onRequest', (request: Request, reply: Reply, done: (error: unknown) => void) => {
    const parts = nodeParts(request.raw, reply.raw, undefined);
    const answered = mount.answer(`/${request.params['*'] ?? ''}`, {
      keyturn,
      given: [request],
      ...parts,
      originalUrl: request.originalUrl,
      csrfToken: () => reply.csrfToken(),
      checkCsrf: (token) => request.checkCsrf(token),
    });
    answered
      .then((answer) => {
        if (answer === undefined) return void reply.callNotFound();
        const { status, headers, body } = answer;
        const isText = typeof body === 'string' || parts.method === 'HEAD';
        reply
          .code(status)
          .headers(headers)
          .send(isText ? body : Readable.from(body));
      })
      .catch(done);
  });
  // The hook has answered.
  const handler = (_request: Request, reply: Reply) => reply.callNotFound();
  const below = prefix === undefined ? '/keyturn' : '';
  for (const url of [`${below}/`, `${below}/*`, ...(below === '' ? [] : [below])])
    app.route({ method: METHODS, url, config: { csrf: false }, handler });
  // The server waits for what is open.
  app.addHook('preClose', () => mount.close(keyturn));
};
