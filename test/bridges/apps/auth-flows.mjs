// What Auth.js and next-auth have in common: a database in memory, a provider of OpenID Connect, and what a visitor does.
import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { Visitor } from '../visitor.ts';
import { listen } from './listen.mjs';

export function getOrSet(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

/** An adapter for either, over what replicas share. */
export function memoryAdapter(shared) {
  const { users, accounts, sessions, invites } = getOrSet(shared, 'db', () => ({
    users: new Map(),
    accounts: [],
    sessions: new Map(),
    invites: [],
  }));
  const copy = (value) => (value === undefined || value === null ? null : { ...value });
  return {
    createUser: async (user) => {
      const made = { ...user, id: randomUUID() };
      users.set(made.id, made);
      return copy(made);
    },
    getUser: async (id) => copy(users.get(id)),
    getUserByEmail: async (email) => copy([...users.values()].find((user) => user.email === email)),
    getUserByAccount: async ({ provider, providerAccountId }) => {
      const found = accounts.find(
        (one) => one.provider === provider && one.providerAccountId === providerAccountId,
      );
      return copy(users.get(found?.userId));
    },
    updateUser: async (user) => copy(users.set(user.id, { ...users.get(user.id), ...user }).get(user.id)),
    linkAccount: async (account) => void accounts.push(account),
    createSession: async (session) =>
      copy(sessions.set(session.sessionToken, session).get(session.sessionToken)),
    getSessionAndUser: async (token) => {
      const session = sessions.get(token);
      return session === undefined ? null : { session: copy(session), user: copy(users.get(session.userId)) };
    },
    updateSession: async (session) =>
      copy(
        sessions
          .set(session.sessionToken, { ...sessions.get(session.sessionToken), ...session })
          .get(session.sessionToken),
      ),
    deleteSession: async (token) => void sessions.delete(token),
    createVerificationToken: async (invite) => {
      invites.push(invite);
      return invite;
    },
    useVerificationToken: async ({ identifier, token }) => {
      const at = invites.findIndex((one) => one.identifier === identifier && one.token === token);
      return at < 0 ? null : invites.splice(at, 1)[0];
    },
  };
}

/** Signs everybody in as Ada. A code is the nonce that it was asked with. */
export async function openidProvider(shared) {
  return await getOrSet(shared, 'provider', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const idToken = (issuer, nonce) => {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: issuer,
        aud: 'app',
        sub: 'ada',
        iat: now,
        exp: now + 300,
        nonce,
        name: 'Ada',
        email: 'ada@provider.example',
      };
      const message = `${encoded({ alg: 'RS256', kid: '1' })}.${encoded(claims)}`;
      return `${message}.${createSign('RSA-SHA256').update(message).sign(privateKey, 'base64url')}`;
    };
    const server = await listen(async (request, response) => {
      const json = (value) =>
        response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
      const { pathname } = new URL(request.url, server.url);
      if (pathname === '/keys')
        return json({
          keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }],
        });
      if (pathname === '/token') {
        const code = new URLSearchParams(await text(request)).get('code');
        return json({
          access_token: 'x',
          token_type: 'bearer',
          expires_in: 300,
          id_token: idToken(server.url, code),
        });
      }
      return json({
        issuer: server.url,
        authorization_endpoint: `${server.url}/authorize`,
        token_endpoint: `${server.url}/token`,
        jwks_uri: `${server.url}/keys`,
        userinfo_endpoint: `${server.url}/user`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        code_challenge_methods_supported: ['S256'],
      });
    });
    server.unref();
    return server.url;
  });
}

/** Links are put where a test finds them. */
export function emailProvider(shared) {
  return {
    id: 'email',
    type: 'email',
    name: 'Email',
    from: 'app@app.example',
    server: 'smtp://nowhere.example',
    maxAge: 86_400,
    options: {},
    sendVerificationRequest: async ({ identifier, url }) =>
      void getOrSet(shared, 'mailed', () => new Map()).set(identifier, url),
  };
}

/**
 * @param base path under which the library has its routes
 * @param mailed links by address
 */
export function visitorsOf(base, mailed) {
  const csrf = async (visitor, url) => (await (await visitor.fetch(`${url}${base}/csrf`)).json()).csrfToken;
  const post = async (visitor, url, path, fields) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: url };
    const body = new URLSearchParams({ callbackUrl: '/', ...fields }).toString();
    return await visitor.fetch(`${url}${base}${path}`, { method: 'POST', headers, body });
  };
  let number = 0;

  async function askForLink(visitor, from) {
    const email = `visitor-${++number}@app.example`;
    await post(visitor, from, '/signin/email', { email, csrfToken: await csrf(visitor, from) });
    const link = new URL(mailed().get(email));
    return async (url) => {
      await visitor.fetch(`${url}${link.pathname}${link.search}`);
    };
  }

  async function askProvider(visitor, from) {
    const response = await post(visitor, from, '/signin/oidc', { csrfToken: await csrf(visitor, from) });
    const asked = new URL(response.headers.get('location')).searchParams;
    const answer = new URLSearchParams({ code: asked.get('nonce'), state: asked.get('state') });
    return async (url) => {
      await visitor.fetch(`${url}${base}/callback/oidc?${answer}`);
    };
  }

  const isSignedIn = async (visitor, url) => {
    const session = await (await visitor.fetch(`${url}${base}/session`)).json();
    return typeof session?.user?.email === 'string';
  };

  /** Begun by a visitor of its own, and ended signed in. */
  const ofAnother = (begin) => async (_visitor, from) => {
    const visitor = new Visitor();
    const end = await begin(visitor, from);
    return async (url) => {
      await end(url);
      return await isSignedIn(visitor, url);
    };
  };

  return {
    signIn: async (visitor, url) => await (await askForLink(visitor, url))(url),
    isSignedIn,
    openForm: async (visitor, from) => {
      const csrfToken = await csrf(visitor, from);
      return async (url) => {
        const headers = { 'content-type': 'application/json', origin: url };
        const body = JSON.stringify({ csrfToken, data: {} });
        return (
          (await visitor.fetch(`${url}${base}/session`, { method: 'POST', headers, body })).status === 200
        );
      };
    },
    begun: {
      'link in an e-mail': ofAnother(askForLink),
      'sign-in by a provider': ofAnother(askProvider),
    },
  };
}
