// Tokens that carry claims: JWT.
import type { CallText, Neighbour } from '../neighbour.js';

const TOKENS =
  'whoever holds a token of the old secret is refused when it goes; tokens do not say which key has signed them';

/** A token's key, by its `kid`. */
const JWT = { purpose: 'api-token', maxAge: '1h' };
const jwtCall = { format: 'jwt' };

export const TOKEN_LIBRARIES: readonly Neighbour[] = [
  {
    package: 'jose',
    alone: TOKENS,
    bridge: 'jose',
    ...JWT,
    calls: [
      {
        name: 'jwtVerify',
        argument: 1,
        ...jwtCall,
        imports: 'joseKeys',
        beside: () => "const keys = joseKeys(kt, { maxAge: '1h' });",
        after: ({ name, args }) => `${name}(${args[0]}, keys.verifying, { algorithms: ['HS256'] })`,
      },
    ],
  },
  {
    package: 'jsonwebtoken',
    alone: TOKENS,
    bridge: 'jsonwebtoken',
    ...JWT,
    calls: [
      {
        name: 'default',
        member: 'sign',
        argument: 1,
        ...jwtCall,
        imports: 'jsonwebtokenKeys',
        beside: () => "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
        after: ({ name, args }) =>
          `const { key, options } = keys.signing();\n${name}(${args[0]}, key, ${args[2] === undefined ? 'options' : `{ ...${args[2]}, ...options }`})`,
      },
      {
        name: 'default',
        member: 'verify',
        argument: 1,
        ...jwtCall,
        imports: 'jsonwebtokenKeys',
        beside: () => "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
        after: ({ name, args }) => `${name}(${args[0]}, keys.of(${args[0]}), { algorithms: ['HS256'] })`,
      },
    ],
  },
  {
    package: 'passport-jwt',
    alone: TOKENS,
    bridge: 'jsonwebtoken',
    ...JWT,
    calls: [
      {
        name: 'Strategy',
        argument: 0,
        properties: ['secretOrKey'],
        ...jwtCall,
        imports: 'jsonwebtokenKeys',
        beside: () => "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
        after: (call) =>
          `${call.name}(${[call.with('secretOrKeyProvider', () => 'keys.passport'), ...call.others].join(', ')})`,
      },
    ],
  },
  {
    package: 'express-jwt',
    alone: TOKENS,
    bridge: 'jsonwebtoken',
    ...JWT,
    calls: [
      {
        name: 'expressjwt',
        argument: 0,
        properties: ['secret'],
        ...jwtCall,
        imports: 'jsonwebtokenKeys',
        beside: () => "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
        after: (call) => `${call.name}(${call.with('secret', () => 'keys.express')})`,
      },
    ],
  },
  {
    package: 'fast-jwt',
    alone: `${TOKENS}; its cache accepts a retired key for ten minutes`,
    bridge: 'fast-jwt',
    ...JWT,
    calls: (['createSigner', 'createVerifier'] as const).map((name) => ({
      name,
      argument: 0,
      properties: ['key'],
      ...jwtCall,
      imports: 'fastJwt',
      beside: () =>
        "const { sign, verify } = fastJwt(kt, { createSigner, createVerifier }, { maxAge: '1h' });",
      after: () => (name === 'createSigner' ? 'sign' : 'verify'),
    })),
  },
  {
    package: '@nestjs/jwt',
    alone: TOKENS,
    bridge: 'jsonwebtoken',
    ...JWT,
    calls: [
      {
        name: 'JwtModule',
        member: 'register',
        argument: 0,
        properties: ['secret'],
        drops: ['signOptions'],
        ...jwtCall,
        imports: 'jsonwebtokenKeys',
        beside: () => "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
        after: ({ name, options }) =>
          `${name}(${options === '{}' ? 'keys.nest' : `{ ...${options}, ...keys.nest }`})`,
      },
    ],
  },
  {
    package: 'hono',
    entries: ['hono/jwt'],
    alone: TOKENS,
    bridge: 'hono',
    ...JWT,
    calls: [
      {
        name: 'jwt',
        argument: 0,
        properties: ['secret'],
        drops: ['alg'],
        ...jwtCall,
        imports: 'honoJwt',
        beside: (call) =>
          `const tokens = honoJwt(kt, { jwt, sign, verify }, ${call.with('maxAge', () => "'1h'")});`,
        after: () => 'tokens.middleware',
      },
      ...(['sign', 'verify'] as const).map((name) => ({
        name,
        argument: 1,
        ...jwtCall,
        imports: 'honoJwt',
        beside: () => "const tokens = honoJwt(kt, { jwt, sign, verify }, { maxAge: '1h' });",
        after: ({ args }: CallText) => `tokens.${name}(${args[0]})`,
      })),
    ],
    isFramework: true,
  },
];
