// Sessions, cookies and the tokens of forms.
import type { Neighbour } from '../neighbour.js';

const SEALED = 'everybody is signed out when the old password goes: what it has sealed is never sealed again';

export const SESSIONS: readonly Neighbour[] = [
  {
    package: 'express-session',
    alone: 'everybody is signed out when the old secret goes: it never signs again what it has only read',
    bridge: 'express-session',
    purpose: 'express-session',
    calls: [
      {
        name: 'default',
        argument: 0,
        properties: ['secret'],
        lifetime: { path: ['cookie', 'maxAge'], unit: 'ms' },
        imports: 'expressSession',
        after: ({ name, options }) => `expressSession(kt, ${name}, ${options})`,
      },
    ],
    maxAge: '1d',
    movesIn: true,
  },
  {
    package: 'cookie-parser',
    alone: 'signed cookies of the old secret are refused when it goes: it never signs them again',
    bridge: 'cookie-parser',
    purpose: 'cookie-parser',
    calls: [
      {
        name: 'default',
        argument: 0,
        imports: 'liveCookieParser',
        after: ({ name }) => `liveCookieParser(kt, ${name}, { maxAge: '30d' })`,
      },
    ],
    maxAge: '30d',
  },
  {
    package: 'cookie-session',
    alone:
      "it signs again without the cookie's end and SameSite, so who closes the browser is signed out, and a replica that is late signs backwards",
    bridge: 'keygrip',
    purpose: 'cookie-session',
    calls: [
      {
        name: 'default',
        argument: 0,
        properties: ['keys', 'secret'],
        lifetime: { path: ['maxAge'], unit: 'ms' },
        imports: 'liveCookieSession',
        after: ({ name, options }) => `liveCookieSession(kt, ${name}, ${options})`,
      },
    ],
    maxAge: '1d',
    movesIn: true,
  },
  {
    package: 'koa',
    alone:
      "it signs again without the cookie's end and SameSite, so who closes the browser is signed out, and a replica that is late signs backwards",
    bridge: 'keygrip',
    purpose: 'keygrip',
    calls: [
      {
        name: 'default',
        assigned: 'keys',
        imports: 'liveKeygrip',
        format: 'koa',
        after: ({ name }) => `${name}.keys = liveKeygrip(kt, { maxAge: '1d' })`,
      },
    ],
    maxAge: '1d',
    movesIn: true,
  },
  {
    package: 'iron-session',
    alone: SEALED,
    bridge: 'iron-session',
    purpose: 'iron-session',
    calls: [
      {
        name: 'getIronSession',
        argument: 'last',
        properties: ['password'],
        lifetime: { path: ['ttl'], unit: 's' },
        imports: 'ironSession',
        beside: ({ name, options }) => `const sessions = ironSession(kt, ${name}, ${options});`,
        after: ({ others }) => `sessions.get(${others.join(', ')})`,
      },
    ],
    maxAge: '14d',
  },
  {
    package: 'h3',
    alone: SEALED,
    bridge: 'h3',
    purpose: 'h3',
    calls: (['useSession', 'getSession'] as const).map((name) => ({
      name,
      argument: 'last',
      properties: ['password'],
      lifetime: { path: ['maxAge'], unit: 's' },
      imports: 'h3Sessions',
      beside: ({ options }) =>
        `const sessions = h3Sessions(kt, { getSession, updateSession, useSession }, ${options});`,
      after: ({ others }) => `sessions.${name.slice(0, 3)}(${others.join(', ')})`,
    })),
    maxAge: '14d',
  },
  {
    package: 'react-router',
    alone: 'everybody is signed out when the old secret goes: it never signs again what it has only read',
    bridge: 'react-router',
    purpose: 'react-router',
    calls: [
      {
        name: 'createCookieSessionStorage',
        argument: 0,
        within: 'cookie',
        properties: ['secrets'],
        drops: ['name'],
        imports: 'routerCookie',
        beside: ({ property, options }) =>
          `const cookie = routerCookie(kt, createCookie, ${property('name') ?? "'__session'"}, ${options});`,
        after: ({ name }) => `${name}({ cookie })`,
      },
      {
        name: 'createCookie',
        argument: 1,
        properties: ['secrets'],
        imports: 'routerCookie',
        after: ({ name, others, options }) => `routerCookie(kt, ${name}, ${others.join(', ')}, ${options})`,
      },
    ],
    maxAge: '7d',
    isFramework: true,
  },
  {
    package: 'csrf-csrf',
    alone:
      'every form that is open is refused when the old secret goes: it hands out a token for as long as that is accepted',
    bridge: 'csrf-csrf',
    purpose: 'csrf-csrf',
    calls: [
      {
        name: 'doubleCsrf',
        argument: 0,
        properties: ['getSecret'],
        imports: 'csrfProtection',
        after: ({ name, options }) => `csrfProtection(kt, ${name}, ${options}, { maxAge: '7d' })`,
      },
    ],
    maxAge: '7d',
  },
];
