// An app on @fastify/secure-session.
import { liveSecureSessionKeys } from '../../../src/bridges/fastify/index.ts';
import { serve, visits } from './fastify.mjs';

/** @param load imports a package of compat/neighbours */
export async function app(load) {
  const { default: secureSession } = await load('@fastify/secure-session');

  return {
    name: '@fastify/secure-session',
    start: async ({ keyturn, secrets }) => {
      const key =
        keyturn === undefined
          ? secrets.map((secret) => Buffer.from(secret, 'hex'))
          : liveSecureSessionKeys(keyturn);
      const register = async (server) => await server.register(secureSession, { key, cookie: { path: '/' } });
      const signIn = ({ session }) => session.set('user', 'ada');
      return await serve(load, register, signIn, ({ session }) => session.get('user'));
    },
    ...visits,
  };
}
