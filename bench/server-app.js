// One server of the comparison, as a process of its own: node bench/server-app.js <variant>
import fastifyCookie from '@fastify/cookie';
import secureSession from '@fastify/secure-session';
import Fastify from 'fastify';
import { createKeyturn } from 'keyturn';
import keyturnFastify from 'keyturn/fastify';

const USER = { userId: 100_042, name: 'Ada Lovelace', roles: ['admin', 'editor'], theme: 'dark' };
const SECRET = '0f6a1c9be2d4783051a6c7d8e9f0b1a2c3d4e5f60718293a4b5c6d7e8f901234';
const variant = process.argv[2];
const app = Fastify();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const keyturnWith = async (backend) => {
  const keyturn = await createKeyturn({
    profile: 'test',
    env: { KEYTURN_SECURITY__SIGNING_SECRET: SECRET },
    config: { session: { backend } },
    logger: quiet,
  });
  await app.register(keyturnFastify, { keyturn });
};

const variants = {
  bare: async () => {
    app.get('/login', async () => 'ok');
    app.get('/', async () => 'Hello Ada Lovelace');
  },
  'secure-session': async () => {
    await app.register(secureSession, {
      key: Buffer.from(SECRET, 'hex'),
      cookie: { path: '/', httpOnly: true },
    });
    app.get('/login', async (request) => {
      request.session.set('user', USER);
      return 'ok';
    });
    app.get('/', async (request) => `Hello ${request.session.get('user').name}`);
  },
  'signed-cookie': async () => {
    await app.register(fastifyCookie, { secret: SECRET });
    app.get('/login', async (_request, reply) => {
      reply.setCookie('user', JSON.stringify(USER), { signed: true, path: '/', httpOnly: true });
      return 'ok';
    });
    app.get(
      '/',
      async (request) => `Hello ${JSON.parse(request.unsignCookie(request.cookies.user).value).name}`,
    );
  },
  'keyturn-cookie': async () => {
    await keyturnWith('cookie');
    withSession();
  },
  'keyturn-memory': async () => {
    await keyturnWith('memory');
    withSession();
  },
};

function withSession() {
  app.get('/login', async (request) => {
    request.session.user = USER;
    return 'ok';
  });
  app.get('/', async (request) => `Hello ${request.session.user.name}`);
}

await variants[variant]();
await app.listen({ port: 0, host: '127.0.0.1' });
process.send({ port: app.server.address().port });
process.on('message', (message) => {
  if (message === 'stop') process.exit(0);
  const { user, system } = process.cpuUsage();
  process.send({ cpu: user + system });
});
