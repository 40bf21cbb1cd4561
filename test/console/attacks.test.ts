// What strangers write, and what nobody may see: no markup of a name gets into a page, and no secret into any answer.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseDocument } from '../../src/keyring/document.js';
import { Browser } from '../support/browser.js';
import { writeReport } from '../support/file-reports.js';
import { reportOf } from '../support/heard.js';
import { CURRENT, document, expectSilence, FORMER } from '../support/planted-secrets.js';
import { follow, newFolder } from '../support/ring-file.js';
import { APPS } from './apps.js';

const [, start] = APPS[0] as (typeof APPS)[number];
const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>\u202egnp.exe\u001b[31m`;
const PATHS = [
  '/',
  '/?span=month',
  '/purposes',
  '/impact',
  '/doctor',
  '/history',
  '/steps',
  '/steps/stage',
  '/steps/nothing',
  '/nothing',
];

async function running(guard?: Parameters<typeof start>[0]['guard']) {
  const path = join(newFolder(), 'keyring.json');
  writeFileSync(path, document, { mode: 0o600 });
  const { keyturn, log } = await follow(path, {
    env: { KEYTURN_PURPOSES__DRAFT__MAX_AGE: '2h', KEYTURN_APP: 'shop' },
  });
  const app = await start({ keyturn, steps: true, ...(guard && { guard }) });
  onTestFinished(() => app.close());
  const browser = new Browser(app.url);
  await browser.get('/as/ada');
  return { path, keyturn, log, app, browser, ring: () => parseDocument(readFileSync(path, 'utf8'), path) };
}

const everywhere = async (browser: Browser, more: readonly string[] = []) =>
  await Promise.all(
    [...PATHS, ...more].map(async (path) => ({ path, ...(await browser.get(`/keyturn${path}`)) })),
  );

describe('names that others write', () => {
  test('of replicas, of who did something and why', async () => {
    const { path, browser, ring } = await running(() => ({
      who: `ada ${HOSTILE.slice(0, 40)}`,
      mayAct: true,
    }));
    await writeReport(
      path,
      reportOf({
        profile: 'prod',
        source: HOSTILE,
        degraded: HOSTILE,
        ring: ring().id,
        verifies: ring().live.map(({ id }) => id),
        signs: ring().active.id,
      }),
      ring(),
    );
    const _csrf = /name="_csrf" value="([^"]+)"/.exec(
      (await browser.get(`/keyturn/steps/revoke?kid=${ring().keys[1]?.id}`)).text,
    )?.[1];
    const [, , staged] = ring().keys;
    const form = {
      _csrf: _csrf ?? '',
      kid: staged?.id ?? '',
      confirm: staged?.id ?? '',
      why: '<script>alert(3)</script>',
    };
    const sent = await browser.ask('/keyturn/steps/revoke', {
      method: 'POST',
      form,
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    expect([sent.status, sent.text.includes('<script>alert')]).toEqual([303, false]);
    const answers = await everywhere(browser);
    expect(answers.find(({ path }) => path === '/')?.text).toContain('web-1-7-aaaa');
    expect(answers.find(({ path }) => path === '/history')?.text).toContain('&lt;script&gt;alert(3)');
    for (const { path, text } of answers) {
      expect([path, text.match(/<script>|<img|onerror='|\u202e|\u001b/)]).toEqual([path, null]);
      expect([path, text.match(/<script/g)?.length ?? 0]).toEqual([path, 1]);
    }
  });

  test('in addresses: nothing is reflected', async () => {
    const { browser } = await running();
    const said = encodeURIComponent(HOSTILE);
    for (const path of [
      `/?span=${said}`,
      `/impact?step=${said}&kid=${said}`,
      `/impact?step=revoke&kid=${said}`,
      `/steps?done=${said}&kid=${said}`,
      `/steps?done=stage&kid=${said}`,
      `/steps/stage?kid=${said}`,
      `/steps/${said}`,
      `/${said}`,
      '/__proto__',
      '/constructor',
      '/?span=__proto__',
      '/steps/constructor',
      '//evil.example',
      '/..%2f..%2fetc/passwd',
    ]) {
      const { status, text, headers } = await browser.get(`/keyturn${path}`);
      expect([path, [200, 308, 403, 404, 409].includes(status)]).toEqual([path, true]);
      expect(headers.get('location') ?? './').toMatch(/^\.\.?\/(?!\/)/);
      expect([path, text.match(/alert|onerror|evil\.example/)]).toEqual([path, null]);
    }
  });

  test('a form that is too long, or none, is none', async () => {
    const { browser, ring } = await running();
    const { generation } = ring();
    const headers = { 'sec-fetch-site': 'same-origin' };
    const long = { _csrf: 'x'.repeat(60_000) };
    for (const form of [long, {}])
      expect((await browser.ask('/keyturn/steps/stage', { method: 'POST', form, headers })).status).toBe(403);
    expect(ring().generation).toBe(generation);
  });
});

test('no secret and no key is in any answer, nor in what is logged', async () => {
  const { browser, ring, log, path } = await running();
  const kids = ring().keys.map(({ id }) => id);
  const more = kids.flatMap((kid) =>
    ['/impact?step=revoke', '/impact?step=retire', '/steps/revoke?', '/steps/retire?', '/steps/promote?'].map(
      (start) => `${start}&kid=${kid}`,
    ),
  );
  const cookie = await browser.jar.getCookieString(new URL('/', 'http://localhost').href);
  const answers = await everywhere(browser, more);
  expect(answers.length).toBeGreaterThan(20);
  // A broken source is said in words.
  writeFileSync(path, `{ "secret": "${CURRENT}", ${FORMER}`);
  const broken = await everywhere(browser, more);
  expectSilence(
    ...[...answers, ...broken].map(({ text, headers }) => text + JSON.stringify([...headers])),
    JSON.stringify(log),
    cookie,
  );
});

test('what cannot be read is said on a page, and not by a stack', async () => {
  const { browser, path } = await running();
  expect((await browser.get('/keyturn/')).status).toBe(200);
  writeFileSync(path, 'broken');
  await expect.poll(async () => (await browser.get('/keyturn/')).status, { timeout: 60_000 }).toBe(503);
  const { text } = await browser.get('/keyturn/');
  expect(text).toContain('This cannot be shown now');
  expect(text).not.toMatch(/ at .*:\d+:\d+|node_modules|\.ts/);
});
