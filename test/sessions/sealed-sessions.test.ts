// Sessions sealed in the cookie: what the cookie shows, and that switching it on or off signs nobody out. That they
// are sessions like all others is in src/testing/http-contract.
import { describe, expect, test } from 'vitest';
import type { HttpCore } from '../../src/http/core.js';
import { openHttpCore } from '../../src/http/open-http-core.js';
import { Visit } from '../../src/http/visit.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { OTHER_SECRET, ringOf, SECRET, testClock, testKeyturn, useRing } from '../support/keyturn.js';
import { cookiesOf, requestOf } from '../support/visits.js';

const clock = testClock();
const cores = new Map<Keyturn, HttpCore>();

async function app(sealed: boolean | undefined, profile: 'dev' | 'test' | 'prod' = 'test') {
  const session = { idle: '10h', roll_after: '1h', ...(sealed === undefined ? {} : { sealed }) };
  const kt = await testKeyturn({ profile, clock, config: { session } });
  cores.set(kt, await openHttpCore(kt, {}));
  return kt;
}

/** One request: what the session held, and the cookie that the browser has afterwards. */
function visit(kt: Keyturn, cookie: string | undefined, change?: Record<string, unknown>, method = 'GET') {
  const core = cores.get(kt) as HttpCore;
  const one = new Visit(core, requestOf({ method, cookie, https: true }));
  const { session } = one;
  const data = { ...session };
  for (const [key, value] of Object.entries(change ?? {})) session.set(key, value);
  const headers = new Headers();
  one.finish(headers);
  const sent = headers.getSetCookie().find((header) => header.startsWith(core.cookies.session.name));
  return { data, id: session.id, sent, cookie: sent?.split(';')[0] ?? cookie };
}

const tokenOf = (cookie: string | undefined) => cookie?.split('=')[1] as string;

test('the cookie shows nothing of the session but its length', async () => {
  const kt = await app(true);
  const { cookie } = visit(kt, undefined, { user: 'ada', secret: 'planted' });
  expect(tokenOf(cookie)).toMatch(/^ks1\./);
  for (const encoding of ['base64url', 'base64', 'hex', 'latin1'] as const)
    expect(Buffer.from(tokenOf(cookie).slice(26), encoding).toString('latin1')).not.toContain('planted');
  expect(visit(kt, cookie)).toMatchObject({ data: { user: 'ada', secret: 'planted' }, sent: undefined });
});

describe('switching', () => {
  test.each([
    ['on', false, true, 'ks1.'],
    ['on, from the default', undefined, true, 'ks1.'],
    ['off', true, false, 'kt1.'],
  ] as const)('%s signs nobody out, and the next safe request brings the other cookie', async (...row) => {
    const [, before, after, version] = row;
    const first = visit(await app(before), undefined, { user: 'ada' });
    const dates = tokenOf(first.cookie).slice(13, 25);
    clock.advance(60);
    const kt = await app(after);
    // Only where a lost response costs nothing.
    expect(visit(kt, first.cookie, {}, 'POST')).toMatchObject({ data: { user: 'ada' }, sent: undefined });
    const next = visit(kt, first.cookie);
    expect(next).toMatchObject({ data: { user: 'ada' }, id: first.id });
    expect(tokenOf(next.sent)).toMatch(new RegExp(`^${version}`));
    expect(tokenOf(next.sent).slice(13, 25)).toBe(dates);
    expect(visit(kt, next.cookie)).toMatchObject({ data: { user: 'ada' }, id: first.id, sent: undefined });
    const changed = visit(kt, first.cookie, { cart: 1 }, 'POST');
    expect(tokenOf(changed.sent)).toMatch(new RegExp(`^${version}`));
  });

  test('one replica after another: with sealed = false written out, all read what some already seal', async () => {
    const [old, ready, switched] = [
      await app(undefined, 'prod'),
      await app(false, 'prod'),
      await app(true, 'prod'),
    ];
    const sealed = visit(switched, undefined, { user: 'ada' }).cookie;
    expect(visit(ready, sealed).data).toEqual({ user: 'ada' });
    expect(visit(switched, visit(ready, sealed).cookie).data).toEqual({ user: 'ada' });
    // Production that was never told of sealing does not load the cipher: hence the two steps of docs/sealing.md.
    expect(visit(old, sealed).data).toEqual({});
  });

  test('a rotation and a switch at once end in one new cookie', async () => {
    const signed = visit(await app(false), undefined, { user: 'ada' }).cookie;
    const kt = await app(true);
    useRing(kt, ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
    const next = visit(kt, signed);
    expect(tokenOf(next.sent)).toMatch(/^ks1\./);
    expect(visit(kt, next.cookie)).toMatchObject({ data: { user: 'ada' }, sent: undefined });
    useRing(kt, ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']));
    expect(visit(kt, signed).data).toEqual({});
    expect(visit(kt, next.cookie).data).toEqual({ user: 'ada' });
  });
});

test('a cookie that was tampered with, of another purpose or of bytes is no session', async () => {
  const kt = await app(true);
  const { cookie } = visit(kt, undefined, { user: 'ada' });
  expect(visit(kt, `${cookie?.slice(0, -2)}AA`).data).toEqual({});
  expect(visit(kt, cookie?.replace('ks1', 'kt1')).data).toEqual({});
  const other = kt.sealer('draft', { maxAge: '1h' });
  for (const value of [{ id: 'x', at: 1, data: { user: 'eve' } }, new Uint8Array(3)])
    expect(visit(kt, `keyturn.sid=${other.seal(value)}`).data).toEqual({});
  const own = internalsOf(kt).ownSealer('session');
  expect(visit(kt, `keyturn.sid=${own?.seal(new Uint8Array(3))}`).data).toEqual({});
});

test('the registry says so, and sessions in a store stay as they are', async () => {
  const sealedOf = async (session: Record<string, unknown>) =>
    internalsOf(await testKeyturn({ config: { session } })).registry.own('session').sealed;
  expect(await sealedOf({})).toBe(false);
  expect(await sealedOf({ sealed: true })).toBe(true);
  expect(await sealedOf({ sealed: true, backend: 'memory' })).toBe(false);
  const kt = await app(true);
  const core = await openHttpCore(kt, { store: memoryStore({ clock: clock.read }) });
  const one = new Visit(core, requestOf({ https: true }));
  one.session.set('user', 'ada');
  const [cookie] = await cookiesOf(one);
  expect(cookie).toMatch(/^keyturn\.sid=kt1\./);
});
