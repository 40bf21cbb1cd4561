import type { FastifyPluginAsync } from 'fastify';
import type { LockerOptions } from '../app.js';
import { prefersJson, sendPage } from '../negotiate.js';
import { homePage } from '../pages/home.js';
import { ICON } from '../pages/mark.js';
import { signInPage } from '../pages/sign-in.js';

export const homeRoutes: FastifyPluginAsync<LockerOptions> = async (app, options) => {
  app.get('/', async (request, reply) => {
    const { user, signedInAt } = request.session;
    const csrfToken = reply.csrfToken();
    // So that going back after signing out shows nothing of before.
    reply.header('cache-control', 'private, no-store');
    if (prefersJson(request)) return { user: user ?? null, csrfToken };
    const messages = request.flash();
    if (user === undefined) {
      const password = options.showPassword ? options.password : undefined;
      return sendPage(reply, signInPage({ csrfToken, messages, password }));
    }
    const kid = app.keyturn.health.signs;
    return sendPage(reply, homePage({ csrfToken, messages, user, signedInAt, kid }));
  });

  app.get('/icon.svg', async (_request, reply) =>
    reply.type('image/svg+xml').header('cache-control', 'public, max-age=86400').send(ICON.toString()),
  );
};
