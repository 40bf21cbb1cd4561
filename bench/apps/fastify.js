import fastifyCookie from '@fastify/cookie';
import secureSession from '@fastify/secure-session';
import Fastify from 'fastify';
import keyturn from 'keyturn/fastify';
import { keyturnWith, SECRET, USER } from './shared.js';

const keyturnApp = (backend) => async () => {
  const app = Fastify();
  await app.register(keyturn, { keyturn: await keyturnWith({ backend }) });
  app.get('/login', async (request) => {
    request.session.user = USER;
    return 'ok';
  });
  app.get('/', async (request) => `Hello ${request.session.user.name}`);
  return await listen(app);
};

export const variants = {
  bare: async () => {
    const app = Fastify();
    app.get('/login', async () => 'ok');
    app.get('/', async () => 'Hello Ada Lovelace');
    return await listen(app);
  },
  'secure-session': async () => {
    const app = Fastify();
    await app.register(secureSession, {
      key: Buffer.from(SECRET, 'hex'),
      cookie: { path: '/', httpOnly: true },
    });
    app.get('/login', async (request) => {
      request.session.set('user', USER);
      return 'ok';
    });
    app.get('/', async (request) => `Hello ${request.session.get('user').name}`);
    return await listen(app);
  },
  'signed-cookie': async () => {
    const app = Fastify();
    await app.register(fastifyCookie, { secret: SECRET });
    app.get('/login', async (_request, reply) => {
      reply.setCookie('user', JSON.stringify(USER), { signed: true, path: '/', httpOnly: true });
      return 'ok';
    });
    app.get(
      '/',
      async (request) => `Hello ${JSON.parse(request.unsignCookie(request.cookies.user).value).name}`,
    );
    return await listen(app);
  },
  'keyturn-cookie': keyturnApp('cookie'),
  'keyturn-memory': keyturnApp('memory'),
};

async function listen(app) {
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server;
}
