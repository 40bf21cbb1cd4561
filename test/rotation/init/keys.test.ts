// Which keys a ring begins with: one rule for `keyturn init`, `keyturn import` and `initKeyring`.
import { expect, test } from 'vitest';
import { Key, type KeyState, Material } from '../../../src/keyring/key.js';
import { type FirstKeys, firstKeys } from '../../../src/rotation/init/first-ring.js';
import { COMING, kidOf, OLDER, OLDEST, STRONG } from '../../support/machine.js';

const FRESH = new Material(COMING);
const material = (secret: string) => new Material(secret);
const key = (secret: string, state: KeyState) => new Key(material(secret), state);
const told = ({ keys, ...rest }: FirstKeys) => ({
  keys: keys.map(({ id, state }) => `${id} ${state}`),
  ...rest,
});
const [K, OLD, OLDER_STILL, WEAK] = [kidOf(STRONG), kidOf(OLDER), kidOf(OLDEST), kidOf('changeme')];

test('the keys in force keep their states, and where there are none a fresh one signs', () => {
  const inForce = [key(STRONG, 'active'), key(OLDER, 'staged'), new Key('abcdefgh', 'revoked')];
  expect(firstKeys([], inForce, FRESH)).toEqual({ keys: inForce, kept: [], left: [] });
  expect(told(firstKeys([], [], FRESH))).toEqual({
    keys: [`${FRESH.kid} active`],
    kept: [],
    left: [],
  });
});

test('of imported secrets the first signs; the keys in force go on verifying; each is there once', () => {
  const imported = [STRONG, OLDER, STRONG].map(material);
  const inForce = [key(OLDEST, 'active'), key(OLDER, 'staged'), new Key('abcdefgh', 'revoked')];
  expect(told(firstKeys(imported, inForce, FRESH))).toEqual({
    keys: [`${K} active`, `${OLD} retiring`, `${OLDER_STILL} retiring`, 'abcdefgh revoked'],
    kept: [OLDER_STILL],
    left: [],
  });
});

test('the key that has signed keeps what is known of it', () => {
  const facts = { dates: { active: 1 }, lifetimes: { session: 60 } };
  const inForce = [new Key(material(OLDER), 'active', facts)];
  const { keys } = firstKeys([material(STRONG)], inForce, FRESH);
  expect(keys[1]).toMatchObject({ id: OLD, state: 'retiring', live: true, ...facts });
});

test('what does not come along is told: weak ones in force, imported ones that are revoked', () => {
  const inForce = [key('changeme', 'active'), new Key(OLD, 'revoked')];
  expect(told(firstKeys([STRONG, OLDER].map(material), inForce, FRESH))).toEqual({
    keys: [`${K} active`, `${OLD} revoked`],
    kept: [],
    left: [WEAK, OLD],
  });
  expect(() => firstKeys([material(OLDER)], inForce, FRESH)).toThrow(
    expect.objectContaining({ code: 'key_state' }),
  );
});
