// The console in an app on every framework: who is let in, what every answer carries, and what the others get.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Keyturn } from '../../src/keyturn.js';
import { Browser } from '../support/browser.js';
import { testKeyturn } from '../support/keyturn.js';
import { APPS, type ConsoleApp } from './apps.js';

const PAGES = ['/', '/purposes', '/impact', '/impact?step=revoke&kid=nothing_', '/doctor', '/history'];

describe.each(APPS)('%s:', (_name, start) => {
  let keyturn: Keyturn;
  let app: ConsoleApp;

  beforeAll(async () => {
    keyturn = await testKeyturn();
    app = await start({ keyturn });
  });

  afterAll(async () => {
    await app.close();
    await keyturn.close();
  });

  const as = async (who: string) => {
    const browser = new Browser(app.url);
    expect(await browser.get(`/as/${who}`)).toMatchObject({ status: 200, text: who });
    return browser;
  };

  test.each(PAGES)('%s is shown to whom the guard lets in', async (path) => {
    const { status, text, headers } = await (await as('ada')).get(`/keyturn${path}`);
    expect({ status, text }).toMatchObject({ status: 200, text: expect.stringMatching(/^<!doctype html>/) });
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(text).toContain('<b>ada</b>');
  });

  test('every answer has the header fields that keep it to itself', async () => {
    const browser = await as('bob');
    const answers = await Promise.all(
      ['/', '/history', '/nothing', '/steps', '/assets/nothing.css'].map((path) =>
        browser.get(`/keyturn${path}`),
      ),
    );
    for (const { headers } of [...answers, await browser.ask('/keyturn/', { method: 'HEAD' })])
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy':
          "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
  });

  test('links lead on from wherever they stand, and what a page loads is there', async () => {
    const browser = await as('ada');
    const seen = new Set<string>();
    const left = ['/keyturn/'];
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const { status, text, headers } = await browser.get(path);
      expect([path, status]).toEqual([path, 200]);
      if (path.includes('/assets/'))
        expect(headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
      if (!headers.get('content-type')?.startsWith('text/html')) continue;
      for (const [, link = ''] of text.matchAll(/(?:href|src)="([^"#]+)"/g)) {
        const url = new URL(link.replaceAll('&amp;', '&'), `http://app${path}`);
        expect(url.pathname).toMatch(/^\/keyturn\//);
        left.push(url.pathname + url.search);
      }
    }
    expect([...seen].filter((path) => path.includes('/assets/'))).toHaveLength(3);
    expect(seen.size).toBeGreaterThan(8);
  });

  test('without its slash, and with one too many, the address is put right', async () => {
    const browser = await as('ada');
    for (const [asked, right] of [
      ['/keyturn', '/keyturn/'],
      ['/keyturn?span=day', '/keyturn/?span=day'],
      ['/keyturn/history/', '/keyturn/history'],
    ] as const) {
      const { status, headers } = await browser.get(asked);
      const location = new URL(headers.get('location') ?? '', `http://app${asked}`);
      expect([status, location.pathname + location.search]).toEqual([308, right]);
    }
  });

  test.each(['mallory', undefined])('for %s there is nothing, whatever is asked for', async (who) => {
    const browser = who === undefined ? new Browser(app.url) : await as(who);
    const seen = await (await as('ada')).get('/keyturn/');
    const [style = ''] = /[\w./-]+\.css/.exec(seen.text) ?? [];
    const ask = async (method: string, path: string, form?: Record<string, string>) => {
      const { status, text, headers } = await browser.ask(path, { method, ...(form && { form }) });
      // That it depends on the visitor caches have to know, as of any address that looks at the session.
      const left = ['date', 'content-length', 'vary', 'cache-control'];
      const fields = [...headers].filter(([name]) => !left.includes(name));
      return { status, text: text.replace(/keyturn|nowhere/g, 'PLACE'), fields };
    };
    for (const below of [
      '/',
      '',
      '/history',
      '/steps',
      '/steps/revoke?kid=abcdefgh',
      '/live',
      '/nothing',
      `/${style}`,
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await ask(method, `/keyturn${below}`);
        expect(answer).toEqual(await ask(method, `/nowhere${below}`));
        expect(answer.status).toBe(404);
      }
      const sent = await ask('POST', `/keyturn${below}`, { kid: 'abcdefgh' });
      expect(sent).toEqual(await ask('POST', `/nowhere${below}`, { kid: 'abcdefgh' }));
    }
  });

  test('a guard that throws, or names nobody, lets nobody in', async () => {
    const guards = [
      () => {
        throw new Error('the database is away');
      },
      async () => await Promise.reject(new Error('the same, later')),
      () => ({ who: '' }),
      () => ({ who: undefined }),
      () => true as never,
    ];
    for (const guard of guards) {
      const guarded = await start({ keyturn, guard });
      const browser = new Browser(guarded.url);
      await browser.get('/as/ada');
      expect([guard, (await browser.get('/keyturn/')).status]).toEqual([guard, 404]);
      await guarded.close();
    }
  });

  test('HEAD says what GET says, and nothing else is done but reading', async () => {
    const browser = await as('ada');
    for (const path of ['/', '/doctor', '/live']) {
      const { status, text } = await browser.ask(`/keyturn${path}`, { method: 'HEAD' });
      expect([path, status, text]).toEqual([path, 200, '']);
    }
    const page = await browser.get('/keyturn/');
    expect(page.status).toBe(200);
    for (const path of ['/nothing', '/steps/nothing']) {
      const { status, text } = await browser.get(`/keyturn${path}`);
      expect([path, status, text]).toEqual([path, 404, expect.stringMatching(/^<!doctype html>/)]);
    }
  });

  test('without steps: true nobody acts', async () => {
    const browser = await as('ada');
    for (const path of ['/steps', '/steps/stage', '/steps/revoke?kid=abcdefgh'])
      expect([path, (await browser.get(`/keyturn${path}`)).status]).toEqual([path, 403]);
    expect((await browser.get('/keyturn/')).text).not.toContain('href="./steps"');
  });
});
