// What impact says where the configuration at hand does not know everything. That it is true of an app is in
// impact-truth.test.ts.
import { expect, test } from 'vitest';
import { applyLayers } from '../../src/config/apply-layers.js';
import { Key, type KeyFacts, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import type { ReplicaFacts, TransitionFacts } from '../../src/keyring/step-facts.js';
import { PurposeRegistry } from '../../src/purposes/registry.js';
import { impactOf } from '../../src/rotation/impact.js';
import { OTHER_SECRET, SECRET } from '../support/keyturn.js';

const DAY = 86_400;
const NOW = Date.UTC(2026, 10, 20);
const registry = new PurposeRegistry(applyLayers('prod', [], {}).settings, true);
const kid = new Material(OTHER_SECRET).kid;

/** A ring with an active key and another one. */
function ring(state: KeyState, facts: KeyFacts = {}, id: string | null = 'x'): Keyring {
  const keys = [
    new Key(new Material(SECRET), 'active'),
    new Key(new Material(OTHER_SECRET), state, { dates: { [state]: NOW }, ...facts }),
  ];
  return id === null ? new Keyring(keys) : new Keyring(keys, { id });
}

function facts(parts: Partial<TransitionFacts> = {}): TransitionFacts {
  const lifetimes = Object.fromEntries(registry.all.map(({ name, maxAge }) => [name, maxAge]));
  const all = { ...lifetimes, ...parts.lifetimes };
  return { now: NOW, maxLag: 60, skew: 300, replicas: [], ...parts, lifetimes: all };
}

const replica = (parts: Partial<ReplicaFacts>): ReplicaFacts => ({
  instance: 'a',
  verifies: [],
  signs: 'k',
  ...parts,
});

test('a purpose that only replicas know of has a line, in every step', () => {
  const known = facts({ lifetimes: { 'made-up': 45 * DAY } });
  const line = {
    purpose: 'made-up',
    about: 'tokens of the purpose "made-up"',
    state: 'in the token',
    maxAge: 45 * DAY,
  };
  const rows = (step: 'retire' | 'revoke') =>
    impactOf({ step, kid }, ring('retiring'), registry, known).rows.slice(registry.all.length);
  expect(rows('revoke')).toEqual([{ ...line, effect: 'refused', sees: 'the app refuses the token' }]);
  expect(rows('retire')).toEqual([{ ...line, effect: 'none', sees: 'nothing' }]);
  expect(impactOf({ step: 'rotate' }, undefined, registry, known).rows.at(-1)).toEqual({
    ...line,
    effect: 'continues',
    sees: 'nothing',
  });
});

test('so has one that was declared while the key signed, with the lifetime that was in force then', () => {
  const of = ring('retiring', { lifetimes: { gone: 2 * DAY, session: 40 * DAY } });
  const after = (days: number) => {
    const { rows } = impactOf({ step: 'revoke', kid }, of, registry, facts({ now: NOW + days * DAY * 1000 }));
    return Object.fromEntries(rows.map(({ purpose, maxAge, effect }) => [purpose, [maxAge, effect]]));
  };
  expect(after(1)).toMatchObject({ gone: [2 * DAY, 'refused'], session: [40 * DAY, 'refused'] });
  expect(after(3)).toMatchObject({ gone: [2 * DAY, 'none'], session: [40 * DAY, 'refused'] });
  expect(after(41)).toMatchObject({ session: [40 * DAY, 'none'] });
});

test.each([
  ['no process has signed with it', ring('staged'), [replica({})], 'none'],
  ['a process signs with it, since the document was put back', ring('staged'), [replica({ signs: kid })]],
  ['a process has signed with it', ring('staged'), [replica({ lastSigned: { [kid]: NOW - 1 } })]],
  [
    'one that has ended had signed with it',
    ring('staged'),
    [replica({ lastSigned: { [kid]: 1 }, ended: true })],
  ],
  ['another may be a deploy ahead, where variables hold the keys', ring('staged', {}, null), []],
] as const)('revoking a staged key: %s', (_, of, replicas, effect: string = 'refused') => {
  const { rows } = impactOf({ step: 'revoke', kid }, of, registry, facts({ replicas: [...replicas] }));
  expect([...new Set(rows.map((row) => row.effect))]).toEqual([effect]);
});
