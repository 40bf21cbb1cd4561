// An app on iron-session, 3 lines of which are the library's.
import { ironSession } from '../../../src/bridges/iron-session/index.ts';
import { ironId, namedByAppearance, newcomer } from './iron.mjs';
import { listen } from './listen.mjs';

/** @param load imports a package of compat/neighbours */
export async function app(load, { name = 'iron-session', options = {} } = {}) {
  const { getIronSession } = await load(name);

  return {
    name,
    begun: { newcomer: newcomer(signIn, isSignedIn) },
    isSealedBy: (cookie, kid) => cookie.split('*')[1] === ironId(kid),
    start: async ({ keyturn, secrets, shared }) => {
      const own = { cookieName: 'app', ...options };
      const get =
        keyturn === undefined
          ? (request, response) =>
              getIronSession(request, response, { ...own, password: namedByAppearance(shared, secrets) })
          : ironSession(keyturn, getIronSession, own).get;
      return await listen(async (request, response) => {
        const session = await get(request, response);
        if (request.method === 'POST') {
          session.user = 'ada';
          await session.save();
        }
        if (request.method === 'DELETE') session.destroy();
        response.end(JSON.stringify({ user: session.user ?? null }));
      });
    },
    signIn,
    isSignedIn,
  };
}

const signIn = async (visitor, url) => {
  await visitor.fetch(url, { method: 'POST' });
};

const isSignedIn = async (visitor, url) => (await (await visitor.fetch(url)).json()).user === 'ada';
