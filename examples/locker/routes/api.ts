// For programs without cookies: an access token for every request, and a refresh token to get the next one. No cookie
// gives access here, so there is nothing that another site could make a browser do.
import type { FastifyPluginAsync } from 'fastify';
import type { SignInParts } from '../app.js';
import { field, nameProblem } from '../fields.js';
import { keepPrivate } from '../negotiate.js';
import type { ForPassword } from '../tokens.js';

export const apiRoutes: FastifyPluginAsync<SignInParts> = async (app, options) => {
  const { accounts, checkPassword } = options;
  const { access, refresh } = options.tokens;
  app.addHook('onRequest', async (_request, reply) => keepPrivate(reply));

  app.post('/api/token', { config: { csrf: false } }, async (request, reply) => {
    const user = field(request.body, 'username').trim();
    const passwordAt =
      nameProblem(user) === undefined
        ? await checkPassword(request, user, field(request.body, 'password'))
        : undefined;
    if (passwordAt === undefined)
      return reply.code(401).send({ error: 'The name or the password is not right.' });
    return answer(user, passwordAt, await refresh.issue({ user, data: { passwordAt } }));
  });

  app.post('/api/token/refresh', { config: { csrf: false } }, async (request, reply) => {
    const next = await refresh.rotate(field(request.body, 'refresh_token'));
    const passwordAt = next.ok ? await current(next.user, next.data) : undefined;
    if (!next.ok || passwordAt === undefined) return reply.code(401).send({ error: 'Sign in again.' });
    return answer(next.user, passwordAt, next);
  });

  app.get('/api/me', async (request, reply) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const result = access.verify(token);
    if (result.ok) {
      const { sub: user = '', passwordAt } = result.payload;
      if ((await current(user, { passwordAt })) !== undefined) return { user };
    }
    const challenge = token === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
    return reply.code(401).header('www-authenticate', challenge).send({ error: 'A good token is needed.' });
  });

  /** When the password was chosen that a token is for; undefined when another one has been chosen since. */
  const current = async (user: string, { passwordAt = 0 }: Partial<ForPassword> = {}) => {
    await accounts.look();
    return accounts.isCurrent(user, passwordAt) ? passwordAt : undefined;
  };

  const answer = (user: string, passwordAt: number, { token }: { readonly token: string }) => ({
    token_type: 'Bearer',
    access_token: access.sign({ passwordAt }, { subject: user }),
    expires_in: access.maxAge,
    refresh_token: token,
  });
};
