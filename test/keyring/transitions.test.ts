// What all transitions have in common. That together they log nobody out is what model.test.ts is about.
import { describe, expect, test } from 'vitest';
import { Keyring } from '../../src/keyring/keyring.js';
import type { TransitionFacts } from '../../src/keyring/step-facts.js';
import { promote, retire, revoke, rollback, stage } from '../../src/keyring/transitions.js';
import {
  EARLIER,
  FIRST,
  FRESH,
  facts,
  K1,
  K2,
  K3,
  key,
  LIFETIME,
  NOW,
  PROMOTED,
  refusal,
  ring,
  SECOND_KEY,
  STAGED,
  THIRD,
  WINDOW,
} from './bench.js';

describe('every transition', () => {
  const steps: [string, string, string, Keyring, (from: Keyring, given: TransitionFacts) => Keyring][] = [
    ['stage', K3, 'stage', PROMOTED, (from, given) => stage(from, THIRD, given)],
    ['promote', K2, 'promote', STAGED, (from, given) => promote(from, undefined, given)],
    ['rollback', K1, 'rollback', PROMOTED, rollback],
    ['retire', K1, 'retire', PROMOTED, (from, given) => retire(from, undefined, given)],
    ['revoke', K1, 'revoke', PROMOTED, (from, given) => revoke(from, K1, FRESH, given)],
  ];

  test.each(steps)('%s raises the generation and writes a line of history', (_, kid, what, from, step) => {
    const later = facts({ now: NOW + WINDOW, who: 'bob', why: 'it is due' });
    const next = step(from, later);
    expect(next.generation).toBe(8);
    expect(next.id).toBe('ring');
    expect(next.history).toEqual([EARLIER, { at: NOW + WINDOW, what, kid, who: 'bob', why: 'it is due' }]);
  });

  test.each(
    steps.slice(0, 4),
  )('%s leaves out who and why when nobody says so', (_, kid, what, from, step) => {
    const next = step(from, facts({ now: NOW + WINDOW }));
    expect(next.history.at(-1)).toStrictEqual({ at: NOW + WINDOW, what, kid });
  });

  test.each(steps)('%s leaves the ring that it is given as it was', (_, _kid, _what, from, step) => {
    const before = JSON.stringify(from);
    step(from, facts({ now: NOW + WINDOW, why: 'due' }));
    expect(JSON.stringify(from)).toBe(before);
    expect(Object.isFrozen(from.keys)).toBe(true);
  });

  test.each(
    steps,
  )('%s notes the lifetimes in force with the key that signs', (_, _kid, _what, from, step) => {
    const lifetimes = { session: 2 * LIFETIME, url: 60 };
    const next = step(from, facts({ now: NOW + 2 * WINDOW, lifetimes, why: 'due' }));
    expect(next.active.lifetimes).toEqual(lifetimes);
  });

  test.each(steps)('%s refuses keys that are in no document', (_, _kid, _what, from, step) => {
    const error = refusal(() => step(new Keyring(from.keys), facts({ now: NOW + WINDOW, why: 'due' })));
    expect(error.code).toBe('keyring_not_document');
    expect(error.hint).toBe('turn them into one: keyturn init, or keyturn import FILE');
  });

  test.each(steps)('%s starts from a scheduled promotion that is due', (name, _kid, _what, _from, step) => {
    const plan = { scheduledFor: NOW + 1000 };
    const from = ring(key(SECOND_KEY, 'staged', plan), key(FIRST, 'active'));
    const attempt = () => step(from, facts({ now: NOW + 2 * WINDOW, why: 'due' }));
    if (name === 'promote') {
      expect(refusal(attempt)).toMatchObject({ code: 'key_unknown', message: 'no key is staged' });
      return;
    }
    const next = attempt();
    expect(next.history[1]).toEqual({
      at: NOW + 1000,
      what: 'promote',
      kid: K2,
      why: 'as scheduled when it was staged',
    });
    expect(next.history).toHaveLength(3);
    expect(next.get(K2)?.dates.active).toBe(NOW + 1000);
    expect(next.get(K1)?.dates.retiring).toBe(NOW + 1000);
  });
});
