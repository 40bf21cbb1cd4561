// What is found in the source of an app, and what is to be written instead: one line of each library.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NEIGHBOURS } from '../../src/neighbours/catalogue/index.js';
import { findNeighbours } from '../../src/neighbours/find.js';
import { tempDir } from '../support/machine.js';

const SECRET = 'process.env.S';

const AUTH = 'withKeys.renew(request, await Auth(request, await withKeys(request)))';

/** Import, call, and the call as it is to be. */
const CALLS: ReadonlyArray<readonly [name: string, imported: string, call: string, after: string]> = [
  [
    'express-session',
    'session',
    `session({ secret: ${SECRET}, store })`,
    'expressSession(kt, session, { store })',
  ],
  ['cookie-parser', 'parser', `parser(${SECRET})`, "liveCookieParser(kt, parser, { maxAge: '30d' })"],
  ['cookie-session', 'cs', `cs({ keys: [${SECRET}], maxAge })`, 'liveCookieSession(kt, cs, { maxAge })'],
  ['koa', 'Koa', `app.keys = [${SECRET}];`, "app.keys = liveKeygrip(kt, { maxAge: '1d' })"],
  [
    'better-auth',
    '{ betterAuth }',
    `betterAuth({ secret: ${SECRET}, plugins: [a()] })`,
    `betterAuth({ secret: ${SECRET}, plugins: [betterAuthKeys(kt), a()] })`,
  ],
  [
    'iron-session',
    '{ getIronSession as get }',
    `get(request, response, { password: ${SECRET}, cookieName })`,
    'sessions.get(request, response)',
  ],
  ['@auth/core', '{ Auth }', `Auth(request, { secret: ${SECRET}, providers })`, AUTH],
  ['h3', '{ useSession }', `useSession(event, { password: ${SECRET} })`, 'sessions.use(event)'],
  [
    'jose',
    '{ jwtVerify }',
    `jwtVerify(token, ${SECRET})`,
    "jwtVerify(token, keys.verifying, { algorithms: ['HS256'] })",
  ],
  [
    'jsonwebtoken',
    'jwt',
    `jwt.verify(token, ${SECRET})`,
    "jwt.verify(token, keys.of(token), { algorithms: ['HS256'] })",
  ],
  [
    'passport-jwt',
    '{ Strategy }',
    `new Strategy({ from, secretOrKey: ${SECRET} }, done)`,
    'Strategy({ from, secretOrKeyProvider: keys.passport }, done)',
  ],
  [
    'express-jwt',
    '{ expressjwt }',
    `expressjwt({ secret: ${SECRET}, algorithms })`,
    'expressjwt({ algorithms, secret: keys.express })',
  ],
  ['fast-jwt', '{ createVerifier }', `createVerifier({ key: ${SECRET} })`, 'verify'],
  [
    '@nestjs/jwt',
    '{ JwtModule }',
    `JwtModule.register({ secret: ${SECRET}, signOptions: { expiresIn: '1h' } })`,
    'JwtModule.register(keys.nest)',
  ],
  [
    'react-router',
    '{ createCookieSessionStorage }',
    `createCookieSessionStorage({ cookie: { name: 'a', maxAge, secrets: [${SECRET}] } })`,
    'createCookieSessionStorage({ cookie })',
  ],
  [
    'csrf-csrf',
    '{ doubleCsrf }',
    `doubleCsrf({ getSecret: () => ${SECRET}, getSessionIdentifier })`,
    "csrfProtection(kt, doubleCsrf, { getSessionIdentifier }, { maxAge: '7d' })",
  ],
];

const TOKENS_OF_HONO = "const tokens = honoJwt(kt, { jwt, sign, verify }, { maxAge: '1h' });";

/** The same where a library is imported from an entry point, or has more than one call. */
const MORE_CALLS: ReadonlyArray<
  readonly [from: string, imported: string, call: string, after: string, beside: string | undefined]
> = [
  ['hono/jwt', '{ jwt }', `jwt({ alg: 'HS256', secret: ${SECRET} })`, 'tokens.middleware', TOKENS_OF_HONO],
  [
    'hono/jwt',
    '{ jwt as check }',
    `check({ secret: ${SECRET}, alg, cookie: 'sid' })`,
    'tokens.middleware',
    "const tokens = honoJwt(kt, { jwt, sign, verify }, { cookie: 'sid', maxAge: '1h' });",
  ],
  ['hono/jwt', '{ sign }', `sign({ sub }, ${SECRET}, 'HS256')`, 'tokens.sign({ sub })', TOKENS_OF_HONO],
  [
    'react-router',
    '{ createCookieSessionStorage }',
    `createCookieSessionStorage({ cookie: { secrets: [${SECRET}], name: 'a', maxAge } })`,
    'createCookieSessionStorage({ cookie })',
    "const cookie = routerCookie(kt, createCookie, 'a', { maxAge });",
  ],
  [
    'react-router',
    '{ createCookie }',
    `createCookie('a', { secrets: [${SECRET}], maxAge })`,
    "routerCookie(kt, createCookie, 'a', { maxAge })",
    undefined,
  ],
  [
    '@nestjs/jwt',
    '{ JwtModule }',
    `JwtModule.register({ global: true, secret: ${SECRET} })`,
    'JwtModule.register({ ...{ global: true }, ...keys.nest })',
    "const keys = jsonwebtokenKeys(kt, { maxAge: '1h' });",
  ],
];

test.each(MORE_CALLS)('from %s %s: %s', (from, imported, call, after, beside) => {
  const folder = appOf(
    from.replace('/jwt', from.startsWith('hono') ? '' : '/jwt'),
    `import ${imported} from '${from}';\n${call}\n`,
  );
  const [found] = findNeighbours(folder).neighbours;
  expect(found?.places).toEqual([
    expect.objectContaining({ after, beside, secrets: [{ kind: 'variable', name: 'S' }], isOwn: true }),
  ]);
});

test.each([
  ['hono', "import { Hono } from 'hono';\nnew Hono();\n"],
  ['react-router', "import { createCookieSessionStorage, Link } from 'react-router';\n"],
  ['react-router', "import { createCookie } from 'react-router';\ncreateCookie('theme', { maxAge: 60 });\n"],
  [
    'react-router',
    "import { createCookieSessionStorage } from 'react-router';\ncreateCookieSessionStorage({ cookie });\n",
  ],
])('of %s, which is there for much else, nothing is said where it signs nothing: %s', (name, text) => {
  expect(findNeighbours(appOf(name, text)).neighbours).toEqual([]);
});

function appOf(name: string, text: string): string {
  const folder = tempDir();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { [name]: '1' } }));
  writeFileSync(join(folder, 'app.ts'), text);
  return folder;
}

test.each(CALLS)('%s', (name, imported, call, after) => {
  const folder = tempDir();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { [name]: '1' } }));
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src', 'app.ts'), `import ${imported} from '${name}';\n${call}\n`);
  const [found] = findNeighbours(folder).neighbours;
  expect(found?.places).toMatchObject([
    { path: join('src', 'app.ts'), line: 2, after, secrets: [{ kind: 'variable', name: 'S' }] },
  ]);
});

test.each([
  [
    '4.24.15',
    'next-auth',
    'async (req, res) => NextAuth(req, res, await authOptions(req, res))',
    'NEXTAUTH_SECRET',
  ],
  ['5.0.0-beta.30', 'authjs', 'NextAuth(withKeys)', 'AUTH_SECRET'],
])('next-auth %s has the bridge %s', (version, bridge, after, variable) => {
  const folder = tempDir();
  mkdirSync(join(folder, 'node_modules/next-auth'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/next-auth/package.json'), JSON.stringify({ version }));
  writeFileSync(join(folder, 'package.json'), '{"dependencies":{"next-auth":"*"}}');
  writeFileSync(join(folder, 'auth.js'), "import NextAuth from 'next-auth';\nNextAuth({ providers });\n");
  expect(findNeighbours(folder).neighbours).toMatchObject([
    { neighbour: { bridge }, version, places: [{ after, secrets: [{ kind: 'variable', name: variable }] }] },
  ]);
});

test('each library that is known stands here', () => {
  const known = new Set(NEIGHBOURS.filter(({ calls }) => calls.length > 0).map((one) => one.package));
  expect([...CALLS.map(([name]) => name), 'next-auth', 'hono'].sort()).toEqual([...known].sort());
});

test.each([
  ['@fastify/cookie', 'liveSigner', 'liveFastifySession'],
  ['@fastify/session', 'liveFastifySession', 'liveSigner'],
  ['@fastify/secure-session', 'liveSecureSessionKeys', 'liveSigner'],
])('%s is registered and not called: it is found, and so is its bridge', (name, own, other) => {
  const folder = tempDir();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { [name]: '*' } }));
  const app = `import plugin from '${name}';\napp.register(plugin, { secret: ${SECRET} });\n`;
  writeFileSync(join(folder, 'app.js'), app);
  const found = { neighbour: { bridge: 'fastify' }, places: [] };
  expect(findNeighbours(folder).neighbours).toMatchObject([{ ...found, bridged: false }]);
  // The bridge of another plugin cures nothing of this one.
  writeFileSync(join(folder, 'app.js'), `import { ${other} } from 'keyturn/bridges/fastify';\n${app}`);
  expect(findNeighbours(folder).neighbours).toMatchObject([{ ...found, bridged: false }]);
  writeFileSync(join(folder, 'app.js'), `import { ${own} } from 'keyturn/bridges/fastify';\n${app}`);
  expect(findNeighbours(folder).neighbours).toMatchObject([{ ...found, bridged: true }]);
});
