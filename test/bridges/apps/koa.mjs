// An app on Koa and koa-session, of whichever major.
import { liveKeygrip } from '../../../src/bridges/keygrip/index.ts';
import { keygrip } from '../../../src/codecs/cookies.ts';
import { listen } from './listen.mjs';

/**
 * @param load imports a package of compat/neighbours
 * @param koa the name of the package there
 * @param koaSession that of its sessions
 */
export async function onKoa(load, koa, koaSession) {
  const { default: Koa } = await load(koa);
  const { default: imported } = await load(koaSession);
  const session = imported.default ?? imported;

  return {
    name: koaSession,
    signed: { format: keygrip('sha1'), purpose: 'keygrip' },
    start: async ({ keyturn, secrets }) => {
      const config = { maxAge: 3_600_000, sameSite: 'lax' };
      const server = new Koa();
      server.keys = keyturn === undefined ? [...secrets] : liveKeygrip(keyturn, { session: config });
      server.use(session({ ...config }, server));
      if (keyturn !== undefined) server.use(server.keys.koa());
      server.use((ctx) => {
        if (ctx.path === '/sign-in') ctx.session.user = 'ada';
        ctx.body = { user: ctx.session.user ?? null };
      });
      return await listen(server.callback());
    },
    signIn: async (visitor, url) => {
      await visitor.fetch(`${url}/sign-in`, { method: 'POST' });
    },
    isSignedIn: async (visitor, url) => (await (await visitor.fetch(url)).json()).user === 'ada',
  };
}
