// Signing in and out. Keyturn has checked the CSRF token of every POST before it comes here.
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { isPassword, LONGEST_NAME } from '../accounts.js';
import type { LockerOptions } from '../app.js';
import { prefersJson } from '../negotiate.js';

export const signInRoutes: FastifyPluginAsync<LockerOptions> = async (app, options) => {
  app.post('/login', async (request, reply) => {
    const username = field(request.body, 'username').trim();
    if (username === '') return refuse(request, reply, 400, 'Please enter a name.');
    if (username.length > LONGEST_NAME) {
      return refuse(request, reply, 400, `Please choose a name of at most ${LONGEST_NAME} characters.`);
    }
    if (!isPassword(field(request.body, 'password'), options.password)) {
      request.flash('username', username);
      return refuse(request, reply, 401, 'The password is not right.');
    }
    // A new id: one that somebody planted before is worth nothing now.
    request.session.regenerate();
    request.session.user = username;
    request.session.signedInAt = Date.now();
    if (prefersJson(request)) return { user: username, csrfToken: reply.csrfToken() };
    request.flash('success', 'Welcome! You are signed in.');
    return reply.redirect('/', 303);
  });

  app.post('/logout', async (request, reply) => {
    request.session.destroy();
    if (prefersJson(request)) return { user: null, csrfToken: reply.csrfToken() };
    request.flash('success', 'You are signed out.');
    return reply.redirect('/', 303);
  });

  app.get('/me', async (request, reply) => {
    const { user } = request.session;
    reply.header('cache-control', 'private, no-store');
    if (user === undefined) return reply.code(401).send({ error: 'Nobody is signed in.' });
    return { user };
  });
};

function refuse(request: FastifyRequest, reply: FastifyReply, status: number, why: string): FastifyReply {
  if (prefersJson(request)) return reply.code(status).send({ error: why });
  request.flash('error', why);
  return reply.redirect('/', 303);
}

/** A field of a form or of JSON; empty when it is missing, or no text. */
function field(body: unknown, name: string): string {
  const value = (body as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}
