import formbody from '@fastify/formbody';
import Fastify, { type FastifyInstance } from 'fastify';
import keyturn from 'keyturn/fastify';

export async function buildApp(options: { clock?: () => number } = {}): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(formbody);
  await app.register(keyturn, options);
  app.get('/sign-in', async (_, reply) => `<input name="_csrf" value="${reply.csrfToken()}">`);
  app.post('/sign-in', async (request) => request.session.regenerate());
  app.get('/account', async (request) => request.session.get('userId'));
  app.post('/account', async () => 'saved');
  return app;
}
export const app: FastifyInstance = await buildApp();
