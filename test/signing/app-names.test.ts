// An app that gets another name, or its first one: until every replica has it, tokens made under either are taken.
import { describe, expect, test } from 'vitest';
import type { AppNames } from '../../src/config/app.js';
import type { Epoch } from '../../src/signing/purpose-keys.js';
import { bench, outcome, ring } from './helpers.js';

const signerOf = (apps: AppNames, epoch: Epoch = 'none') =>
  bench(ring({ a: 'active', b: 'retiring' }), 'session', 3600, { apps, epoch }).signer;

const EPOCHS: readonly Epoch[] = ['none', 'day'];

describe.each(EPOCHS)('made with epoch %s', (made) => {
  test.each(EPOCHS)('a token of the other name is taken, and signed again: read with epoch %s', (read) => {
    for (const [before, after] of [
      ['shop', 'store'],
      [undefined, 'store'],
      ['shop', undefined],
    ] as const) {
      const token = signerOf([before], made).sign('x');
      expect(signerOf([after, before], read).verify(token)).toMatchObject({ ok: true, payload: 'x' });
      expect(outcome(signerOf([after], read).verify(token))).toBe('bad_signature');
    }
  });

  test('the third name that was given is taken, too', () => {
    const token = signerOf(['shop'], made).sign('x');
    expect(outcome(signerOf(['store', 'market', 'shop']).verify(token))).toBe('ok');
    expect(outcome(signerOf(['store', 'market', 'stall']).verify(token))).toBe('bad_signature');
  });
});

test('it is the own name that signs', () => {
  const token = signerOf(['store', 'shop']).sign('x');
  expect(outcome(signerOf(['store']).verify(token))).toBe('ok');
  expect(outcome(signerOf(['shop']).verify(token))).toBe('bad_signature');
});
