// Which ring a running process takes for its own: what came from it by steps, and nothing else.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument, writeDocument } from '../../src/keyring/document.js';
import { Key, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import { merge } from '../../src/keyring/merge.js';
import { applyScheduled } from '../../src/keyring/scheduled.js';
import type { TransitionFacts } from '../../src/keyring/step-facts.js';
import { requireSuccessor } from '../../src/keyring/successor.js';
import { promote, retire, revoke, rollback, stage } from '../../src/keyring/transitions.js';

const NOW = Date.UTC(2026, 5, 1);
const material = (n: number) => new Material(`a secret of this test with the number ${n}`);
const kid = (n: number) => material(n).kid;
const K = [0, 1, 2, 3, 4].map(kid) as [string, string, string, string, string];
const at = (now: number, more: Partial<TransitionFacts> = {}): TransitionFacts => ({
  now,
  maxLag: 1,
  skew: 1,
  lifetimes: { session: 60 },
  replicas: [],
  why: 'a test',
  ...more,
});
const LATER = 3_600_000;

const g1 = new Keyring([new Key(material(0), 'active', { dates: { active: NOW } })], {
  id: 'ring',
  generation: 1,
});
const g2 = stage(g1, material(1), at(NOW));
const g3 = promote(g2, undefined, at(NOW + LATER));
const g4 = retire(g3, undefined, at(NOW + 2 * LATER));
/** The source fell back to generation 2 after it had been promoted, and the staged key was dropped there. */
const f3 = retire(g2, K[1], at(NOW + LATER));
const f4 = stage(f3, material(2), at(NOW + LATER));

const reread = (ring: Keyring) => parseDocument(writeDocument(ring), 'here');
const code = (present: Keyring, found: Keyring): string | undefined => {
  try {
    requireSuccessor(present, found);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const states = (ring: Keyring) => Object.fromEntries(ring.keys.map(({ id, state }) => [id, state]));
/** By hand. */
const edited = (ring: Keyring, keys: readonly Key[], generation = ring.generation) =>
  new Keyring(keys, { id: ring.id as string, generation, history: ring.history, marks: ring.marks });
const inState = (n: number, state: KeyState) => new Key(material(n), state, { dates: { [state]: NOW } });

describe('the mark of a generation', () => {
  test('is twelve bytes of ids, states and plans, in whatever order the keys stand', () => {
    expect(g2.mark).toMatch(/^[\w-]{16}$/);
    expect(edited(g2, [...g2.keys].reverse()).mark).toBe(g2.mark);
    const plan = stage(g1, material(1), at(NOW), NOW + LATER);
    expect(plan.mark).not.toBe(g2.mark);
    expect(edited(g2, g2.keys, 3).mark).not.toBe(g2.mark);
    expect(new Keyring(g2.keys, { id: 'other', generation: 2 }).mark).not.toBe(g2.mark);
  });

  test('tells nothing of dates, lifetimes, words and secrets', () => {
    const dated = g2.keys.map((key) => new Key(key.material ?? key.id, key.state, { lifetimes: { a: 1 } }));
    expect(new Keyring(dated, { id: 'ring', generation: 2 }).mark).toBe(g2.mark);
  });

  test('is that of the ring as published, also when a scheduled promotion has come about', () => {
    const plan = stage(g1, material(1), at(NOW), NOW + LATER);
    const turned = applyScheduled(plan, NOW + LATER);
    expect(turned.active.id).toBe(K[1]);
    expect(turned.mark).toBe(plan.mark);
    expect(code(plan, stage(turned, material(2), at(NOW + 2 * LATER)))).toBeUndefined();
  });

  test('stands in the document with those of the generations before', () => {
    expect(JSON.parse(writeDocument(g4)).marks).toEqual(
      [g1, g2, g3, g4].map(({ generation, mark }) => `${generation}:${mark}`),
    );
    expect(reread(g4).marks).toEqual(g4.marks);
  });
});

describe('a successor', () => {
  test.each<[string, Keyring, Keyring]>([
    ['the next generation', g2, g3],
    ['whoever slept through all steps', g1, g4],
    ['the same', g3, reread(g3)],
    ['one raised by hand, with all keys', g3, edited(g3, g3.keys, 4)],
    ['a document of all keys of an array', new Keyring([inState(0, 'active'), inState(1, 'retiring')]), g3],
    ['an array where an array was', new Keyring([inState(0, 'active')]), new Keyring([inState(1, 'active')])],
  ])('%s', (_, present, found) => {
    expect(code(present, reread_(found))).toBeUndefined();
  });

  test.each<[string, string, Keyring, Keyring]>([
    ['a fork of the same generation', 'keyring_forked', g3, f3],
    ['a fork that is further on', 'keyring_forked', g3, f4],
    ['an older generation', 'keyring_outdated', g3, g2],
    [
      'another ring',
      'keyring_forked',
      g3,
      new Keyring(g3.keys, { id: 'other', generation: 9, marks: g3.marks }),
    ],
    ['one raised by hand without a live key', 'keyring_forked', g3, edited(g3, [inState(1, 'active')], 4)],
    [
      'one raised by hand with a key retired and no line that says so',
      'keyring_forked',
      g3,
      edited(g3, [inState(1, 'active'), inState(0, 'retired')], 4),
    ],
    [
      'one that was edited and not raised',
      'keyring_forked',
      g3,
      edited(g3, [inState(0, 'active'), inState(1, 'retiring')]),
    ],
    ['one whose marks were lost', 'keyring_forked', g3, new Keyring(g4.keys, { id: 'ring', generation: 4 })],
    ['a document that lacks a key of the array', 'keyring_forked', new Keyring([inState(2, 'active')]), g3],
    ['an array where a document was', 'keyring_outdated', g3, new Keyring(g3.live)],
  ])('is not %s', (_, what, present, found) => {
    expect(code(present, reread_(found))).toBe(what);
  });

  test('of any line of steps is every later one, and of no other line any', () => {
    const steps: ReadonlyArray<(ring: Keyring, n: number, now: number) => Keyring> = [
      (ring, n, now) => stage(ring, material(n), at(now)),
      (ring, _, now) => promote(ring, undefined, at(now)),
      (ring, _, now) => rollback(ring, at(now)),
      (ring, _, now) => retire(ring, undefined, at(now)),
      (ring, n, now) => revoke(ring, ring.active.id, material(n), at(now)),
    ];
    const line = (from: Keyring, choices: readonly number[], salt: number): Keyring[] => {
      const rings = [from];
      for (const [n, choice] of choices.entries()) {
        try {
          rings.push(
            (steps[choice] as (typeof steps)[0])(rings.at(-1) as Keyring, salt + n, NOW + n * LATER),
          );
        } catch {
          // Not possible here.
        }
      }
      return rings;
    };
    const choices = fc.array(fc.nat(4), { minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(choices, choices, (some, others) => {
        const one = line(g1, some, 100);
        const other = line(g1, others, 200).slice(1);
        for (const [n, present] of one.entries())
          for (const [m, found] of one.entries()) if (m >= n) expect(code(present, found)).toBeUndefined();
        // They share their beginning alone, unless the same was done to the same keys.
        for (const present of one.slice(1))
          for (const found of other)
            if (!found.passesThrough(present)) expect(code(present, found)).toBeDefined();
      }),
      { numRuns: 50 },
    );
  });
});

/** Arrays are not documents. */
function reread_(ring: Keyring): Keyring {
  return ring.id === undefined ? ring : reread(ring);
}

describe('a running process', () => {
  test('keeps its ring where a fork is found, and takes its own line when that goes on', () => {
    const live = new LiveKeyring(g3, () => NOW + LATER);
    expect(() => live.replace(f4)).toThrow(expect.objectContaining({ code: 'keyring_forked' }));
    expect(states(live.current)).toEqual(states(g3));
    expect(live.fresh).toBe(true);
    expect(live.replace(reread(g4))).toBe(true);
    expect(states(live.current)).toEqual(states(g4));
  });

  test('obeys the revocations of a ring that it does not take, for as long as it runs', () => {
    const heard: string[] = [];
    const live = new LiveKeyring(g3, () => NOW + LATER);
    live.onChange((ring) => heard.push(ring.active.id));
    const fork = revoke(f3, K[0], material(4), at(NOW + LATER));
    expect(() => live.replace(fork)).toThrow(expect.objectContaining({ code: 'keyring_forked' }));
    expect(states(live.current)).toEqual({ [K[0]]: 'revoked', [K[1]]: 'active' });
    expect([live.fresh, heard.length]).toEqual([true, 1]);
    expect(() => live.replace(fork)).toThrow();
    expect(live.replace(stage(g3, material(3), at(NOW + LATER)))).toBe(true);
    expect(live.current.get(K[0])?.state).toBe('revoked');
  });

  test('is not ready when the key that signs is revoked elsewhere, until another one signs', () => {
    const live = new LiveKeyring(g2, () => NOW);
    const fork = revoke(stage(g1, material(2), at(NOW + 1)), K[0], material(4), at(NOW + 1));
    expect(() => live.replace(fork)).toThrow(expect.objectContaining({ code: 'keyring_forked' }));
    expect(live.fresh).toBe(false);
    expect(() => live.requireFresh()).toThrow(expect.objectContaining({ code: 'keyring_unavailable' }));
    expect(live.current.get(K[0])?.live).toBe(false);
    expect(live.current.get(K[1])?.live).toBe(true);
    expect(live.replace(g3)).toBe(true);
    expect([live.fresh, live.current.active.id]).toEqual([true, K[1]]);
  });

  test('signs nothing once another ring was made to take the place of its own', () => {
    const live = new LiveKeyring(g3, () => NOW);
    const other = new Keyring([inState(4, 'active')], { id: 'new', generation: 1, replaces: ['ring'] });
    expect(() => live.replace(reread(other))).toThrow(/made to take the place/);
    expect(live.fresh).toBe(false);
    expect(live.current.get(K[1])?.live).toBe(true);
    live.replace(g4);
    expect(live.fresh).toBe(true);
  });
});

describe('one ring of two copies', () => {
  const facts = { now: NOW + LATER, lifetimes: { session: 60 }, fresh: material(9), who: 'ann' };

  test('follows on both, with every key in its furthest state', () => {
    const merged = merge(g3, f4, facts);
    expect(merged.generation).toBe(5);
    // Retired on one of them: its secret may have been thrown away for a reason.
    expect(states(merged)).toEqual({ [K[1]]: 'retired', [K[0]]: 'active', [K[2]]: 'staged' });
    for (const present of [g1, g2, g3, f3, f4]) expect(code(present, reread(merged))).toBeUndefined();
    expect(merged.history.at(-1)).toMatchObject({ what: 'import', who: 'ann' });
  });

  test('of an older copy is what there is: nothing changes', () => {
    expect(merge(g4, g2, facts)).toBe(g4);
    expect(merge(g4, g4, facts)).toBe(g4);
  });

  test('of a newer copy takes all of it', () => {
    const merged = merge(g2, g4, facts);
    expect(states(merged)).toEqual(states(g4));
    expect(code(g4, merged)).toBeUndefined();
  });

  test('of one that was edited in place brings back nothing that a step took away', () => {
    const revoked = revoke(g3, K[0], material(4), at(NOW + LATER));
    const byHand = edited(revoked, [inState(0, 'retiring'), inState(1, 'active'), inState(3, 'staged')]);
    const merged = merge(reread(byHand), reread(byHand), facts);
    expect(states(merged)).toEqual({ [K[0]]: 'revoked', [K[1]]: 'active', [K[3]]: 'staged' });
    expect(code(revoked, merged)).toBeUndefined();
  });

  test('does not let a key sign that one of them does not know, as long as there is another', () => {
    const other = promote(stage(g1, material(2), at(NOW)), undefined, at(NOW + LATER));
    const merged = merge(g2, other, facts);
    expect(states(merged)).toEqual({ [K[0]]: 'active', [K[1]]: 'staged', [K[2]]: 'retiring' });
  });

  test('where all keys that signed are revoked a fresh one signs', () => {
    const one = revoke(g1, K[0], material(3), at(NOW));
    const other = edited(g1, [inState(4, 'active'), inState(3, 'revoked'), inState(0, 'revoked')], 2);
    expect(states(merge(one, revoke(other, K[4], material(2), at(NOW)), facts))).toMatchObject({
      [K[0]]: 'revoked',
      [K[3]]: 'revoked',
      [K[4]]: 'revoked',
      [K[2]]: 'active',
    });
  });
});
