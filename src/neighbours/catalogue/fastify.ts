// Plugins, which are registered with an app of Fastify, and called by nobody.
import type { Neighbour } from '../neighbour.js';

export const FASTIFY_PLUGINS: readonly Neighbour[] = [
  {
    package: '@fastify/cookie',
    alone:
      'a replica that is late signs backwards what is renewed, and what nobody renews is lost when the old secret goes',
    bridge: 'fastify',
    purpose: 'fastify-cookie',
    calls: [],
    registeredWith: 'liveSigner',
    maxAge: '30d',
  },
  {
    package: '@fastify/session',
    alone: 'everybody is signed out as soon as another secret signs: it takes its own cookie for another one',
    bridge: 'fastify',
    purpose: 'fastify-session',
    calls: [],
    registeredWith: 'liveFastifySession',
    maxAge: '1d',
    movesIn: true,
  },
  {
    package: '@fastify/secure-session',
    alone:
      'a replica that is late encrypts sessions backwards, and those are lost where the old key is gone already',
    bridge: 'fastify',
    purpose: 'fastify-secure-session',
    calls: [],
    registeredWith: 'liveSecureSessionKeys',
    maxAge: '86401s',
  },
];
