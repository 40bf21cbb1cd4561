// An app on cookie-session.
import { liveCookieSession } from '../../../src/bridges/keygrip/index.ts';
import { keygrip } from '../../../src/codecs/cookies.ts';
import { listen } from './listen.mjs';

/** @param load imports a package of compat/neighbours */
export async function app(load) {
  const { default: express } = await load('express');
  const { default: cookieSession } = await load('cookie-session');

  return {
    name: 'cookie-session',
    signed: { format: keygrip('sha1'), purpose: 'cookie-session' },
    start: async ({ keyturn, secrets }) => {
      const options = { maxAge: 3_600_000, sameSite: 'lax' };
      const server = express();
      server.use(
        keyturn === undefined
          ? cookieSession({ ...options, keys: secrets })
          : liveCookieSession(keyturn, cookieSession, options),
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
