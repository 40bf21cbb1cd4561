// An app on the sessions of React Router, in its cookie.
import { routerCookie } from '../../../src/bridges/react-router/index.ts';
import { COOKIE_SIGNATURE } from '../../../src/codecs/cookies.ts';
import { listen } from './listen.mjs';

/** @param load imports a package of compat/neighbours */
export async function app(load) {
  const { createCookie, createCookieSessionStorage } = await load('react-router');

  return {
    name: 'react-router',
    signed: { format: COOKIE_SIGNATURE, purpose: 'react-router' },
    start: async ({ keyturn, secrets }) => {
      const options = { path: '/', maxAge: 604_800 };
      const cookie =
        keyturn === undefined
          ? createCookie('__session', { ...options, secrets })
          : routerCookie(keyturn, createCookie, '__session', options);
      const { getSession, commitSession } = createCookieSessionStorage({ cookie });
      return await listen(async (request, response) => {
        const header = request.headers.cookie ?? null;
        const session = await getSession(header);
        if (request.method === 'POST') {
          session.set('user', 'ada');
          response.setHeader('set-cookie', await commitSession(session));
        } else if (keyturn !== undefined) {
          const headers = new Headers(header === null ? {} : { cookie: header });
          const again = await cookie.again({ method: request.method, headers });
          for (const [name, value] of Object.entries(again)) response.setHeader(name, value);
        }
        response.end(JSON.stringify({ user: session.get('user') ?? null }));
      });
    },
    signIn: async (visitor, url) => {
      await visitor.fetch(url, { method: 'POST' });
    },
    isSignedIn: async (visitor, url) => (await (await visitor.fetch(url)).json()).user === 'ada',
  };
}
