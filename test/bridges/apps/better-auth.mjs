// An app on better-auth: passwords, a provider, second factors, links in e-mails, tokens.
import { betterAuthKeys } from '../../../src/bridges/better-auth/index.ts';
import { HONO } from '../../../src/codecs/cookies.ts';
import { Visitor } from '../visitor.ts';
import { listen } from './listen.mjs';

/** What encrypts the database. It signs nothing where Keyturn is beside. */
const AT_REST = '6f1c8a52d1f04c7bb1d1fd3d5f2f77a9a3f6f3f9f4b04d1c';

const PASSWORD = 'correct horse battery staple';

/**
 * @param load imports a package of compat/neighbours
 * @param name of the package: its versions have one each
 * @param options of the library, besides those that the app has
 */
export async function app(load, name = 'better-auth', options = {}) {
  const { betterAuth } = await load(name);
  const { memoryAdapter } = await load(`${name}/adapters/memory`);
  const { bearer, jwt, twoFactor } = await load(`${name}/plugins`);
  const { symmetricDecrypt } = await load(`${name}/crypto`);
  const { fromNodeHeaders, toNodeHandler } = await load(`${name}/node`);

  async function start({ keyturn, secrets, shared }) {
    const db = getOrSet(shared, 'db', () => {
      const models = ['user', 'session', 'account', 'verification', 'twoFactor', 'jwks'];
      return Object.fromEntries(models.map((model) => [model, []]));
    });
    const mailed = getOrSet(shared, 'mailed', () => new Map());
    let handle;
    const server = await listen((request, response) => {
      handle(request, response).catch(() => response.writeHead(500).end());
    });
    const auth = betterAuth({
      ...secretsOf(keyturn, secrets, shared),
      baseURL: server.url,
      database: memoryAdapter(db),
      logger: { level: 'error' },
      telemetry: { enabled: false },
      emailAndPassword: {
        enabled: true,
        password: {
          hash: async (text) => `plain ${text}`,
          verify: async ({ hash, password }) => hash === `plain ${password}`,
        },
      },
      emailVerification: {
        sendOnSignUp: true,
        sendVerificationEmail: async ({ user, token }) => void mailed.set(user.email, token),
      },
      account: { encryptOAuthTokens: true },
      socialProviders: {
        gitlab: { clientId: 'app', clientSecret: 'shared', issuer: `${server.url}/provider` },
      },
      ...options,
      plugins: [
        ...(keyturn === undefined ? [] : [betterAuthKeys(Promise.resolve(keyturn))]),
        bearer(),
        jwt(),
        twoFactor({
          skipVerificationOnEnable: true,
          otpOptions: { sendOTP: async ({ user, otp }) => void mailed.set(user.email, otp) },
        }),
      ],
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
      if (pathname === '/at-rest') return json(await readsDatabase(auth, db));
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

  /** What is encrypted in the database, and the tokens whose private key lies there. */
  async function readsDatabase(auth, db) {
    const { secretConfig: key } = await auth.$context;
    const texts = [
      ...db.twoFactor.map(({ secret }) => secret),
      ...db.account.flatMap(({ accessToken }) => accessToken ?? []),
    ];
    for (const data of texts) await symmetricDecrypt({ key, data });
    const { token } = await auth.api.signJWT({ body: { payload: { sub: 'ada', aud: 'app', iss: 'app' } } });
    return { texts: texts.length, signs: typeof token === 'string' };
  }

  const post = async (visitor, url, path, body) => {
    const headers = { 'content-type': 'application/json', origin: url };
    return await visitor.fetch(`${url}/api/auth${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
  };

  const account = (email) => ({ email, password: PASSWORD, name: email });
  let number = 0;

  /** Somebody who has not been there. */
  async function signUp(visitor, url) {
    const email = `visitor-${++number}@app.example`;
    const response = await post(visitor, url, '/sign-up/email', account(email));
    if (response.status !== 200) throw new Error(`sign-up: ${response.status} ${await response.text()}`);
    return email;
  }

  /** Somebody with a second factor, who has given only the first. */
  async function givePassword(url, visitor = new Visitor(), known = undefined) {
    const email = known ?? (await signUp(visitor, url));
    if (known === undefined) await post(visitor, url, '/two-factor/enable', { password: PASSWORD });
    visitor.cookies.clear();
    const response = await post(visitor, url, '/sign-in/email', account(email));
    return { email, visitor, waits: (await response.json()).twoFactorRedirect === true };
  }

  async function giveCode(shared, visitor, url, email, trustDevice) {
    await post(visitor, url, '/two-factor/send-otp', {});
    const code = shared.get('mailed').get(email);
    const response = await post(visitor, url, '/two-factor/verify-otp', { code, trustDevice });
    return response.status === 200;
  }

  const isSignedIn = async (visitor, url) => {
    const read = await (await visitor.fetch(`${url}/me`)).json();
    const found = await (await visitor.fetch(`${url}/api/auth/get-session`)).json();
    return read.user !== null && found?.user?.email === read.user;
  };

  let everything;
  return {
    name,
    signed: { format: HONO, purpose: 'better-auth' },
    start: async (replica) => {
      everything = replica.shared;
      return await start(replica);
    },
    signIn: async (visitor, url) => void (await signUp(visitor, url)),
    isSignedIn,
    begun: {
      'sign-in by a provider': async (_visitor, from) => {
        const visitor = new Visitor();
        const response = await post(visitor, from, '/sign-in/social', {
          provider: 'gitlab',
          callbackURL: '/',
        });
        const state = new URL((await response.json()).url).searchParams.get('state');
        return async (url) => {
          await visitor.fetch(`${url}/api/auth/callback/gitlab?code=1&state=${state}`);
          return await isSignedIn(visitor, url);
        };
      },
      'link in an e-mail': async (_visitor, from) => {
        const visitor = new Visitor();
        const token = everything.get('mailed').get(await signUp(visitor, from));
        return async (url) => {
          const response = await new Visitor().fetch(`${url}/api/auth/verify-email?token=${token}`);
          return response.status === 200;
        };
      },
      'second factor': async (_visitor, from) => {
        const { email, visitor, waits } = await givePassword(from);
        return async (url) =>
          waits &&
          (await giveCode(everything, visitor, url, email, false)) &&
          (await isSignedIn(visitor, url));
      },
      'trusted device': async (_visitor, from) => {
        const { email, visitor } = await givePassword(from);
        await giveCode(everything, visitor, from, email, true);
        await post(visitor, from, '/sign-out', {});
        const kept = [...visitor.cookies];
        return async (url) => {
          const again = new Visitor();
          for (const [cookie, value] of kept) again.cookies.set(cookie, value);
          const response = await post(again, url, '/sign-in/email', account(email));
          return (await response.json()).twoFactorRedirect !== true && (await isSignedIn(again, url));
        };
      },
      'token in a header field': async (_visitor, from) => {
        const response = await post(
          new Visitor(),
          from,
          '/sign-up/email',
          account(`native-${++number}@app.example`),
        );
        const headers = { authorization: `Bearer ${response.headers.get('set-auth-token')}` };
        return async (url) => (await (await fetch(`${url}/me`, { headers })).json()).user !== null;
      },
    },
    kept: {
      'what lies in the database': async (_visitor, url) => {
        const response = await fetch(`${url}/at-rest`);
        const { texts, signs } = response.ok ? await response.json() : {};
        return texts > 0 && signs;
      },
    },
  };

  /** What a library alone has of secrets, as its documentation writes it: the newest first, each with its number. */
  function secretsOf(keyturn, secrets, shared) {
    if (keyturn !== undefined) return { secret: shared.get('at rest') ?? AT_REST };
    const versions = getOrSet(shared, 'versions', () => []);
    for (const secret of secrets) if (!versions.includes(secret)) versions.push(secret);
    // What encrypts the database is the secret of the library before Keyturn came.
    getOrSet(shared, 'at rest', () => secrets[0]);
    if (secrets.length === 1 && versions.length === 1) return { secret: secrets[0] };
    return {
      secrets: secrets.map((value) => ({ version: versions.indexOf(value) + 1, value })),
      secret: versions[0],
    };
  }
}

function getOrSet(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}
