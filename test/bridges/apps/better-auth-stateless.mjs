// An app on better-auth without a database: the session is in a cookie, encrypted.
import { betterAuthKeys } from '../../../src/bridges/better-auth/index.ts';
import { HONO } from '../../../src/codecs/cookies.ts';
import { Visitor } from '../visitor.ts';
import { listen } from './listen.mjs';

/**
 * @param load imports a package of compat/neighbours
 * @param name of the package: its versions have one each
 */
export async function statelessApp(load, name = 'better-auth') {
  const { betterAuth } = await load(name);
  const { fromNodeHeaders, toNodeHandler } = await load(`${name}/node`);

  async function start({ keyturn, secrets }) {
    let handle;
    const server = await listen((request, response) => {
      handle(request, response).catch(() => response.writeHead(500).end());
    });
    const auth = betterAuth({
      // Nothing is encrypted with it where Keyturn is beside.
      ...(keyturn === undefined
        ? secretsOf(secrets)
        : { secret: 'of nothing, and said since the library asks for one' }),
      baseURL: server.url,
      logger: { disabled: true },
      telemetry: { enabled: false },
      // Sessions are made anew with every look at them, as they are now and then.
      session: { cookieCache: { enabled: true, strategy: 'jwe', refreshCache: { updateAge: 10_000_000 } } },
      socialProviders: {
        gitlab: { clientId: 'app', clientSecret: 'shared', issuer: `${server.url}/provider` },
      },
      plugins: keyturn === undefined ? [] : [betterAuthKeys(keyturn)],
    });
    const ofLibrary = toNodeHandler(auth);
    handle = async (request, response) => {
      const json = (value) =>
        response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
      const { pathname } = new URL(request.url, server.url);
      if (pathname === '/me') {
        const found = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
        return json({ user: found?.user.email ?? null });
      }
      if (pathname === '/provider/oauth/token')
        return json({ access_token: 'of the provider', token_type: 'bearer', expires_in: 3600 });
      if (pathname === '/provider/api/v4/user')
        return json({
          id: 7,
          username: 'ada',
          name: 'Ada',
          email: 'ada@provider.example',
          email_verified: true,
          state: 'active',
        });
      return await ofLibrary(request, response);
    };
    return server;
  }

  async function beginSignIn(visitor, from) {
    const headers = { 'content-type': 'application/json', origin: from };
    const body = JSON.stringify({ provider: 'gitlab', callbackURL: '/' });
    const response = await visitor.fetch(`${from}/api/auth/sign-in/social`, {
      method: 'POST',
      headers,
      body,
    });
    const state = new URL((await response.json()).url).searchParams.get('state');
    return async (url) => {
      await visitor.fetch(`${url}/api/auth/callback/gitlab?code=1&state=${state}`);
    };
  }

  const isSignedIn = async (visitor, url) => {
    const read = await (await visitor.fetch(`${url}/me`)).json();
    const found = await (await visitor.fetch(`${url}/api/auth/get-session`)).json();
    return read.user !== null && found?.user?.email === read.user;
  };

  return {
    name: `${name} without a database`,
    signed: { format: HONO, purpose: 'better-auth' },
    start,
    signIn: async (visitor, url) => await (await beginSignIn(visitor, url))(url),
    isSignedIn,
    begun: {
      'sign-in by a provider': async (_visitor, from) => {
        const visitor = new Visitor();
        const end = await beginSignIn(visitor, from);
        return async (url) => {
          await end(url);
          return await isSignedIn(visitor, url);
        };
      },
    },
  };
}

/** The first secret has no number: that is what an app begins with. */
function secretsOf([secret, ...others]) {
  if (others.length === 0) return { secret };
  return { secrets: [secret, ...others].map((value, at) => ({ version: at + 1, value })), secret };
}
