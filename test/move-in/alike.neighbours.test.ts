// Cookies of cookie-session are the data. Visitors whose data are alike have the same cookie, and stay two visitors.
import { describe, expect } from 'vitest';
import { listen } from '../bridges/apps/listen.mjs';
import { neighbour } from '../bridges/neighbours.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import { expressApp, KINDS, keyturnReplica, OLD_SECRET, oneClock, Person } from './replicas.js';

async function oldReplica(afterwards: Afterwards): Promise<string> {
  const { default: cookieSession } = await neighbour('cookie-session');
  const app = await expressApp(cookieSession({ keys: [OLD_SECRET] }));
  const { url, close } = await listen(app);
  afterwards(close);
  return url;
}

describe.each(Object.keys(KINDS))('sessions of Keyturn %s', (kind) => {
  test.for(['beside', 'over'] as const)('two with the same cookie, %s', async (phase, { afterwards }) => {
    const clock = oneClock(afterwards);
    const store = KINDS[kind]?.(clock);
    const old = await oldReplica(afterwards);
    const kept = store === undefined ? {} : { store };
    const now = await keyturnReplica({ phase, clock, moveIn: { 'cookie-session': {} }, ...kept }, afterwards);
    const [ada, eve] = [new Person(), new Person()];
    for (const one of [ada, eve]) await one.post(old, '/cart/hat');
    expect(ada.browser.cookies).toEqual(eve.browser.cookies);
    for (const one of [eve, ada]) expect((await one.sees(now)).cart).toEqual(['hat']);
    const ids = [ada, eve].map(async ({ browser }) => await (await browser.fetch(`${now}/id`)).text());
    expect(new Set(await Promise.all(ids)).size).toBe(2);
    await ada.post(now, '/cart/ring');
    expect((await ada.sees(now)).cart).toEqual(['hat', 'ring']);
    expect((await eve.sees(now)).cart).toEqual(['hat']);
    // Nor does one of them end the session of the other.
    await eve.post(now, '/sign-out');
    expect((await ada.sees(now)).cart).toEqual(['hat', 'ring']);
  });
});
