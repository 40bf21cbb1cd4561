// An app on Auth.js: links in e-mails and a provider, with the session in the cookie or in a database.
import { Readable } from 'node:stream';
import { authjsKeys } from '../../../src/bridges/authjs/index.ts';
import { emailProvider, memoryAdapter, openidProvider, visitorsOf } from './auth-flows.mjs';
import { listen } from './listen.mjs';

/**
 * Alone it has a list of secrets for what is encrypted; every change of it loses open forms, and links in e-mails.
 *
 * @param load imports a package of compat/neighbours
 */
export async function app(load) {
  return await appWith(load, 'jwt');
}

/** @param load imports a package of compat/neighbours */
export async function databaseApp(load) {
  return await appWith(load, 'database');
}

async function appWith(load, strategy) {
  const { Auth } = await load('@auth/core');
  let everything;

  async function start({ keyturn, secrets, shared }) {
    everything = shared;
    const oidc = {
      id: 'oidc',
      name: 'Provider',
      type: 'oidc',
      issuer: await openidProvider(shared),
      clientId: 'app',
      clientSecret: 'shared',
      checks: ['pkce', 'state', 'nonce'],
    };
    const config = {
      basePath: '/auth',
      trustHost: true,
      session: { strategy },
      adapter: memoryAdapter(shared),
      // One as an object, one as a function: both are allowed.
      providers: [emailProvider(shared), () => oidc],
      logger: {
        error: process.env.DBG ? console.error : () => undefined,
        warn: () => undefined,
        debug: () => undefined,
      },
    };
    const alone = Object.assign(() => ({ ...config, secret: [...secrets] }), {
      renew: (_asked, answer) => answer,
    });
    const configFor = keyturn === undefined ? alone : authjsKeys(keyturn, config);
    const server = await listen(async (request, response) => {
      const hasBody = !['GET', 'HEAD'].includes(request.method);
      const asked = new Request(new URL(request.url, server.url), {
        method: request.method,
        headers: request.headers,
        ...(hasBody && { body: Readable.toWeb(request), duplex: 'half' }),
      });
      const answer = await configFor.renew(asked, await Auth(asked, await configFor(asked)));
      const cookies = answer.headers.getSetCookie();
      const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'set-cookie'));
      response.writeHead(answer.status, { ...headers, ...(cookies.length > 0 && { 'set-cookie': cookies }) });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    return server;
  }

  return { name: '@auth/core', start, ...visitorsOf('/auth', () => everything.get('mailed')) };
}
