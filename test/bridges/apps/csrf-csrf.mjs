// An app whose forms csrf-csrf protects. Its visitors keep the token of their last page, as a page that sends by itself does.
import { csrfProtection } from '../../../src/bridges/csrf-csrf/index.ts';
import { listen } from './listen.mjs';

const COOKIE = '__Host-psifi.x-csrf-token';

/** @param load imports a package of compat/neighbours */
export async function app(load, { options = {} } = {}) {
  const { default: express } = await load('express');
  const { default: cookieParser } = await load('cookie-parser');
  const { doubleCsrf } = await load('csrf-csrf');
  const held = new WeakMap();
  const open = async (visitor, url) => {
    const { token } = await (await visitor.fetch(url)).json();
    return token;
  };
  const send = async (visitor, url, token) => {
    const response = await visitor.fetch(url, { method: 'POST', headers: { 'x-csrf-token': token } });
    return response.status === 200;
  };

  return {
    name: 'csrf-csrf',
    cookie: COOKIE,
    start: async ({ keyturn, secrets }) => {
      const own = { getSessionIdentifier: () => 'the session', ...options };
      const csrf =
        keyturn === undefined
          ? doubleCsrf({ ...own, getSecret: () => [...secrets] })
          : csrfProtection(keyturn, doubleCsrf, own, { maxAge: '7d' });
      const server = express();
      server.use(cookieParser(), csrf.doubleCsrfProtection);
      server.get('/', (request, response) => response.json({ token: request.csrfToken() }));
      server.post('/', (_request, response) => response.send('taken'));
      server.use((error, _request, response, _next) => response.status(error.status ?? 500).end());
      return await listen(server);
    },
    signIn: async (visitor, url) => {
      held.set(visitor, await open(visitor, url));
    },
    isSignedIn: async (visitor, url) => {
      const isTaken = await send(visitor, url, held.get(visitor));
      held.set(visitor, await open(visitor, url));
      return isTaken;
    },
    openForm: async (visitor, url) => {
      const token = await open(visitor, url);
      return async (where) => await send(visitor, where, token);
    },
  };
}
