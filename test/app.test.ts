// Two apps on one secret, one engine or one host, kept apart by the name of each; and an app that is given a name later.

import { hkdfSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import plugin from '../src/adapters/fastify/index.js';
import { createJwt } from '../src/jwt/index.js';
import { Material } from '../src/keyring/key.js';
import { internalsOf, type Keyturn } from '../src/keyturn.js';
import { memoryLogger, SECRET, testKeyturn } from './support/keyturn.js';
import { refusalOn, resolveOn, SECRET as SECRET_VARIABLE, STRONG, startOn } from './support/machine.js';

const SHOP = { app: 'shop' };
const BLOG = { app: 'blog' };
/** The three deploys in which an app is given a name, each beside the one before. */
const DEPLOYS = [{}, { app_accepts: 'shop' }, { app: 'shop', app_accepts: 'none' }, { app: 'shop' }] as const;

const started = (config: Readonly<Record<string, unknown>>, profile: 'dev' | 'prod' = 'dev') =>
  testKeyturn({ profile, config, logger: memoryLogger() });

/** Everything that a Keyturn can make, and whether another one takes it. */
const KINDS: Readonly<Record<string, (from: Keyturn, to: Keyturn) => boolean>> = {
  'a token': (from, to) => to.signer('password-reset').verify(from.signer('password-reset').sign(1)).ok,
  'a bound token': (from, to) =>
    to.signer('password-reset').verify(from.signer('password-reset').sign(1, { bind: 'x' }), { bind: 'x' })
      .ok as boolean,
  'a sealed token': (from, to) =>
    to.sealer('draft', { maxAge: '1h' }).open(from.sealer('draft', { maxAge: '1h' }).seal(1)).ok,
  'a link': (from, to) => to.links().verify({ method: 'GET', url: from.links().sign('/files/1') }).ok,
  'an access token': (from, to) => {
    const of = (keyturn: Keyturn) => createJwt(keyturn, { issuer: 'https://a.example', audience: 'a' });
    return of(to).verify(of(from).sign({})).ok;
  },
};

describe('two apps on one secret', () => {
  test.each(Object.entries(KINDS))('%s of one is nothing to the other', async (_, takes) => {
    const [shop, blog, unnamed] = [await started(SHOP), await started(BLOG), await started({})];
    for (const one of [shop, blog, unnamed])
      for (const other of [shop, blog, unnamed]) expect(takes(one, other)).toBe(one === other);
    // The id of a key is the same, so that replicas of one app are told from those of another secret.
    expect(shop.keyring.keys[0]?.id).toBe(unnamed.keyring.keys[0]?.id);
  });

  test('the same with keys of the day', async () => {
    const daily = { security: { keyring: { epoch: 'day' } } };
    const [shop, blog] = [await started({ ...SHOP, ...daily }), await started({ ...BLOG, ...daily })];
    const takes = KINDS['a token'] as (from: Keyturn, to: Keyturn) => boolean;
    expect([takes(shop, shop), takes(shop, blog)]).toEqual([true, false]);
  });

  test('every derivation has a label of its own, and without a name it is the one that it has always been', () => {
    const material = new Material(SECRET);
    const hex = (app?: string) => Buffer.from(material.derive('sign', 'session', app)).toString('hex');
    expect(hex()).toBe(Buffer.from(material.derive('sign', 'session', undefined)).toString('hex'));
    expect(new Set([hex(), hex('shop'), hex('blog')]).size).toBe(3);
    const info = 'keyturn/v1/app/shop/sign/session';
    const byHand = Buffer.from(hkdfSync('sha256', SECRET, '', info, 32)).toString('hex');
    expect(hex('shop')).toBe(byHand);
  });

  test('no key is derived in src/ without the name of the app', () => {
    const src = resolve(import.meta.dirname, '../src');
    const calls = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [...readFileSync(join(src, file), 'utf8').matchAll(/\.derive\(([^)]*)\)/g)])
      .map(([, given]) => given as string);
    expect(calls.length).toBeGreaterThan(4);
    for (const given of calls) expect(given.split(',').length, given).toBe(3);
  });
});

/** A browser at one host, with all the cookies of it. */
class Browser {
  readonly cookies = new Map<string, string>();

  async get(app: FastifyInstance, url: string): Promise<string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await app.inject({ url, headers: { cookie } });
    for (const { name, value, maxAge } of response.cookies) {
      if (maxAge === 0) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response.body;
  }
}

async function site(config: Readonly<Record<string, unknown>>, profile: 'dev' | 'prod' = 'dev') {
  const app = Fastify();
  await app.register(plugin, { keyturn: await started(config, profile) });
  app.get('/in', async (request) => {
    request.session.user = 'ada';
    return 'in';
  });
  app.get('/me', async (request) => String(request.session.user ?? 'nobody'));
  app.get('/note', async (request) => {
    request.session.note = (Number(request.session.note) || 0) + 1;
    return 'noted';
  });
  app.get('/out', async (request) => {
    request.session.destroy();
    return 'out';
  });
  app.get('/say', async (request, reply) => {
    request.flash('info', 'saved');
    return reply.csrfToken();
  });
  app.post('/sent', async () => 'taken');
  app.get('/heard', async (request) => request.flash('info').join());
  return app;
}

describe('two apps on one host', () => {
  test.each([
    ['dev', ['keyturn.shop.sid', 'keyturn.blog.sid', 'keyturn.sid']],
    ['prod', ['__Host-keyturn.shop.sid', '__Host-keyturn.blog.sid', '__Host-keyturn.sid']],
  ] as const)('keep their sessions, flash messages and form tokens apart (%s)', async (profile, names) => {
    const [shop, blog, unnamed] = [
      await site(SHOP, profile),
      await site(BLOG, profile),
      await site({}, profile),
    ];
    const browser = new Browser();
    for (const app of [shop, blog, unnamed]) await browser.get(app, '/in');
    expect([...browser.cookies.keys()]).toEqual(names);
    for (const app of [shop, blog, unnamed]) expect(await browser.get(app, '/me')).toBe('ada');
    await browser.get(shop, '/out');
    expect([await browser.get(shop, '/me'), await browser.get(blog, '/me')]).toEqual(['nobody', 'ada']);
    await browser.get(shop, '/say');
    expect([...browser.cookies.keys()]).toEqual(
      expect.arrayContaining([names[0].replace('sid', 'flash'), names[0].replace('sid', 'csrf')]),
    );
    expect(await browser.get(blog, '/heard')).toBe('');
    expect(await browser.get(shop, '/heard')).toBe('saved');
  });

  test('a name that is set stays as it is', async () => {
    const browser = new Browser();
    await browser.get(await site({ ...SHOP, session: { cookie: { name: 'till.sid' } } }), '/in');
    expect([...browser.cookies.keys()]).toEqual(['till.sid']);
  });
});

describe('an app that is given a name in three deploys', () => {
  test.each(Object.entries(KINDS))('%s of each deploy is taken by the ones beside it', async (_, takes) => {
    const deploys = await Promise.all(DEPLOYS.map((config) => started(config)));
    for (const [n, one] of deploys.entries()) {
      const beside = deploys.slice(Math.max(0, n - 1), n + 2);
      for (const other of beside) expect([n, takes(one, other)]).toEqual([n, true]);
    }
    // The name has taken effect.
    expect(takes(deploys[0] as Keyturn, deploys[3] as Keyturn)).toBe(false);
  });

  test('with keys of the day too, and for a change of name', async () => {
    const daily = { security: { keyring: { epoch: 'day' } } };
    const takes = KINDS['a token'] as (from: Keyturn, to: Keyturn) => boolean;
    const old = await started({ ...SHOP, ...daily });
    const next = await started({ app: 'till', app_accepts: 'shop', ...daily });
    const between = await started({ ...SHOP, app_accepts: 'till' });
    expect([takes(old, next), takes(next, between), takes(next, old)]).toEqual([true, true, false]);
  });

  test.each([
    'dev',
    'prod',
  ] as const)('nobody is signed out (%s), and there is one cookie at a time', async (profile) => {
    const deploys = await Promise.all(DEPLOYS.map((config) => site(config, profile)));
    const browser = new Browser();
    await browser.get(deploys[0] as FastifyInstance, '/in');
    // In a rolling deploy a browser goes to and fro between a deploy and the one before.
    for (let n = 0; n < 3; n++) {
      for (const app of [deploys[n], deploys[n + 1], deploys[n]] as FastifyInstance[]) {
        if (n > 0 || app === deploys[0]) await browser.get(app, '/note');
        expect(await browser.get(app, '/me')).toBe('ada');
        expect([...browser.cookies.keys()].filter((name) => name.endsWith('sid'))).toHaveLength(1);
      }
      await browser.get(deploys[n + 1] as FastifyInstance, '/note');
    }
    expect([...browser.cookies.keys()].join()).toContain('keyturn.shop.sid');
    expect(await browser.get(deploys[3] as FastifyInstance, '/me')).toBe('ada');
  });

  test('a sign-out under either name is one', async () => {
    const [, first, second] = await Promise.all(DEPLOYS.map((config) => site(config)));
    for (const [begin, end] of [
      [first, second],
      [second, first],
    ] as [FastifyInstance, FastifyInstance][]) {
      const browser = new Browser();
      await browser.get(begin, '/in');
      await browser.get(end, '/out');
      for (const app of [begin, end]) expect(await browser.get(app, '/me')).toBe('nobody');
    }
  });

  test('flash messages and the tokens of forms go along', async () => {
    const [, first, second] = await Promise.all(DEPLOYS.map((config) => site(config)));
    const browser = new Browser();
    const token = await browser.get(first as FastifyInstance, '/say');
    expect(await browser.get(second as FastifyInstance, '/heard')).toBe('saved');
    expect(await browser.get(first as FastifyInstance, '/heard')).toBe('');
    for (const app of [first, second] as FastifyInstance[]) {
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { cookie, 'x-csrf-token': token };
      expect((await app.inject({ method: 'POST', url: '/sent', headers })).body).toBe('taken');
    }
  });
});

describe('the settings', () => {
  test.each([
    'Shop',
    '1shop',
    'shop shop',
    'a'.repeat(33),
    'none',
    '',
  ])('app = %j is refused', async (app) => {
    const error = await refusalOn({ env: { KEYTURN_ENV: 'dev', KEYTURN_APP: app } });
    expect(error.code).toBe('config_invalid');
  });

  test.each([
    [{ KEYTURN_APP: 'shop', KEYTURN_APP_ACCEPTS: 'shop' }],
    [{ KEYTURN_APP_ACCEPTS: 'none' }],
  ])('%j accepts itself, which is a mistake', async (env) => {
    const error = await refusalOn({ env: { KEYTURN_ENV: 'dev', ...env } });
    expect(error).toMatchObject({ code: 'config_invalid', message: 'app_accepts names the app itself' });
  });

  test('come from files, variables and the program', async () => {
    const env = { KEYTURN_ENV: 'dev', [SECRET_VARIABLE]: STRONG };
    const { keyturn } = await startOn({ env: { ...env, KEYTURN_APP: 'shop' } });
    expect(internalsOf(keyturn).apps).toEqual(['shop']);
    await keyturn.close();
    const { settings } = await resolveOn({ env }, { config: { app: 'blog', app_accepts: 'none' } });
    expect([settings.get('app'), settings.get('app_accepts')]).toEqual(['blog', 'none']);
  });
});
