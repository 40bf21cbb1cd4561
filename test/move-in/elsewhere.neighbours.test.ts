// What ends, opens and lists sessions besides requests to the app itself.
import { describe, expect } from 'vitest';
import { openHttp } from '../../src/adapters/http/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { listSessions, signOutEverywhere } from '../../src/sign-out.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import { NEIGHBOURS } from './libraries.js';
import { movingKeyturn, oneClock, Person } from './replicas.js';

const NOBODY = { user: null, cart: [] };

describe.each(NEIGHBOURS.slice(0, 4))('$name', (library) => {
  async function town(afterwards: Afterwards) {
    const clock = oneClock(afterwards);
    const shared = await library.shared();
    const store = memoryStore({ clock: clock.read });
    const cookie = library.name === 'fastify-session' ? { secure: false } : undefined;
    const moveIn = { [library.name]: { ...(shared && { store: shared }), ...(cookie && { cookie }) } };
    const user = ({ passport }: any) => passport?.user;
    const replica = { clock, store, moveIn, user };
    return {
      clock,
      store,
      replica,
      old: await library.old(shared, afterwards),
      beside: await library.keyturn({ ...replica, phase: 'beside' }, afterwards),
      over: await library.keyturn({ ...replica, phase: 'over' }, afterwards),
    };
  }

  test('signing out everywhere ends what has moved in, for good', async ({ afterwards }) => {
    const { clock, store, replica, old, beside, over } = await town(afterwards);
    const keyturn = await movingKeyturn(replica, afterwards);
    for (const url of [beside, over]) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      await ada.sees(url);
      expect((await listSessions(keyturn, 'ada', { store })).length).toBeGreaterThan(0);
      await signOutEverywhere(keyturn, 'ada', { store });
      clock.advance(120);
      for (const each of [url, url, old]) expect(await ada.sees(each)).toEqual(NOBODY);
      await ada.post(old, '/sign-in/ada');
      expect((await ada.sees(url)).user).toBe('ada');
      await ada.post(url, '/sign-out');
    }
  });

  test('a WebSocket opens the session of an old cookie, and hears of the sign-out at the library', async ({
    afterwards,
  }) => {
    const { replica, old } = await town(afterwards);
    const keyturn = await movingKeyturn(replica, afterwards);
    const { store, moveIn } = replica;
    await openHttp({ keyturn, store, moveIn });
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    const header = [...ada.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { cookie: header, origin: 'http://localhost', host: 'localhost' };
    const opened = await keyturn.sessions.open({ headers, url: '/' }, { lookEvery: 1 });
    if (!opened.ok) throw new Error(opened.reason);
    expect((opened.session as any).passport).toEqual({ user: 'ada' });
    await opened.session.update((data) => {
      data.cart = ['tea'];
    });
    if (!library.stores) return;
    expect(await ada.sees(old)).toEqual({ user: 'ada', cart: ['tea'] });
    const ended = new Promise((tell) => opened.session.onEnd(tell));
    await ada.post(old, '/sign-out');
    expect(await ended).toBe('signed_out');
  });
});
