// A key: what a step makes of it, and how its id is typed.
import { describe, expect, test } from 'vitest';
import { Key, larger, Material, typed } from '../../src/keyring/key.js';
import { isReportHmac, reportHmac } from '../../src/keyring/report-hmac.js';

const material = new Material('a secret of this test');
const staged = new Key(material, 'staged', {
  dates: { staged: 1 },
  lifetimes: { session: 5 },
  scheduledFor: 9,
  clocks: { boot: 3 },
});

describe('a key', () => {
  test('forgets its plan and its clocks with the next step, and keeps its dates and lifetimes', () => {
    const active = staged.enter('active', 7);
    expect(active).toMatchObject({
      state: 'active',
      dates: { staged: 1, active: 7 },
      lifetimes: { session: 5 },
      scheduledFor: undefined,
      clocks: {},
      live: true,
    });
    expect(active.material).toBe(material);
  });

  test('with longer lifetimes is the same in everything else', () => {
    const longer = staged.withLifetimes({ session: 3, csrf: 8 });
    expect(longer).toMatchObject({
      id: staged.id,
      state: 'staged',
      dates: { staged: 1 },
      scheduledFor: 9,
      clocks: { boot: 3 },
      lifetimes: { session: 5, csrf: 8 },
    });
    expect(longer.material).toBe(material);
    const gone = staged.enter('revoked', 8);
    expect(gone.withLifetimes({ a: 1 })).toMatchObject({ id: staged.id, state: 'revoked', live: false });
  });

  test.each(['retired', 'revoked'] as const)('that is %s has its id alone', (state) => {
    for (const key of [new Key(material, state), staged.enter(state, 8)]) {
      expect([key.id, key.live, key.material]).toEqual([material.kid, false, undefined]);
    }
  });
});

test('an id that begins with a hyphen is typed so that it is not taken for an option', () => {
  expect(typed('-bcdefgh')).toBe('-- -bcdefgh');
  expect(typed('ab-defgh')).toBe('ab-defgh');
});

test('of two lists of lengths the longer of each, also of one called like what every object has', () => {
  const lengths = larger({ a: 5, b: 1 }, { b: 2, constructor: 3 } as Record<string, number>);
  expect(Object.entries(lengths)).toEqual([
    ['a', 5],
    ['b', 2],
    ['constructor', 3],
  ]);
  expect(larger({ a: 5 }, { a: 4 })).toEqual({ a: 5 });
});

describe('the HMAC of a report', () => {
  const key = new Key(material, 'active');
  const hmac = reportHmac(key, 'text', 'shop') as string;

  test('is believed of this key, text and app, and of no other', () => {
    expect(hmac).toMatch(/^[\w-]{43}$/);
    expect(isReportHmac(key, 'text', hmac, 'shop')).toBe(true);
    expect(isReportHmac(key, 'text.', hmac, 'shop')).toBe(false);
    expect(isReportHmac(key, 'text', hmac, 'blog')).toBe(false);
    expect(isReportHmac(key, 'text', hmac, undefined)).toBe(false);
    expect(isReportHmac(new Key(new Material('another'), 'active'), 'text', hmac, 'shop')).toBe(false);
  });

  test('is not what is none: another length, another type, nothing', () => {
    for (const found of [`${hmac}A`, hmac.slice(1), '', undefined, null, 5, [hmac], {}])
      expect(isReportHmac(key, 'text', found, 'shop')).toBe(false);
  });

  test('is none of a key that is gone', () => {
    const gone = new Key(material, 'revoked');
    expect(reportHmac(gone, 'text', 'shop')).toBeUndefined();
    expect(isReportHmac(gone, 'text', hmac, 'shop')).toBe(false);
    expect(isReportHmac(gone, 'text', undefined, 'shop')).toBe(false);
  });
});
