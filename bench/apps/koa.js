import keyturn from 'keyturn/koa';
import Koa from 'koa';
import { keyturnWith, peer, SECRET, USER } from './shared.js';

/** @param use adds what makes `ctx.session` */
function app(use) {
  const app = new Koa();
  use(app);
  app.use((ctx) => {
    if (ctx.path === '/login') ctx.session.user = USER;
    ctx.body = ctx.path === '/login' ? 'ok' : `Hello ${ctx.session.user.name}`;
  });
  return app.listen(0, '127.0.0.1');
}

const keyturnApp = (backend) => async () => {
  const middleware = keyturn({ keyturn: await keyturnWith({ backend }) });
  await middleware.ready();
  return app((app) => app.use(middleware));
};

/** @param options of koa-session */
const koaSession = async (options) => {
  const session = await peer('koa-session');
  return app((app) => {
    app.keys = [SECRET];
    app.use((session.default ?? session)(options, app));
  });
};

/** As its readme has it: get, set, destroy. */
function mapStore() {
  const all = new Map();
  return {
    get: async (key) => all.get(key),
    set: async (key, session) => void all.set(key, session),
    destroy: async (key) => void all.delete(key),
  };
}

export const variants = {
  bare: async () => {
    const app = new Koa();
    app.use((ctx) => {
      ctx.body = ctx.path === '/login' ? 'ok' : 'Hello Ada Lovelace';
    });
    return app.listen(0, '127.0.0.1');
  },
  'koa-session-cookie': () => koaSession({}),
  'keyturn-cookie': keyturnApp('cookie'),
  'koa-session-memory': () => koaSession({ store: mapStore() }),
  'keyturn-memory': keyturnApp('memory'),
};
