// For programs without cookies: an access token for every request, and a refresh token to get the next one. No cookie
// gives access here, so there is nothing that another site could make a browser do.
import type { FastifyPluginAsync } from 'fastify';
import type { LockerParts } from '../app.js';
import { field, nameProblem } from '../fields.js';
import { keepPrivate } from '../negotiate.js';

export const apiRoutes: FastifyPluginAsync<LockerParts> = async (app, { accounts, tokens }) => {
  const { access, refresh } = tokens;
  app.addHook('onRequest', async (_request, reply) => keepPrivate(reply));

  app.post('/api/token', { config: { csrf: false } }, async (request, reply) => {
    const user = field(request.body, 'username').trim();
    const right =
      nameProblem(user) === undefined && (await accounts.isPassword(user, field(request.body, 'password')));
    if (!right) return reply.code(401).send({ error: 'The name or the password is not right.' });
    return answer(user, await refresh.issue({ user }));
  });

  app.post('/api/token/refresh', { config: { csrf: false } }, async (request, reply) => {
    const next = await refresh.rotate(field(request.body, 'refresh_token'));
    if (!next.ok) return reply.code(401).send({ error: 'Sign in again.' });
    return answer(next.user, next);
  });

  app.get('/api/me', async (request, reply) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const result = access.verify(token);
    if (result.ok) return { user: result.payload.sub };
    const challenge = token === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
    return reply.code(401).header('www-authenticate', challenge).send({ error: 'A good token is needed.' });
  });

  const answer = (user: string, { token }: { readonly token: string }) => ({
    token_type: 'Bearer',
    access_token: access.sign({}, { subject: user }),
    expires_in: access.maxAge,
    refresh_token: token,
  });
};
