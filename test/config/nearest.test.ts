import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.js';

const KNOWN = ['session.idle', 'session.max_age', 'session.cookie.name', 'log.level'];

describe('nearest', () => {
  test.each([
    ['session.idel', 'session.idle'],
    ['sesion.max_age', 'session.max_age'],
    ['SESSION.IDLE', 'session.idle'],
    ['session.maxage', 'session.max_age'],
    ['log.levle', 'log.level'],
    ['log.level', 'log.level'],
  ])('%s means %s', (typed, meant) => {
    expect(nearest(typed, KNOWN)).toBe(meant);
  });

  test.each(['', 'x', 'database.url', 'completely.different.thing'])('%j resembles nothing', (typed) => {
    expect(nearest(typed, KNOWN)).toBeUndefined();
  });

  test('a section that was left out is put in front', () => {
    const known = ['KEYTURN_SESSION__STORE', 'KEYTURN_SECURITY__KEYRING__STORE', 'security.keyring.store'];
    expect(nearest('KEYTURN_KEYRING__STORE', known)).toBe('KEYTURN_SECURITY__KEYRING__STORE');
    expect(nearest('keyring.store', known)).toBe('security.keyring.store');
  });

  test('the closest wins, not the first that is close enough', () => {
    expect(nearest('abcdefghj', ['abcdefxyj', 'abcdefghi'])).toBe('abcdefghi');
  });

  test('nothing is near when nothing is known', () => {
    expect(nearest('session', [])).toBeUndefined();
  });
});
