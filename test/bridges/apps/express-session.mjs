// An app on express-session, 5 lines of which are the library's.
import { expressSession } from '../../../src/bridges/express-session/index.ts';
import { EXPRESS } from '../../../src/codecs/cookies.ts';
import { listen } from './listen.mjs';

/** @param load imports a package of compat/neighbours */
export async function app(load) {
  const { default: express } = await load('express');
  const { default: session } = await load('express-session');

  return {
    name: 'express-session',
    signed: { format: EXPRESS, purpose: 'express-session' },
    start: async ({ keyturn, secrets, shared }) => {
      const store = shared.get('store') ?? new session.MemoryStore();
      store.setMaxListeners(0);
      shared.set('store', store);
      const options = { store, resave: false, saveUninitialized: false };
      const server = express();
      server.use(
        keyturn === undefined
          ? session({ ...options, secret: secrets })
          : expressSession(keyturn, session, options),
      );
      server.post('/sign-in', (request, response) => {
        request.session.user = 'ada';
        response.end();
      });
      server.get('/', (request, response) => response.json({ user: request.session.user ?? null }));
      return await listen(server);
    },
    signIn: async (visitor, url) => {
      await visitor.fetch(`${url}/sign-in`, { method: 'POST' });
    },
    isSignedIn: async (visitor, url) => (await (await visitor.fetch(url)).json()).user === 'ada',
  };
}
