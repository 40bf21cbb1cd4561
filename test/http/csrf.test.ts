// The rules of DESIGN section 5 as a table: what the browser says of where a request comes from, times the token that it
// carries, times the mode. Each row stands for itself; nothing here is computed the way the code does it.
import { describe, expect, test } from 'vitest';
import type { CsrfMode } from '../../src/config/csrf-origins.js';
import { Csrf } from '../../src/http/csrf.js';
import { tokenInForm, tokenInHeader } from '../../src/http/csrf-token.js';
import { openHttpCore } from '../../src/http/open-http-core.js';
import { internalsOf } from '../../src/keyturn.js';
import { testKeyturn } from '../support/keyturn.js';
import { requestOf } from '../support/visits.js';

const HOST = 'app.example:8443';
const OWN = `https://${HOST}`;
const LISTED = 'https://partner.example';
const SIBLING = 'https://evil.app.example';
const EVIL = 'https://evil.example';

type Verdict = 'vouched' | 'allowed' | 'unsaid' | 'cross_site' | 'foreign_origin';

/** [Sec-Fetch-Site, Origin, verdict where Host is the browser's, verdict where a proxy has rewritten it]. */
const PROVENANCE: ReadonlyArray<
  readonly [site: string | undefined, origin: string | undefined, host: Verdict, rewritten: Verdict]
> = [
  ['same-origin', undefined, 'vouched', 'vouched'],
  ['same-origin', 'null', 'vouched', 'vouched'],
  ['same-origin', OWN, 'vouched', 'vouched'],
  ['same-origin', LISTED, 'vouched', 'vouched'],
  ['same-origin', SIBLING, 'vouched', 'vouched'],
  ['same-origin', EVIL, 'vouched', 'vouched'],
  ['same-site', undefined, 'cross_site', 'cross_site'],
  ['same-site', 'null', 'cross_site', 'cross_site'],
  ['same-site', OWN, 'cross_site', 'cross_site'],
  ['same-site', LISTED, 'allowed', 'allowed'],
  ['same-site', SIBLING, 'cross_site', 'cross_site'],
  ['same-site', EVIL, 'cross_site', 'cross_site'],
  ['cross-site', undefined, 'cross_site', 'cross_site'],
  ['cross-site', 'null', 'cross_site', 'cross_site'],
  ['cross-site', OWN, 'cross_site', 'cross_site'],
  ['cross-site', LISTED, 'allowed', 'allowed'],
  ['cross-site', SIBLING, 'cross_site', 'cross_site'],
  ['cross-site', EVIL, 'cross_site', 'cross_site'],
  ['none', undefined, 'allowed', 'allowed'],
  ['none', 'null', 'foreign_origin', 'foreign_origin'],
  ['none', OWN, 'allowed', 'foreign_origin'],
  ['none', LISTED, 'allowed', 'allowed'],
  ['none', SIBLING, 'foreign_origin', 'foreign_origin'],
  ['none', EVIL, 'foreign_origin', 'foreign_origin'],
  [undefined, undefined, 'unsaid', 'unsaid'],
  [undefined, 'null', 'foreign_origin', 'foreign_origin'],
  [undefined, OWN, 'allowed', 'foreign_origin'],
  [undefined, LISTED, 'allowed', 'allowed'],
  [undefined, SIBLING, 'foreign_origin', 'foreign_origin'],
  [undefined, EVIL, 'foreign_origin', 'foreign_origin'],
  // What no browser says today, and what two headers come to.
  ['something-new', OWN, 'cross_site', 'cross_site'],
  ['', OWN, 'cross_site', 'cross_site'],
  ['Same-Origin', OWN, 'cross_site', 'cross_site'],
  ['same-origin, cross-site', OWN, 'cross_site', 'cross_site'],
];

/** What the token comes to where the provenance is vouched for, and where it is only allowed or unsaid. */
const TOKENS = {
  'none at all': ['no_token', 'no_token'],
  'an empty one': ['no_token', 'no_token'],
  'a list': ['no_token', 'no_token'],
  nonsense: ['token_refused', 'token_refused'],
  'an altered one': ['token_refused', 'token_refused'],
  'one of another secret': ['token_refused', 'token_refused'],
  'an expired one': ['token_expired', 'token_expired'],
  'its own, of a session': [undefined, undefined],
  'its own, from before a session': [undefined, undefined],
  'of another tab, from before a session': [undefined, 'token_refused'],
  'of another session': ['token_refused', 'token_refused'],
} as const;

const MODES: readonly CsrfMode[] = ['token', 'headers'];

async function made(mode: CsrfMode) {
  const keyturn = await testKeyturn();
  const signer = internalsOf(keyturn).ownSigner<string>('csrf');
  const csrf = new Csrf(signer, mode, new Set([LISTED]));
  const own = csrf.issue('mine', 'session');
  const before = internalsOf(keyturn).clock() / 1000;
  const tokens: Record<keyof typeof TOKENS, unknown> = {
    'none at all': undefined,
    'an empty one': '',
    'a list': [own],
    nonsense: 'x.y.z',
    'an altered one': own.slice(0, -3) + (own.endsWith('AAA') ? 'BBB' : 'AAA'),
    'one of another secret': own.replace(/\.[^.]+$/, `.${'A'.repeat(43)}`),
    'an expired one': signer.issueAt('"nonces"', before - 20, before - 10, 'mine'),
    'its own, of a session': own,
    'its own, from before a session': csrf.issue('mine', 'visitor'),
    'of another tab, from before a session': csrf.issue('theirs', 'visitor'),
    'of another session': csrf.issue('theirs', 'session'),
  };
  return { csrf, tokens };
}

describe.each(MODES)('mode %s', (mode) => {
  describe.each([HOST, 'upstream:3000'])('sent to %s', (host) => {
    test.each(PROVENANCE)('Sec-Fetch-Site %s, Origin %s', async (fetchSite, origin, asSent, rewritten) => {
      const { csrf, tokens } = await made(mode);
      const verdict = host === HOST ? asSent : rewritten;
      for (const [name, [vouched, otherwise]] of Object.entries(TOKENS)) {
        const byToken = verdict === 'vouched' ? vouched : otherwise;
        const byHeaders = verdict === 'unsaid' ? 'no_provenance' : undefined;
        const refused = verdict === 'cross_site' || verdict === 'foreign_origin' ? verdict : undefined;
        const expected = refused ?? (mode === 'token' ? byToken : byHeaders);
        const token = tokens[name as keyof typeof TOKENS];
        const reason = csrf.refuses({ fetchSite, origin, host, https: true }, token, 'mine');
        expect([name, reason]).toEqual([name, expected]);
      }
    });
  });
});

test('a token is asked for in one of the modes', async () => {
  const asks = async (mode: CsrfMode) => (await made(mode)).csrf.asksForToken;
  expect([await asks('token'), await asks('headers')]).toEqual([true, false]);
});

test('a token is found where a request may carry it, and nowhere else', () => {
  const headers = (fields: Readonly<Record<string, string>>) => requestOf({ headers: fields });
  expect(tokenInHeader(headers({ 'x-csrf-token': 'a', 'x-xsrf-token': 'b' }), true)).toBe('a');
  expect(tokenInHeader(headers({ 'x-xsrf-token': 'b' }), true)).toBe('b');
  expect(tokenInHeader(headers({ 'x-xsrf-token': 'b' }), false)).toBeUndefined();
  expect(tokenInForm({ _csrf: 'a' })).toBe('a');
  expect(tokenInForm({ _csrf: { value: 'a', fieldname: '_csrf' } })).toBe('a');
  for (const body of [undefined, null, 'text', 5, {}, { _csrf: null }, { _csrf: {} }, []])
    expect(tokenInForm(body) ?? undefined).toBeUndefined();
});

test('who carries no cookie is told so, unless the browser vouches for a page that was made for nobody', async () => {
  const { csrf, tokens } = await made('token');
  const refuses = (name: keyof typeof TOKENS, fetchSite: string | undefined) =>
    csrf.refuses({ fetchSite, origin: undefined, host: HOST, https: true }, tokens[name], undefined);
  expect(refuses('its own, from before a session', 'same-origin')).toBeUndefined();
  expect(refuses('its own, from before a session', 'none')).toBe('no_cookie');
  expect(refuses('its own, from before a session', undefined)).toBe('no_cookie');
  expect(refuses('its own, of a session', 'same-origin')).toBe('no_cookie');
});

describe("an Origin is this host's", () => {
  test.each([
    ['https://a.example', 'a.example', true, true],
    ['https://a.example', 'a.example:443', true, true],
    ['http://a.example', 'a.example:80', false, true],
    ['https://A.EXAMPLE', 'a.example', true, true],
    // In the clear it can be anybody's page.
    ['http://a.example', 'a.example', true, false],
    ['https://a.example', 'a.example', false, true],
    ['https://a.example:444', 'a.example', true, false],
    ['https://a.example.evil.example', 'a.example', true, false],
    ['https://a.example', undefined, true, false],
    ['file://a.example', 'a.example', false, false],
    ['not an origin', 'a.example', false, false],
  ])('%s, sent to %s, by https %s: %s', async (origin, host, https, own) => {
    const { csrf, tokens } = await made('token');
    const token = tokens['its own, of a session'];
    const reason = csrf.refuses({ fetchSite: undefined, origin, host, https }, token, 'mine');
    expect(reason).toBe(own ? undefined : 'foreign_origin');
  });
});

describe('listed origins', () => {
  const start = async (origins: readonly string[], mode: CsrfMode = 'token') => {
    const keyturn = await testKeyturn({ config: { csrf: { origins, mode } } });
    return (await openHttpCore(keyturn, {})).csrf;
  };
  const takes = (csrf: Csrf, origin: string) =>
    csrf.refuses({ fetchSite: 'cross-site', origin, host: HOST, https: true }, undefined, undefined) ===
    'no_token';

  test('a * stands for letters, digits and hyphens within one label', async () => {
    const csrf = await start([
      'https://*.example.com',
      'https://PR-*.Example.net:8443/',
      'https://app-*-team.vercel.app',
    ]);
    for (const good of [
      'https://a.example.com',
      'https://A-1.example.com',
      'https://xn--bcher-kva.example.com',
      'https://pr-7.example.net:8443',
      'https://app-8f3-team.vercel.app',
    ])
      expect([good, takes(csrf, good)]).toEqual([good, true]);
    for (const bad of [
      'https://example.com',
      'https://.example.com',
      'https://a.b.example.com',
      'http://a.example.com',
      'https://a.example.com:444',
      'https://a.example.com.evil.example',
      'https://evil.example/.example.com',
      'https://a_b.example.com',
      'https://evil.example?.example.com',
      'https://u@a.example.com',
      'https://pr-.example.net:8443',
      'https://pr-7.example.net',
      'https://pr-7.evil.example.net:8443',
      'https://app-team.vercel.app',
      'https://evil.vercel.app',
      `https://${'a'.repeat(64)}.example.com`,
      `https://${'a'.repeat(100_000)}.example.com`,
    ])
      expect([bad.slice(0, 60), takes(csrf, bad)]).toEqual([bad.slice(0, 60), false]);
  });

  test('https://*.s3.amazonaws.com would be anybody’s: below a public suffix there is no whole label', async () => {
    for (const anybodys of [
      'https://*.com',
      'https://*.co.uk',
      'https://*.github.io',
      'https://*.vercel.app',
      'https://*.pages.dev',
      'https://*.netlify.app',
      'https://*.herokuapp.com',
      'https://*.web.app',
      'https://*.azurewebsites.net',
      'https://*.s3.amazonaws.com',
      'https://*.cloudfront.net',
      'https://*.compute.amazonaws.com',
      'https://*.localhost',
      // Part of a name that anybody can register.
      'https://app-*.com',
      'https://example.c*',
      'https://www.*.com',
      'https://example.*',
    ])
      await expect(start([anybodys]), anybodys).rejects.toMatchObject({ code: 'config_invalid' });
    for (const ours of ['https://*.app.github.io', 'https://*.shop.co.uk', 'https://pr-*.herokuapp.com'])
      await expect(start([ours]), ours).resolves.toBeDefined();
  });

  test('any other * is refused at start, and every * where there are no tokens', async () => {
    for (const wrong of [
      '*',
      'https://*',
      'https://*:8443',
      'http://*.example.com',
      '*.example.com',
      'https://*.*.example.com',
      'https://a*b*.example.com',
      'https://**.example.com',
      'https://a.example.com:*',
      'https://a.example.com/*',
      'https://*.example.com/path',
      'https://*@example.com',
      'chrome-extension://*',
      '*://a.example.com',
      'https://*.1.2.3',
      'https://*_a.example.com',
      'https://.*.example.com',
      'https://*..example.com',
      'https://*.example.com:99999',
    ])
      await expect(start([wrong]), wrong).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(start(['https://*.example.com'], 'headers')).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('headers'),
    });
    await expect(start(['https://a.example.com'], 'headers')).resolves.toBeDefined();
  });
});
