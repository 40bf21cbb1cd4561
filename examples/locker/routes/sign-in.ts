// Signing in and out. Keyturn has checked the CSRF token of every POST before it comes here.
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { SignInParts } from '../app.js';
import { deviceOf } from '../device.js';
import { Refusal } from '../errors.js';
import { field, nameProblem } from '../fields.js';
import { keepPrivate, prefersJson } from '../negotiate.js';

export const signInRoutes: FastifyPluginAsync<SignInParts> = async (app, { checkPassword }) => {
  app.post('/login', async (request, reply) => {
    const username = field(request.body, 'username').trim();
    const problem = nameProblem(username);
    if (problem !== undefined) return refuse(request, reply, 400, problem);
    const passwordAt = await checkPassword(request, username, field(request.body, 'password'));
    if (passwordAt === undefined) {
      request.flash('username', username);
      return refuse(request, reply, 401, 'The password is not right.');
    }
    // A new id: one that somebody planted before is worth nothing now.
    request.session.regenerate();
    request.session.user = username;
    request.session.signedInAt = Date.now();
    // Of the password that was checked, which may have been replaced by now.
    request.session.passwordAt = passwordAt;
    request.session.device = deviceOf(request.headers['user-agent']);
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
    keepPrivate(reply);
    if (user === undefined) return reply.code(401).send({ error: 'Nobody is signed in.' });
    return { user };
  });
};

/** Who is signed in. @throws Refusal when nobody is */
export function signedInUser(request: FastifyRequest): string {
  const { user } = request.session;
  if (user === undefined) throw new Refusal(401);
  return user;
}

function refuse(request: FastifyRequest, reply: FastifyReply, status: number, why: string): FastifyReply {
  if (prefersJson(request)) return reply.code(status).send({ error: why });
  request.flash('error', why);
  return reply.redirect('/', 303);
}
