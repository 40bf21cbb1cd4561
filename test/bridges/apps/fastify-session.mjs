// An app on @fastify/session.
import { liveFastifySession } from '../../../src/bridges/fastify/index.ts';
import { COOKIE_SIGNATURE } from '../../../src/codecs/cookies.ts';
import { serve, visits } from './fastify.mjs';

/** A store that keeps texts, as those outside of a process do. */
export function textStore(records) {
  return {
    get: (id, done) => done(null, records.has(id) ? JSON.parse(records.get(id)) : null),
    set: (id, session, done) => {
      records.set(id, JSON.stringify(session));
      done();
    },
    destroy: (id, done) => {
      records.delete(id);
      done();
    },
  };
}

/** @param load imports a package of compat/neighbours */
export async function app(load) {
  const { default: cookie } = await load('@fastify/cookie');
  const { default: session } = await load('@fastify/session');

  return {
    name: '@fastify/session',
    signed: { format: COOKIE_SIGNATURE, purpose: 'fastify-session' },
    start: async ({ keyturn, secrets, shared }) => {
      const records = shared.get('records') ?? new Map();
      shared.set('records', records);
      const options = { store: textStore(records), cookie: { secure: false }, saveUninitialized: false };
      const register = async (server) => {
        await server.register(cookie);
        if (keyturn === undefined) await server.register(session, { ...options, secret: [...secrets] });
        else await server.register(liveFastifySession(keyturn, session, options));
      };
      const signIn = ({ session }) => session.set('user', 'ada');
      return await serve(load, register, signIn, ({ session }) => session.get('user'));
    },
    ...visits,
  };
}
