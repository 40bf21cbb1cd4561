import { expect, test } from 'vitest';
import { type CookieParserSettings, liveCookieParser } from '../../src/bridges/cookie-parser/index.js';
import { expressSession } from '../../src/bridges/express-session/index.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import { app } from './apps/cookie-parser.mjs';
import { listen } from './apps/listen.mjs';
import { closing, openKeyturn, promote, stopSigning, verifiedBy } from './beside.js';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';
import { Visitor } from './visitor.js';

const { default: express } = await neighbour('express');
const { default: session } = await neighbour('express-session');
const { default: cookieParser } = await neighbour('cookie-parser');

const BASKET = { items: ['a.b', 'ü ✓'] };

async function shop(
  keyturn: Keyturn,
  settings: CookieParserSettings,
  more: (server: any) => void = () => {},
) {
  const server = express();
  more(server);
  server.use(liveCookieParser(keyturn, cookieParser, { maxAge: '1d', ...settings }));
  server.post('/', (_request: any, response: any) => {
    response.cookie('basket', BASKET, { signed: true, path: '/', sameSite: 'strict' });
    response.cookie('plain', 'x').end();
  });
  server.delete('/', (_request: any, response: any) => response.clearCookie('basket').end());
  server.get('/', (request: any, response: any) =>
    response.json({ signed: request.signedCookies, plain: request.cookies }),
  );
  server.get('/session', (request: any, response: any) => response.json(request.session.user ?? null));
  return closing(await listen(server));
}

const seenBy = async (visitor: Visitor, url: string): Promise<any> => await (await visitor.fetch(url)).json();

test('from the old secret to the keys of the ring nobody is signed out', async () => {
  const library = await app(neighbour);
  expect(await moveOf(library, { section: 'cookie-parser' })).toEqual(everybodyMoved(library));
});

test('JSON cookies, plain ones and those that are taken away are as they were', async () => {
  const keyturn = await openKeyturn();
  const url = await shop(keyturn, { cookies: { basket: 'Path=/; SameSite=Strict' } });
  const visitor = new Visitor();
  await visitor.fetch(url, { method: 'POST' });
  expect(visitor.received[1]).toBe('plain=x; Path=/');
  promote(keyturn);
  for (const _ of [1, 2])
    expect(await seenBy(visitor, url)).toEqual({ signed: { basket: BASKET }, plain: { plain: 'x' } });
  expect(visitor.received.slice(2)).toEqual([
    expect.stringMatching(/^basket=s%3Aj.*; Path=\/; SameSite=Strict$/),
  ]);
  expect(verifiedBy(keyturn, 'cookie-parser')).toEqual([1, 1]);
  await visitor.fetch(url, { method: 'DELETE' });
  expect([...visitor.cookies.keys()]).toEqual(['plain']);
});

test('a cookie that somebody altered is false, as the library has it', async () => {
  const url = await shop(await openKeyturn(), {});
  const visitor = new Visitor();
  await visitor.fetch(url, { method: 'POST' });
  visitor.cookies.set('basket', `${visitor.cookies.get('basket')}x`);
  expect((await seenBy(visitor, url)).signed).toEqual({ basket: false });
});

test('express-session beside it, with another purpose', async () => {
  const keyturn = await openKeyturn();
  const options = { resave: false, saveUninitialized: false };
  const url = await shop(keyturn, { cookies: ['basket'] }, (server) => {
    server.use(expressSession(keyturn, session, options));
    server.post('/sign-in', (request: any, response: any) => {
      request.session.user = 'ada';
      response.end();
    });
  });
  const visitor = new Visitor();
  await visitor.fetch(`${url}/sign-in`, { method: 'POST' });
  await visitor.fetch(url, { method: 'POST' });
  promote(keyturn);
  for (const _ of [1, 2]) {
    expect(await seenBy(visitor, `${url}/session`)).toBe('ada');
    expect((await seenBy(visitor, url)).signed.basket).toEqual(BASKET);
  }
  expect(internalsOf(keyturn).usage.refusals).toEqual([]);
});

test('a process that must not sign reads, and sends no signed cookie', async () => {
  const keyturn = await openKeyturn();
  const url = await shop(keyturn, {});
  const visitor = new Visitor();
  await visitor.fetch(url, { method: 'POST' });
  promote(keyturn);
  stopSigning(keyturn);
  expect((await seenBy(visitor, url)).signed).toEqual({ basket: BASKET });
  const other = new Visitor();
  await other.fetch(url, { method: 'POST' });
  expect(other.received).toEqual(['plain=x; Path=/']);
});

test('a secret is refused, with what to write', async () => {
  const keyturn = await openKeyturn();
  for (const secret of ['x', ['x']])
    expect(() => liveCookieParser(keyturn, cookieParser, secret as object)).toThrow(
      expect.objectContaining({
        code: 'argument_invalid',
        hint: expect.stringContaining('[move_in.cookie-parser]'),
      }),
    );
});
