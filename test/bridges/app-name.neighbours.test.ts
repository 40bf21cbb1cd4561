// An app gets a name, in three deploys: what each has signed or sealed beside a library the next and the one before accept.
import { expect, test } from 'vitest';
import { testKeyturn } from '../support/keyturn.js';
import { app as h3 } from './apps/h3.mjs';
import { app as ironSession } from './apps/iron-session.mjs';
import { tokenApp } from './apps/jwt.mjs';
import { app as reactRouter } from './apps/react-router.mjs';
import type { Library } from './life.js';
import { neighbour } from './neighbours.js';
import { Visitor } from './visitor.js';

const DEPLOYS = [{}, { app_accepts: 'shop' }, { app: 'shop', app_accepts: 'none' }, { app: 'shop' }];

const LIBRARIES: Readonly<Record<string, () => Promise<Library>>> = {
  'iron-session': () => ironSession(neighbour),
  h3: () => h3(neighbour),
  'react-router': () => reactRouter(neighbour),
  jose: () => tokenApp(neighbour, 'jose'),
  'jsonwebtoken by callback': () => tokenApp(neighbour, 'jsonwebtoken by callback'),
  '@fastify/jwt': () => tokenApp(neighbour, '@fastify/jwt'),
};

test.each(Object.keys(LIBRARIES))('%s', async (name) => {
  const library = await (LIBRARIES[name] as () => Promise<Library>)();
  const started = [];
  for (const config of DEPLOYS) {
    const keyturn = await testKeyturn({ config });
    const { url, close } = await library.start({ keyturn, secrets: [], shared: new Map() });
    started.push({ url, close: async () => [await close(), await keyturn.close()] });
  }
  const seen: boolean[] = [];
  for (const [at, { url }] of started.entries()) {
    const next = started[at + 1];
    if (next === undefined) continue;
    for (const [one, other] of [
      [url, next.url],
      [next.url, url],
    ] as const) {
      const visitor = new Visitor();
      await library.signIn(visitor, one);
      seen.push(await library.isSignedIn(visitor, other), await library.isSignedIn(visitor, one));
    }
  }
  expect(seen).toEqual(seen.map(() => true));
  // A name is a name: who is two deploys away is another app.
  const [first, , , last] = started as [{ url: string }, unknown, unknown, { url: string }];
  const visitor = new Visitor();
  await library.signIn(visitor, first.url);
  expect(await library.isSignedIn(visitor, last.url)).toBe(false);
  for (const { close } of started) await close();
});
