// The cookie that stands in for a session: when it is set anew, with which dates, and when it is left alone.
import { expect, test } from 'vitest';
import { CsrfId } from '../../src/http/csrf-id.js';
import type { RequestCookies } from '../../src/http/request-cookies.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import { internalsOf } from '../../src/keyturn.js';
import { AppCookie } from '../../src/sessions/cookie.js';
import { receive } from '../../src/signing/received.js';
import { TokenSigner } from '../../src/signing/signer.js';
import { Usage } from '../../src/signing/usage.js';
import { OTHER_SECRET, ringOf, SECRET, testKeyturn } from '../support/keyturn.js';

const LIFETIME = 86_400;
const START = Date.UTC(2026, 0, 1);

async function setUp() {
  const clock = { now: START };
  const live = new LiveKeyring(ringOf([SECRET, 'active']), () => clock.now);
  const signer = new TokenSigner<string>({
    purpose: 'csrf-id',
    maxAge: LIFETIME,
    ring: live,
    clock: () => clock.now,
    usage: new Usage(),
    epoch: 'none',
    apps: [undefined],
    onRefusal: () => {},
  });
  const cookie = new AppCookie('keyturn.csrf', internalsOf(await testKeyturn()).settings, 'prod');
  /** The id of a request that carries these tokens. */
  const of = (...tokens: readonly string[]) =>
    new CsrfId(signer, cookie, () => clock.now, {
      tokens: () => tokens.map(receive),
    } as unknown as RequestCookies);
  /** What a `Set-Cookie` header sets, verified. */
  const verified = (header: string | undefined) => signer.verify(/=([^;]*)/.exec(header ?? '')?.[1]);
  return { clock, live, signer, of, verified };
}

test('a cookie of a key that retires is signed again with its own dates, on safe requests only', async () => {
  const { clock, live, signer, of, verified } = await setUp();
  const token = signer.sign('an id');
  live.replace(ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
  clock.now += 60_000;
  const unsafe = of(token);
  unsafe.issue(false);
  expect(unsafe.commit(false, false)).toBeUndefined();
  const safe = of(token);
  expect(safe.issue(false)).toBe('an id');
  expect(verified(safe.commit(false, true))).toMatchObject({
    ok: true,
    payload: 'an id',
    stale: false,
    issuedAt: new Date(START),
    expiresAt: new Date(START + LIFETIME * 1000),
  });
});

test('one that nobody needed for a page is left alone', async () => {
  const { live, signer, of } = await setUp();
  const token = signer.sign('an id');
  live.replace(ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
  expect(of(token).commit(false, true)).toBeUndefined();
});

test('one in the first half of its life is left alone; then it begins a new one, on any request', async () => {
  const { clock, signer, of, verified } = await setUp();
  const token = signer.sign('an id');
  clock.now += (LIFETIME / 2) * 1000;
  const early = of(token);
  early.issue(false);
  expect(early.commit(false, true)).toBeUndefined();
  clock.now += 1000;
  const late = of(token);
  late.issue(false);
  expect(verified(late.commit(false, false))).toMatchObject({
    payload: 'an id',
    issuedAt: new Date(clock.now),
  });
});

test('where a session takes its place it is removed, if it is there', async () => {
  const { signer, of } = await setUp();
  expect(of(signer.sign('an id')).commit(true, true)).toMatch(/^__Host-keyturn\.csrf=; .*Max-Age=0/);
  expect(of().commit(true, true)).toBeUndefined();
});

test('a new id is random, known at once, and the same for the whole response', async () => {
  const { signer, of, verified } = await setUp();
  const one = of();
  expect([one.carried, one.known]).toEqual([undefined, undefined]);
  const id = one.issue(false);
  expect(id).toMatch(/^[\w-]{22}$/);
  expect([one.issue(false), one.known, one.carried]).toEqual([id, id, undefined]);
  expect(verified(one.commit(false, false))).toMatchObject({ payload: id });
  expect(of().issue(false)).not.toBe(id);
  const anew = of(signer.sign('former'));
  expect([anew.carried, anew.known]).toEqual(['former', 'former']);
  expect(anew.issue(true)).not.toBe('former');
});

test('of several cookies the first that is genuine, and holds a text, counts', async () => {
  const { signer, of } = await setUp();
  const other = signer.sign(7 as never);
  const forged = `${signer.sign('forged').slice(0, -1)}_`;
  expect(of('nothing', forged, other, signer.sign('one'), signer.sign('two')).carried).toBe('one');
  expect(of('nothing', forged, other).carried).toBeUndefined();
});
