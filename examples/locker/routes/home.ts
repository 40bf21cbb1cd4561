import type { FastifyPluginAsync } from 'fastify';
import type { LockerParts } from '../app.js';
import { keepPrivate, prefersJson, sendPage } from '../negotiate.js';
import { homePage } from '../pages/home.js';
import { ICON } from '../pages/mark.js';
import { signInPage } from '../pages/sign-in.js';

export const homeRoutes: FastifyPluginAsync<LockerParts> = async (app, options) => {
  const { files, maxFileSize, knownPassword } = options;

  app.get('/', async (request, reply) => {
    const { user, signedInAt } = request.session;
    const csrfToken = reply.csrfToken();
    keepPrivate(reply);
    if (prefersJson(request)) return { user: user ?? null, csrfToken };
    const messages = request.flash();
    if (user === undefined) return sendPage(reply, signInPage({ csrfToken, messages, knownPassword }));
    const kid = app.keyturn.health.signs;
    const kept = await files.list(user);
    return sendPage(
      reply,
      homePage({ csrfToken, messages, user, signedInAt, kid, files: kept, maxFileSize }),
    );
  });

  app.get('/icon.svg', async (_request, reply) =>
    reply.type('image/svg+xml').header('cache-control', 'public, max-age=86400').send(ICON.toString()),
  );
};
