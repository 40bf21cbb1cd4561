// Libraries that sign people in.
import type { Neighbour } from '../neighbour.js';

const first = (text: string) => (before: string | undefined) =>
  before === undefined ? `[${text}]` : before.replace(/^\[\s*/, `[${text}, `).replace(/, \]$/, ']');

const AUTHJS = {
  alone: 'already a second secret loses every form that is open, and every link that was mailed',
  bridge: 'authjs',
  purpose: 'authjs',
  maxAge: '30d',
};

export const AUTH: readonly Neighbour[] = [
  {
    package: 'better-auth',
    alone: 'everybody is signed out at once: it verifies with one secret',
    bridge: 'better-auth',
    purpose: 'better-auth',
    calls: [
      {
        name: 'betterAuth',
        argument: 0,
        properties: [],
        implicit: 'BETTER_AUTH_SECRET',
        imports: 'betterAuthKeys',
        after: (call) => `${call.name}(${call.with('plugins', first('betterAuthKeys(kt)'))})`,
      },
    ],
    maxAge: '7d',
  },
  {
    package: 'next-auth',
    majors: [4],
    alone: 'everybody whose session is in the cookie is signed out at once, and every open form is lost',
    bridge: 'next-auth',
    purpose: 'next-auth',
    calls: [
      {
        name: 'default',
        argument: 'last',
        properties: ['secret'],
        implicit: 'NEXTAUTH_SECRET',
        imports: 'nextAuthKeys',
        beside: ({ options }) => `export const authOptions = nextAuthKeys(kt, ${options});`,
        after: ({ name }) => `async (req, res) => ${name}(req, res, await authOptions(req, res))`,
      },
    ],
    maxAge: '30d',
  },
  {
    package: 'next-auth',
    majors: [5],
    ...AUTHJS,
    calls: [
      {
        name: 'default',
        argument: 0,
        properties: ['secret'],
        implicit: 'AUTH_SECRET',
        imports: 'authjsKeys',
        beside: ({ options }) => `const withKeys = authjsKeys(kt, ${options});`,
        after: ({ name }) => `${name}(withKeys)`,
      },
    ],
  },
  {
    package: '@auth/core',
    ...AUTHJS,
    calls: [
      {
        name: 'Auth',
        argument: 1,
        properties: ['secret'],
        implicit: 'AUTH_SECRET',
        imports: 'authjsKeys',
        beside: ({ options }) => `const withKeys = authjsKeys(kt, ${options});`,
        after: ({ name, args: [request = 'request'] }) =>
          `withKeys.renew(${request}, await ${name}(${request}, await withKeys(${request})))`,
      },
    ],
  },
];
