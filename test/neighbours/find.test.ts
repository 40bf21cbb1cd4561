// What is found in the source of an app, and what is to be written instead: one line of each library.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NEIGHBOURS } from '../../src/neighbours/catalogue.js';
import { findNeighbours } from '../../src/neighbours/find.js';
import { tempDir } from '../support/machine.js';

const SECRET = 'process.env.S';

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
];

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

test('each library that is known stands here', () => {
  expect(CALLS.map(([name]) => name).sort()).toEqual(NEIGHBOURS.map((one) => one.package).sort());
});
