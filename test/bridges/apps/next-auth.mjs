// An app on next-auth 4: links in e-mails and a provider, with the session in the cookie or in a database. What Next makes of
// requests and responses of Node is made here.
import { text } from 'node:stream/consumers';
import { nextAuthKeys } from '../../../src/bridges/next-auth/index.ts';
import { emailProvider, memoryAdapter, openidProvider, visitorsOf } from './auth-flows.mjs';
import { listen } from './listen.mjs';

/** @param load imports a package of compat/neighbours */
export async function app(load) {
  return await appWith(load, 'jwt');
}

/** @param load imports a package of compat/neighbours */
export async function databaseApp(load) {
  return await appWith(load, 'database');
}

async function appWith(load, strategy) {
  const { default: nextAuth } = await load('next-auth');
  const NextAuth = nextAuth.default ?? nextAuth;
  // Where its routes are it learns of the request.
  process.env.AUTH_TRUST_HOST = 'true';
  let everything;

  async function start({ keyturn, secrets, shared }) {
    everything = shared;
    const issuer = await openidProvider(shared);
    const options = {
      session: { strategy },
      adapter: memoryAdapter(shared),
      providers: [
        emailProvider(shared),
        {
          id: 'oidc',
          name: 'Provider',
          type: 'oauth',
          wellKnown: `${issuer}/.well-known/openid-configuration`,
          clientId: 'app',
          clientSecret: 'shared',
          idToken: true,
          checks: ['pkce', 'state', 'nonce'],
          profile: ({ sub, name, email }) => ({ id: sub, name, email }),
        },
      ],
      logger: {
        error: process.env.DBG ? console.error : () => undefined,
        warn: () => undefined,
        debug: () => undefined,
      },
    };
    const optionsFor =
      keyturn === undefined ? () => ({ ...options, secret: secrets[0] }) : nextAuthKeys(keyturn, options);
    const server = await listen(async (request, response) => {
      await asNextHasIt(request, response, server.url);
      await NextAuth(request, response, await optionsFor(request, response));
    });
    return server;
  }

  return { name: 'next-auth', start, ...visitorsOf('/api/auth', () => everything.get('mailed')) };
}

async function asNextHasIt(request, response, origin) {
  const { pathname, searchParams, host } = new URL(request.url, origin);
  request.headers['x-forwarded-host'] = host;
  request.headers['x-forwarded-proto'] = 'http';
  request.query = { ...Object.fromEntries(searchParams), nextauth: pathname.split('/').slice(3) };
  const cookies = (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('='));
  request.cookies = Object.fromEntries(
    cookies.map(([name, ...value]) => [name, decodeURIComponent(value.join('='))]),
  );
  const body = await text(request);
  const isJson = request.headers['content-type']?.includes('json');
  request.body = isJson ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
  response.status = (status) => Object.assign(response, { statusCode: status });
  response.json = (value) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  response.send = (value) => (typeof value === 'object' ? response.json(value) : response.end(value));
}
