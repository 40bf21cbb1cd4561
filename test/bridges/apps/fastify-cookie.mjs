// An app that keeps who is signed in in a signed cookie of @fastify/cookie, and sets it anew where it is told to.
import { liveSigner } from '../../../src/bridges/fastify/index.ts';
import { COOKIE_SIGNATURE } from '../../../src/codecs/cookies.ts';
import { serve, visits } from './fastify.mjs';

/** @param load imports a package of compat/neighbours */
export async function app(load) {
  const { default: cookie } = await load('@fastify/cookie');

  return {
    name: '@fastify/cookie',
    signed: { format: COOKIE_SIGNATURE, purpose: 'fastify-cookie' },
    start: async ({ keyturn, secrets }) => {
      const secret = keyturn === undefined ? [...secrets] : liveSigner(keyturn, { maxAge: '1h' });
      const register = async (server) => await server.register(cookie, { secret });
      const signIn = (_request, reply) => reply.setCookie('user', 'ada', { signed: true, maxAge: 3600 });
      return await serve(load, register, signIn, (request, reply) => {
        const { valid, renew, value } = request.unsignCookie(request.cookies.user ?? '');
        if (renew) signIn(request, reply);
        return valid ? value : null;
      });
    },
    ...visits,
  };
}
