// A clock that is wrong: what was issued more than a day in the future is refused, and less signs nobody out.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { Csrf } from '../../src/http/csrf.js';
import { createJwt, createRefreshTokens } from '../../src/jwt/index.js';
import type { Keyturn } from '../../src/keyturn.js';
import { internalsOf } from '../../src/keyturn.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { testClock, testKeyturn } from '../support/keyturn.js';

const DAY = 86_400;
const YEARS = 10 * 365 * DAY;

/** What each kind of token makes of one that it issued itself: undefined when it is accepted. */
type Kind = (keyturn: Keyturn) => Promise<() => string | undefined | Promise<string | undefined>>;

const reasonOf = (result: { readonly ok: boolean; readonly reason?: string }) =>
  result.ok ? undefined : result.reason;

const KINDS: Readonly<Record<string, Kind>> = {
  'a signed token': async (keyturn) => {
    const signer = keyturn.signer('invitation');
    const token = signer.sign(1);
    return () => reasonOf(signer.verify(token));
  },
  'a bound token': async (keyturn) => {
    const signer = keyturn.signer('invitation');
    const token = signer.sign(1, { bind: 'x' });
    return () => reasonOf(signer.verify(token, { bind: 'x' }));
  },
  'a token seen a moment ago': async (keyturn) => {
    const signer = internalsOf(keyturn).ownSigner('session');
    const token = signer.sign(1);
    signer.check(token);
    return () => reasonOf(signer.check(token));
  },
  'a sealed token': async (keyturn) => {
    const sealer = keyturn.sealer('draft', { maxAge: '30d' });
    const token = sealer.seal(1);
    return () => reasonOf(sealer.open(token));
  },
  'a link': async (keyturn) => {
    const links = keyturn.links();
    const url = links.sign('/a');
    return () => reasonOf(links.verify({ method: 'GET', url }));
  },
  'an access token': async (keyturn) => {
    const jwt = createJwt(keyturn, { issuer: 'a', audience: 'b' });
    const token = jwt.sign({});
    return () => reasonOf(jwt.verify(token));
  },
  'a refresh token': async (keyturn) => {
    const { clock } = internalsOf(keyturn);
    const refresh = createRefreshTokens(keyturn, { store: memoryStore({ clock }) });
    const { token } = await refresh.issue({ user: 'ada' });
    return async () => reasonOf(await refresh.rotate(token));
  },
  'a CSRF token': async (keyturn) => {
    const csrf = new Csrf(internalsOf(keyturn).ownSigner('csrf'), 'token', new Set());
    const token = csrf.issue('id', 'session');
    const unsaid = { origin: undefined, fetchSite: undefined, host: undefined, https: true };
    return () => (csrf.refuses(unsaid, token, 'id') === undefined ? undefined : 'not_yet_valid');
  },
};

afterEach(() => vi.restoreAllMocks());

describe.each(Object.entries(KINDS))('%s', (_name, issue) => {
  test.each([
    [60, undefined],
    [DAY - 1, undefined],
    [DAY, undefined],
    [DAY + 1, 'not_yet_valid'],
    [YEARS, 'not_yet_valid'],
  ])('issued %i s in the future: %s', async (ahead, reason) => {
    const clock = testClock();
    const keyturn = await testKeyturn({ profile: 'dev', clock });
    clock.advance(ahead);
    const refusal = await issue(keyturn);
    clock.advance(-ahead);
    expect(await refusal()).toBe(reason);
  });
});

test('the reason is counted, and told to the log', async () => {
  const clock = testClock();
  const keyturn = await testKeyturn({ clock });
  const signer = keyturn.signer('invitation');
  clock.advance(YEARS);
  const token = signer.sign(1);
  clock.advance(-YEARS);
  signer.verify(token);
  expect(keyturn.metrics()).toContain(
    'keyturn_tokens_refused_total{purpose="invitation",reason="not_yet_valid"} 1',
  );
});

test('what a forger writes of the time of issue is not believed', async () => {
  const clock = testClock();
  const keyturn = await testKeyturn({ clock });
  const signer = keyturn.signer('invitation');
  clock.advance(YEARS);
  const token = signer.sign(1);
  clock.advance(-YEARS);
  expect(signer.verify(`${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`)).toEqual({
    ok: false,
    reason: 'bad_signature',
  });
});
