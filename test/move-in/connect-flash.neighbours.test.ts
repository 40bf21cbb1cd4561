// Messages of connect-flash while some replicas still run the old library: docs/moving-in.md.
import connectFlash from 'connect-flash';
import { expect } from 'vitest';
import keyturnExpress from '../../src/adapters/express/index.js';
import { listen } from '../bridges/apps/listen.mjs';
import { neighbour } from '../bridges/neighbours.js';
import { tidyTest as test } from '../support/afterwards.js';
import { movingKeyturn, OLD_SECRET, oneClock, Person } from './replicas.js';

test('with { unsafe: true } a message is shown once, whichever replica left it and whichever shows it', async ({
  afterwards,
}) => {
  const clock = oneClock(afterwards);
  const { default: express } = await neighbour('express');
  const { default: session } = await neighbour('express-session');
  const store = new session.MemoryStore();
  const moveIn = { 'express-session': { store } };
  const keyturn = await movingKeyturn({ clock, moveIn }, afterwards);
  const middleware = keyturnExpress({ keyturn, csrf: 'manual', moveIn });
  await middleware.ready();
  const replica = async (sessions: any, flash: any): Promise<string> => {
    const app = express();
    app.use(sessions, flash);
    app.post('/say/:text', (request: any, response: any) => {
      request.flash('info', request.params.text);
      response.end();
    });
    app.get('/', (request: any, response: any) => response.json(request.flash('info')));
    const { url, close } = await listen(app);
    afterwards(close);
    return url;
  };
  const options = { secret: OLD_SECRET, store, resave: false, saveUninitialized: false };
  const old = await replica(session(options), connectFlash());
  const beside = await replica(middleware, connectFlash({ unsafe: true }));
  for (const [from, to] of [
    [old, beside],
    [beside, old],
    [beside, beside],
  ] as const) {
    const ada = new Person();
    await ada.post(from, '/say/saved');
    expect(await ada.sees(to)).toEqual(['saved']);
    for (const url of [to, from]) expect(await ada.sees(url)).toEqual([]);
  }
});
