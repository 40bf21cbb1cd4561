// An app on the sessions of h3, of either version.
import { h3Sessions } from '../../../src/bridges/h3/index.ts';
import { ironId, namedByAppearance, newcomer } from './iron.mjs';
import { listen } from './listen.mjs';

/**
 * @param load imports a package of compat/neighbours
 * @param cacheControl gives what every page says of caches, once its session is open
 */
export async function app(
  load,
  { name = 'h3', options = {}, cacheControl = () => /** @type {string | undefined} */ (undefined) } = {},
) {
  const h3 = await load(name);
  const isOld = name === 'h3-1';

  return {
    name,
    begun: { newcomer: newcomer(signIn, isSignedIn) },
    isSealedBy: (cookie, kid) => cookie.split('*')[1] === ironId(kid),
    start: async ({ keyturn, secrets, shared }) => {
      const own = { maxAge: 604_800, ...options };
      const sessions = keyturn && h3Sessions(keyturn, h3, own);
      const alone = keyturn ? undefined : { ...own, password: passwordOf(shared, secrets) };
      const use = sessions?.use ?? ((event) => h3.useSession(event, alone));
      const handler = async (event) => {
        const session = await use(event);
        const caches = cacheControl();
        if (caches !== undefined && isOld) event.node.res.setHeader('cache-control', caches);
        else if (caches !== undefined) event.res.headers.set('cache-control', caches);
        const method = isOld ? event.node.req.method : event.req.method;
        if (method === 'POST') await session.update({ user: 'ada' });
        if (method === 'DELETE') await session.clear();
        return { user: session.data.user ?? null };
      };
      if (!isOld) return await listen(h3.toNodeHandler(new h3.H3().all('/', handler)));
      return await listen(h3.toNodeListener(h3.createApp().use('/', h3.defineEventHandler(handler))));
    },
    signIn,
    isSignedIn,
  };
}

/** One text, as apps have it, or an object whose entries keep their names. */
function passwordOf(shared, secrets) {
  if (secrets.length === 1 && !shared.has('numbers')) {
    shared.set('first', secrets[0]);
    return secrets[0];
  }
  const named = namedByAppearance(shared, secrets);
  const id = Object.keys(named).find((one) => named[one] === secrets[0]);
  const first = secrets.includes(shared.get('first')) ? { default: shared.get('first') } : {};
  return { ...named, ...first, id: secrets[0] === shared.get('first') ? '' : id, secret: secrets[0] };
}

const signIn = async (visitor, url) => {
  await visitor.fetch(url, { method: 'POST' });
};

const isSignedIn = async (visitor, url) => (await (await visitor.fetch(url)).json()).user === 'ada';
