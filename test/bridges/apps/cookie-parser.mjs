// An app that keeps who is signed in in a signed cookie of cookie-parser.
import { liveCookieParser } from '../../../src/bridges/cookie-parser/index.ts';
import { EXPRESS } from '../../../src/codecs/cookies.ts';
import { listen } from './listen.mjs';

/** @param load imports a package of compat/neighbours */
export async function app(load) {
  const { default: express } = await load('express');
  const { default: cookieParser } = await load('cookie-parser');
  const cookies = { user: 'Path=/; HttpOnly; Max-Age=3600' };

  return {
    name: 'cookie-parser',
    signed: { format: EXPRESS, purpose: 'cookie-parser' },
    start: async ({ keyturn, secrets }) => {
      const server = express();
      server.use(
        keyturn === undefined
          ? cookieParser(secrets)
          : liveCookieParser(keyturn, cookieParser, { maxAge: '1h', cookies }),
      );
      server.post('/sign-in', (_request, response) =>
        response.cookie('user', 'ada', { signed: true, httpOnly: true, maxAge: 3_600_000 }).end(),
      );
      server.get('/', (request, response) => response.json({ user: request.signedCookies.user || null }));
      return await listen(server);
    },
    signIn: async (visitor, url) => {
      await visitor.fetch(`${url}/sign-in`, { method: 'POST' });
    },
    isSignedIn: async (visitor, url) => (await (await visitor.fetch(url)).json()).user === 'ada',
  };
}
