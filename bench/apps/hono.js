// Hono, bare with a middleware that does nothing. All sessions are in the cookie, encrypted but for the last.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import keyturn from 'keyturn/hono';
import { keyturnWith, peer, SECRET, USER } from './shared.js';

const listen = (app) => serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });

const keyturnApp = (sealed) => async () => {
  const middleware = keyturn({ keyturn: await keyturnWith({ backend: 'cookie', sealed }) });
  await middleware.ready();
  const app = new Hono().use(middleware);
  app.get('/login', (c) => {
    c.var.session.user = USER;
    return c.text('ok');
  });
  app.get('/', (c) => c.text(`Hello ${c.var.session.user.name}`));
  return listen(app);
};

export const variants = {
  bare: async () => {
    const app = new Hono().use(async (_c, next) => await next());
    app.get('/login', (c) => c.text('ok'));
    app.get('/', (c) => c.text('Hello Ada Lovelace'));
    return listen(app);
  },
  'iron-session': async () => {
    const { getIronSession } = await peer('iron-session');
    const open = (c) =>
      getIronSession(
        {
          get: (name) => ({ name, value: getCookie(c, name) }),
          set: (name, value, options) => setCookie(c, name, value, options),
        },
        { cookieName: 'session', password: SECRET, cookieOptions: { secure: false } },
      );
    const app = new Hono();
    app.get('/login', async (c) => {
      const session = await open(c);
      session.user = USER;
      await session.save();
      return c.text('ok');
    });
    app.get('/', async (c) => c.text(`Hello ${(await open(c)).user.name}`));
    return listen(app);
  },
  'hono-sessions': async () => {
    const { CookieStore, sessionMiddleware } = await peer('hono-sessions');
    const app = new Hono().use(
      sessionMiddleware({ store: new CookieStore(), encryptionKey: SECRET, cookieOptions: { path: '/' } }),
    );
    app.get('/login', (c) => {
      c.get('session').set('user', USER);
      return c.text('ok');
    });
    app.get('/', (c) => c.text(`Hello ${c.get('session').get('user').name}`));
    return listen(app);
  },
  'keyturn-sealed': keyturnApp(true),
  'keyturn-signed': keyturnApp(false),
};
