// The Fastify plugin that serves a blob store: raw streams in and out, nothing is held in memory.

import { finished } from 'node:stream';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { BlobStore } from '../../blobs/index.js';
import { type OptionNames, requireFunction, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';

/** What the plugin `blobRoutes` takes. */
export interface BlobRoutesOptions {
  /** What `createBlobStore()` returned. */
  readonly store: BlobStore;
  /** Whom bound links must be bound to, as in `(request) => request.session.userId`. Asked only for those. */
  readonly bind?: (request: FastifyRequest) => string | undefined | null | Promise<string | undefined | null>;
}

const OPTIONS: OptionNames<BlobRoutesOptions> & Readonly<Record<string, true>> = {
  store: true,
  bind: true,
  // What Fastify itself passes on to a plugin.
  prefix: true,
  logLevel: true,
  logSerializers: true,
};

/**
 * Serves a blob store under its path. No CSRF token is asked for: the signature of the link is what gives access.
 * The parsers of the app do not touch uploads.
 */
export const blobRoutes: FastifyPluginAsync<BlobRoutesOptions> = async (app, options) => {
  requireOptions(options, 'register(blobRoutes, options)', OPTIONS);
  const { store, bind } = options;
  requireFunction(bind, 'the option bind', 'write bind: (request) => request.session.userId');
  if (typeof store?.handle !== 'function')
    throw new KeyturnError(
      'argument_invalid',
      'blobRoutes has no blob store',
      'write app.register(blobRoutes, { store: await createBlobStore(keyturn, { folder }) })',
    );
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.route({
    method: ['GET', 'HEAD', 'PUT', 'POST'],
    url: `${below(store.path, app.prefix)}/*`,
    exposeHeadRoute: false,
    config: { csrf: false },
    handler: async (request, reply) => {
      const { status, headers, body } = await store.handle({
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: (request.body ?? undefined) as AsyncIterable<Uint8Array>,
        ...(bind === undefined ? {} : { bind: () => bind(request) }),
      });
      // A hook that fails, a client that is gone, a reply that somebody else took over: Fastify drops the stream as it is.
      if (typeof body === 'object') finished(reply.raw, () => body.destroy());
      return reply.code(status).headers(headers).send(body);
    },
  });
};

/** Fastify puts the prefix of the place where a plugin is registered in front of its routes. */
function below(path: string, prefix: string): string {
  if (path.startsWith(prefix)) return path.slice(prefix.length);
  throw new TypeError(`the blobs are at ${path}, which is not below ${prefix}: set prefix of the blob store`);
}
