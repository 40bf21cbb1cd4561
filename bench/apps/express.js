import express from 'express';
import keyturn from 'keyturn/express';
import { keyturnWith, peer, REDIS, SECRET, USER } from './shared.js';

/** @param use adds what makes `req.session` */
function app(use) {
  const app = express();
  use(app);
  app.get('/login', (req, res) => {
    req.session.user = USER;
    res.send('ok');
  });
  app.get('/', (req, res) => res.send(`Hello ${req.session.user.name}`));
  return app.listen(0, '127.0.0.1');
}

const keyturnApp = (backend) => async () => {
  const middleware = keyturn({ keyturn: await keyturnWith({ backend }) });
  await middleware.ready();
  return app((app) => app.use(middleware));
};

const expressSession = async (store) => {
  const session = await peer('express-session');
  return app((app) => app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store })));
};

export const variants = {
  bare: async () => {
    const app = express();
    app.get('/login', (_req, res) => res.send('ok'));
    app.get('/', (_req, res) => res.send('Hello Ada Lovelace'));
    return app.listen(0, '127.0.0.1');
  },
  'cookie-session': async () => {
    const session = await peer('cookie-session');
    return app((app) => app.use(session({ keys: [SECRET] })));
  },
  'keyturn-cookie': keyturnApp('cookie'),
  'express-session-memory': () => expressSession(undefined),
  'keyturn-memory': keyturnApp('memory'),
  'express-session-redis': async () => {
    const { createClient } = await import('redis');
    const client = await createClient({ url: REDIS }).connect();
    const { RedisStore } = await peer('connect-redis');
    return await expressSession(new RedisStore({ client, prefix: 'keyturn-bench:', ttl: 600 }));
  },
  'keyturn-redis': keyturnApp('redis'),
};
