// Moving in from a library that a bridge stood beside: its cookies are signed by keys of the ring by then.
import { describe, expect } from 'vitest';
import type { Keyring } from '../../src/keyring/keyring.js';
import { RINGS } from '../bridges/beside.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import { CASES } from './libraries.js';
import { KINDS, keyturnWith, oneClock, Person } from './replicas.js';

const NOBODY = { user: null, cart: [] };
const ADA = { user: 'ada', cart: [] };

describe.each(CASES)('$title', ({ library, kind }) => {
  async function town(
    afterwards: Afterwards,
    section: { readonly secrets?: readonly string[]; readonly until?: string } = {},
    rings: { readonly bridge: Keyring; readonly own: Keyring } = { bridge: RINGS.before, own: RINGS.before },
  ) {
    const clock = oneClock(afterwards);
    const shared = await library.shared();
    const store = KINDS[kind]?.(clock);
    const cookie = library.name === 'fastify-session' ? { secure: false } : undefined;
    const options = { ...(shared && { store: shared }), ...(cookie && { cookie }) };
    const replica = {
      clock,
      moveIn: { [library.name]: options },
      ...section,
      ring: rings.own,
      ...(store && { store }),
    };
    const settings = { purposes: { [library.name]: { max_age: '1d' } } };
    const bridge = await keyturnWith(
      { name: library.name, phase: 'over', clock, ring: rings.bridge, settings, ...section },
      afterwards,
    );
    return {
      old: await library.old(shared, afterwards),
      bridged: await library.bridged(shared, bridge, afterwards),
      beside: await library.keyturn({ ...replica, phase: 'beside' }, afterwards),
      over: await library.keyturn({ ...replica, phase: 'over' }, afterwards),
    };
  }

  test('the bridge was over: nobody is signed out, at a replica of either kind', async ({ afterwards }) => {
    const { bridged, beside } = await town(afterwards);
    const [ada, grace] = [new Person(), new Person()];
    await ada.post(bridged, '/sign-in/ada');
    expect(await ada.sees(beside)).toEqual(ADA);
    expect(await ada.sees(bridged)).toEqual(ADA);
    await ada.post(beside, '/cart/tea');
    expect(await ada.sees(bridged)).toEqual({ user: 'ada', cart: ['tea'] });
    await ada.post(bridged, '/cart/milk');
    expect(await ada.sees(beside)).toEqual({ user: 'ada', cart: ['tea', 'milk'] });
    await grace.post(beside, '/sign-in/grace');
    expect((await grace.sees(bridged)).user).toBe('grace');
    await ada.post(beside, '/sign-out');
    for (const url of [bridged, beside]) expect(await ada.sees(url)).toEqual(NOBODY);
  });

  test('what is written beside is read by replicas without a bridge, too', async ({ afterwards }) => {
    const { old, bridged, beside } = await town(afterwards);
    const ada = new Person();
    await ada.post(beside, '/sign-in/ada');
    for (const url of [old, bridged, beside]) expect(await ada.copy().sees(url)).toEqual(ADA);
  });

  test('straight on in the phase over, also after the end of the old secrets', async ({ afterwards }) => {
    for (const until of ['2099-01-01', '2001-01-01']) {
      const { bridged, over } = await town(afterwards, { until });
      const ada = new Person();
      await ada.post(bridged, '/sign-in/ada');
      await ada.post(over, '/cart/tea');
      expect(await ada.sees(over)).toEqual({ user: 'ada', cart: ['tea'] });
      await ada.post(over, '/sign-out');
      for (const url of [over, bridged]) expect(await ada.sees(url)).toEqual(NOBODY);
    }
  });

  test('after the end an old secret signs nobody in', async ({ afterwards }) => {
    const { old, over } = await town(afterwards, { until: '2001-01-01' });
    const ada = new Person();
    await ada.post(old, '/sign-in/ada');
    expect(await ada.sees(over)).toEqual(NOBODY);
  });

  test('where no old secret is left the key of the ring signs', async ({ afterwards }) => {
    const { bridged, beside } = await town(afterwards, { secrets: [] });
    const ada = new Person();
    await ada.post(beside, '/sign-in/ada');
    expect(await ada.sees(bridged)).toEqual(ADA);
    await ada.post(bridged, '/cart/tea');
    expect(await ada.sees(beside)).toEqual({ user: 'ada', cart: ['tea'] });
  });

  test('a key that is staged, or going out, is one of them; a revoked one is not', async ({ afterwards }) => {
    for (const rings of [
      { bridge: RINGS.promoted, own: RINGS.staged },
      { bridge: RINGS.before, own: RINGS.promoted },
    ]) {
      const { bridged, beside, over } = await town(afterwards, {}, rings);
      const ada = new Person();
      await ada.post(bridged, '/sign-in/ada');
      for (const url of [beside, over]) expect(await ada.copy().sees(url)).toEqual(ADA);
    }
    const { bridged, beside, over } = await town(
      afterwards,
      {},
      { bridge: RINGS.before, own: RINGS.revoked },
    );
    const thief = new Person();
    await thief.post(bridged, '/sign-in/ada');
    for (const url of [beside, over]) expect(await thief.copy().sees(url)).toEqual(NOBODY);
  });

  test('a cookie of a key that is going out is signed again, and outlives it', async ({ afterwards }) => {
    const { bridged, beside } = await town(afterwards, {}, { bridge: RINGS.before, own: RINGS.promoted });
    const ada = new Person();
    await ada.post(bridged, '/sign-in/ada');
    const name = library.stores ? library.cookie : `${library.cookie}.sig`;
    const before = ada.browser.cookies.get(name);
    await ada.sees(beside);
    await ada.sees(beside);
    expect(ada.browser.cookies.get(name)).not.toBe(before);
    expect(await ada.sees(beside)).toEqual(ADA);
  });
});
