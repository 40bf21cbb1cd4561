import { expect, test } from 'vitest';
import { memoryStore } from '../src/sessions/stores/memory.js';
import { createSingleUse } from '../src/single-use.js';
import { testClock, testKeyturn } from './support/keyturn.js';

async function invitations() {
  const clock = testClock();
  const keyturn = await testKeyturn({ clock });
  const store = memoryStore({ clock: clock.read });
  return {
    clock,
    store,
    signer: keyturn.signer<{ email: string }>('invitation', { maxAge: '1h' }),
    once: createSingleUse(store),
  };
}

test('a token works once', async () => {
  const { signer, once } = await invitations();
  const token = signer.sign({ email: 'ada@example.com' });
  expect(await once.redeem(signer, token)).toMatchObject({ ok: true, payload: { email: 'ada@example.com' } });
  expect(await once.redeem(signer, token)).toEqual({ ok: false, reason: 'used' });
  expect(await once.redeem(signer, signer.sign({ email: 'grace@example.com' }))).toMatchObject({ ok: true });
});

test('of many requests at once exactly one succeeds', async () => {
  const { signer, once } = await invitations();
  const token = signer.sign({ email: 'ada@example.com' });
  const results = await Promise.all(Array.from({ length: 20 }, () => once.redeem(signer, token)));
  expect(results.filter(({ ok }) => ok)).toHaveLength(1);
});

test('what does not verify is refused with its reason, and uses nothing up', async () => {
  const { clock, store, signer, once } = await invitations();
  const token = signer.sign({ email: 'ada@example.com' }, { bind: 'open' });
  expect(await once.redeem(signer, token, { bind: async () => 'closed' })).toEqual({
    ok: false,
    reason: 'bind_mismatch',
  });
  expect(await once.redeem(signer, `${token}x`)).toMatchObject({ ok: false });
  expect(store.size.sessions).toBe(0);
  expect(await once.redeem(signer, token, { bind: 'open' })).toMatchObject({ ok: true });
  clock.advance(3600);
  expect(await once.redeem(signer, token, { bind: 'open' })).toEqual({ ok: false, reason: 'expired' });
});
