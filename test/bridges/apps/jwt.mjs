// Apps that sign and verify tokens, by each of the libraries. What signs and what verifies, with Keyturn and without.
import { fastifyJwtKeys, fastJwt } from '../../../src/bridges/fast-jwt/index.ts';
import { honoJwt } from '../../../src/bridges/hono/index.ts';
import { joseKeys } from '../../../src/bridges/jose/index.ts';
import { jsonwebtokenKeys } from '../../../src/bridges/jsonwebtoken/index.ts';
import { listen } from './listen.mjs';

const PINNED = { algorithms: ['HS256'] };
const HOUR = { maxAge: '1h' };

/** By the name of the library: what signs and verifies, given a Keyturn, or else a secret. */
const WAYS = {
  jose: async (load) => jose(await load('jose')),
  'jose-5': async (load) => jose(await load('jose-5')),

  jsonwebtoken: async (load) => {
    const { default: jwt } = await load('jsonwebtoken');
    return (keyturn, secret) => {
      const keys = keyturn && jsonwebtokenKeys(keyturn, HOUR);
      return {
        sign: (payload) => signWith(jwt, keys, secret, payload),
        verify: (token) => jwt.verify(token, keys?.of(token) ?? secret, PINNED),
      };
    };
  },

  'jsonwebtoken by callback': async (load) => {
    const { default: jwt } = await load('jsonwebtoken');
    return (keyturn, secret) => {
      const keys = keyturn && jsonwebtokenKeys(keyturn, HOUR);
      return {
        sign: (payload) => signWith(jwt, keys, secret, payload),
        verify: (token) => settled((done) => jwt.verify(token, keys?.callback ?? secret, PINNED, done)),
      };
    };
  },

  'passport-jwt': async (load) => {
    const { default: jwt } = await load('jsonwebtoken');
    const { Strategy } = await load('passport-jwt').then((module) => module.default);
    return (keyturn, secret) => {
      const keys = keyturn && jsonwebtokenKeys(keyturn, HOUR);
      const key = keys === undefined ? { secretOrKey: secret } : { secretOrKeyProvider: keys.passport };
      const options = { ...key, ...PINNED, jwtFromRequest: (request) => request.token };
      return {
        sign: (payload) => signWith(jwt, keys, secret, payload),
        verify: (token) =>
          settled((done) => {
            const strategy = new Strategy(options, (payload, next) => next(null, payload));
            strategy.success = (user) => done(null, user);
            strategy.fail = (info) => done(info);
            strategy.error = () => done(new Error('an error of the server'));
            strategy.authenticate({ token });
          }),
      };
    };
  },

  '@nestjs/jwt': async (load) => {
    await load('reflect-metadata');
    const { JwtService } = await load('@nestjs/jwt').then((module) => module.default ?? module);
    return (keyturn, secret) => {
      const service = new JwtService(
        keyturn === undefined
          ? { secret, signOptions: { expiresIn: '1h' }, verifyOptions: PINNED }
          : jsonwebtokenKeys(keyturn, HOUR).nest,
      );
      return {
        sign: (payload) => service.signAsync(payload),
        verify: (token) => service.verifyAsync(token),
      };
    };
  },

  'express-jwt': async (load) => {
    const { default: jwt } = await load('jsonwebtoken');
    const { expressjwt } = await load('express-jwt');
    return (keyturn, secret) => {
      const keys = keyturn && jsonwebtokenKeys(keyturn, HOUR);
      const middleware = expressjwt({ ...PINNED, secret: keys?.express ?? secret });
      return {
        sign: (payload) => signWith(jwt, keys, secret, payload),
        verify: (token) =>
          settled((done) => {
            const request = { headers: { authorization: `Bearer ${token}` } };
            middleware(request, {}, (error) => done(error, request.auth));
          }),
      };
    };
  },

  'fast-jwt': async (load) => {
    const { createSigner, createVerifier } = await load('fast-jwt');
    return (keyturn, key) => {
      const verifier = { ...PINNED, cache: true };
      if (keyturn !== undefined)
        return fastJwt(keyturn, { createSigner, createVerifier }, { ...HOUR, verifier });
      const sign = createSigner({ key, expiresIn: '1h' });
      return { sign: (payload) => sign({ ...payload }), verify: createVerifier({ ...verifier, key }) };
    };
  },

  hono: async (load) => {
    const { Hono } = await load('hono');
    const library = await load('hono/jwt');
    return (keyturn, secret) => {
      const tokens = keyturn && honoJwt(keyturn, library, HOUR);
      const app = new Hono();
      app.use('/', tokens?.middleware ?? library.jwt({ secret, alg: 'HS256' }));
      app.get('/', (context) => context.json(context.get('jwtPayload')));
      const exp = () => Math.floor(Date.now() / 1000) + 3600;
      return {
        sign: (payload) => tokens?.sign(payload) ?? library.sign({ ...payload, exp: exp() }, secret, 'HS256'),
        verify: async (token) => {
          const response = await app.request('/', { headers: { authorization: `Bearer ${token}` } });
          if (response.status === 500) throw new Error('an error of the server');
          if (response.status !== 200) throw new TypeError(await response.text());
          return await response.json();
        },
      };
    };
  },

  '@fastify/jwt': async (load) => {
    const { default: fastify } = await load('fastify');
    const { default: plugin } = await load('@fastify/jwt');
    return (keyturn, secret) => {
      const keys = keyturn && fastifyJwtKeys(keyturn, HOUR);
      const options =
        keys === undefined ? { secret, verify: PINNED } : { secret: keys.secret, verify: keys.verify };
      const app = fastify();
      app.register(plugin, options);
      app.post('/', async (request, reply) => ({
        token: await reply.jwtSign(request.body, keys?.signing() ?? { expiresIn: '1h' }),
      }));
      app.get('/', async (request) => await request.jwtVerify());
      const ask = async (request) => {
        const response = await app.inject({ url: '/', ...request });
        if (response.statusCode >= 500) throw new Error('an error of the server');
        if (response.statusCode !== 200) throw new TypeError(response.body);
        return response.json();
      };
      return {
        sign: async (payload) => (await ask({ method: 'POST', payload })).token,
        verify: (token) => ask({ headers: { authorization: `Bearer ${token}` } }),
      };
    };
  },
};

export const LIBRARIES = Object.keys(WAYS);

/** What signs and verifies by a library: a function of a Keyturn, or else of a secret. */
export const tokensOf = async (load, name) => await WAYS[name](load);

/** An app that keeps a visitor signed in by a token in a cookie, a new one with every page. */
export async function tokenApp(load, name) {
  const tokens = await tokensOf(load, name);
  return {
    name,
    start: async ({ keyturn, secrets }) => {
      const { sign, verify } = tokens(keyturn, secrets[0]);
      return await listen(async (request, response) => {
        const token = /token=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
        const sub =
          request.method === 'POST'
            ? 'ada'
            : await Promise.resolve()
                .then(() => verify(token))
                .then(
                  (payload) => payload.sub,
                  () => undefined,
                );
        if (sub !== undefined) response.setHeader('set-cookie', `token=${await sign({ sub })}`);
        response.end(JSON.stringify({ user: sub ?? null }));
      });
    },
    signIn: async (visitor, url) => {
      await visitor.fetch(url, { method: 'POST' });
    },
    isSignedIn: async (visitor, url) => (await (await visitor.fetch(url)).json()).user === 'ada',
  };
}

function jose({ SignJWT, jwtVerify }) {
  return (keyturn, text) => {
    const keys = keyturn && joseKeys(keyturn, HOUR);
    const secret = new TextEncoder().encode(text);
    const old = { header: { alg: 'HS256' }, key: secret, expiresIn: '1h' };
    return {
      sign: async (payload) => {
        const { header, key, expiresIn } = keys?.signing() ?? old;
        return await new SignJWT(payload).setProtectedHeader(header).setExpirationTime(expiresIn).sign(key);
      },
      verify: async (token) => (await jwtVerify(token, keys?.verifying ?? secret, PINNED)).payload,
    };
  };
}

function signWith(jwt, keys, secret, payload) {
  const { key, options } = keys?.signing() ?? { key: secret, options: { expiresIn: '1h' } };
  return jwt.sign(payload, key, options);
}

/** A promise for what a callback is told. */
const settled = (begin) =>
  new Promise((resolve, reject) => {
    begin((error, value) => (error ? reject(error) : resolve(value)));
  });
