// The same of each library: a deploy in progress, a rollback, and the deploy after which only Keyturn is left.
import { describe, expect } from 'vitest';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import { CASES } from './libraries.js';
import { KINDS, oneClock, Person } from './replicas.js';

const NOBODY = { user: null, cart: [] };
const HOUR = 3600;

describe.each(CASES)('$title', ({ library, kind }) => {
  async function town(afterwards: Afterwards) {
    const clock = oneClock(afterwards);
    const shared = await library.shared();
    const store = KINDS[kind]?.(clock);
    const cookie = library.name === 'fastify-session' ? { secure: false } : undefined;
    const options = { ...(shared && { store: shared }), ...(cookie && { cookie }) };
    const replica = { clock, moveIn: { [library.name]: options }, ...(store && { store }) };
    return {
      clock,
      old: await library.old(shared, afterwards),
      beside: await library.keyturn({ ...replica, phase: 'beside' }, afterwards),
      over: await library.keyturn({ ...replica, phase: 'over' }, afterwards),
    };
  }

  test('one visitor is served by both in turns', async ({ afterwards }) => {
    const { old, beside } = await town(afterwards);
    for (const first of [old, beside]) {
      const ada = new Person();
      await ada.post(first, '/sign-in/ada');
      const cart: string[] = [];
      for (const [at, url] of [beside, old, old, beside, beside, old].entries()) {
        await ada.post(url, `/cart/${at}`);
        cart.push(String(at));
        for (const each of [old, beside]) expect(await ada.sees(each)).toEqual({ user: 'ada', cart });
      }
      await ada.post(first === old ? beside : old, '/sign-out');
      for (const each of [old, beside]) expect(await ada.sees(each)).toEqual(NOBODY);
    }
  });

  test('another sign-in at either is one at both', async ({ afterwards }) => {
    const { old, beside } = await town(afterwards);
    const person = new Person();
    await person.post(old, '/sign-in/ada');
    await person.sees(beside);
    await person.post(old, '/sign-in/grace');
    expect((await person.sees(beside)).user).toBe('grace');
    await person.post(beside, '/sign-in/joan');
    expect((await person.sees(old)).user).toBe('joan');
  });

  test('a rollback to the library after an hour', async ({ afterwards }) => {
    const { clock, old, beside } = await town(afterwards);
    const [ada, grace] = [new Person(), new Person()];
    await ada.post(old, '/sign-in/ada');
    await grace.post(beside, '/sign-in/grace');
    for (let quarter = 0; quarter < 4; quarter++) {
      for (const person of [ada, grace]) await person.post(beside, `/cart/${quarter}`);
      clock.advance(HOUR / 4);
    }
    const cart = ['0', '1', '2', '3'];
    expect(await ada.sees(old)).toEqual({ user: 'ada', cart });
    expect(await grace.sees(old)).toEqual({ user: 'grace', cart });
  });

  test('over: taken over, signed out for good, with one replica late', async ({ afterwards }) => {
    const { old, beside, over } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    await ada.post(over, '/cart/tea');
    expect(await ada.sees(over)).toEqual({ user: 'ada', cart: ['tea'] });
    expect(await ada.sees(beside)).toEqual({ user: 'ada', cart: ['tea'] });
    await ada.post(over, '/cart/milk');
    expect(await ada.sees(beside)).toEqual({ user: 'ada', cart: ['tea', 'milk'] });
    expect(await ada.sees(old)).toEqual({ user: 'ada', cart: ['tea', 'milk'] });
    await ada.post(over, '/sign-out');
    for (const url of [over, beside, old]) expect(await ada.sees(url)).toEqual(NOBODY);
  });

  test('two devices of one person have a session each', async ({ afterwards }) => {
    const { old, beside, over } = await town(afterwards);
    for (const url of [beside, over]) {
      const [laptop, phone, watch] = [new Person(), new Person(), new Person()];
      for (const device of [laptop, phone, watch]) await device.post(old, '/sign-in/ada');
      await laptop.sees(url);
      await phone.sees(url);
      await phone.post(url, '/cart/tea');
      await laptop.post(url, '/sign-out');
      expect(await laptop.sees(url)).toEqual(NOBODY);
      expect(await phone.sees(url)).toEqual({ user: 'ada', cart: ['tea'] });
      expect(await watch.sees(url)).toEqual({ user: 'ada', cart: [] });
    }
  });

  test('what was sent before a sign-out, and comes after it, signs nobody in', async ({ afterwards }) => {
    if (kind !== 'in a store') return;
    const { old, beside, over } = await town(afterwards);
    for (const url of [beside, over]) {
      const ada = new Person();
      await ada.post(old, '/sign-in/ada');
      await ada.sees(url);
      const late = ada.copy();
      await ada.post(url, '/sign-out');
      expect(await late.sees(url)).toEqual(NOBODY);
      // What the browser makes of both answers.
      for (const [name, value] of late.browser.cookies) ada.browser.cookies.set(name, value);
      expect(await ada.sees(url)).toEqual(NOBODY);
    }
  });

  test('an altered cookie is none', async ({ afterwards }) => {
    const { old, beside, over } = await town(afterwards);
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    const { cookies } = ada.browser;
    const signed = cookies.has(`${library.cookie}.sig`) ? `${library.cookie}.sig` : library.cookie;
    const value = cookies.get(signed) as string;
    for (const altered of [`${value.slice(0, -3)}AAA`, value.slice(0, -1), '']) {
      const thief = ada.copy();
      thief.browser.cookies.set(signed, altered);
      for (const url of [beside, over]) expect(await thief.copy().sees(url)).toEqual(NOBODY);
    }
    if (library.stores) return;
    // What is signed is the value with the name before it.
    const thief = ada.copy();
    const forged = Buffer.from(JSON.stringify({ passport: { user: 'root' } })).toString('base64');
    thief.browser.cookies.set(library.cookie, forged);
    for (const url of [beside, over]) expect(await thief.copy().sees(url)).toEqual(NOBODY);
  });
});
