// Steps taken in the console, on two replicas that follow one document: refused before it is safe, done once it is, and
// nowhere for a page of another site.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from '../../src/keyring/document.js';
import type { Keyturn } from '../../src/keyturn.js';
import { Browser } from '../support/browser.js';
import { COMING, OLDER, STRONG } from '../support/machine.js';
import { documentOf, follow, newFolder } from '../support/ring-file.js';
import { until } from '../support/waiting.js';
import { APPS, type ConsoleApp } from './apps.js';

const TIMES = {
  KEYTURN_SECURITY__KEYRING__MAX_LAG: '1s',
  KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: '1s',
};

/** Two replicas on one document, each with its own console. */
async function replicas(start: (typeof APPS)[number][1], keys: Parameters<typeof documentOf>[1]) {
  const path = join(newFolder(), 'keyring.json');
  writeFileSync(path, documentOf(1, keys), { mode: 0o600 });
  const found = await Promise.all([follow(path, { env: TIMES }), follow(path, { env: TIMES })]);
  const apps = await Promise.all(found.map(({ keyturn }) => start({ keyturn, steps: true })));
  const ring = () => parseDocument(readFileSync(path, 'utf8'), path);
  return { apps, ring, keyturns: found.map(({ keyturn }) => keyturn), logs: found.map(({ log }) => log) };
}

const inForm = (text: string, name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(text)?.[1];
/** As browsers send it with a form. */
const HEADERS = { 'sec-fetch-site': 'same-origin' };

async function signedIn(url: string, who = 'ada'): Promise<Browser> {
  const browser = new Browser(url);
  await browser.get(`/as/${who}`);
  return browser;
}

/** Opens a step, and sends its form. */
async function take(browser: Browser, step: string, typed: Record<string, string> = {}) {
  const page = await browser.get(`/keyturn/steps/${step}`);
  expect([step, page.status]).toEqual([step, 200]);
  const form = {
    ...Object.fromEntries(['_csrf', 'kid'].map((name) => [name, inForm(page.text, name) ?? ''])),
    ...typed,
  };
  const path = `/keyturn/steps/${step.split('?')[0]}`;
  return await browser.ask(path, { method: 'POST', form, headers: { ...HEADERS, origin: 'null' } });
}

describe.each(APPS)('%s:', (_name, start) => {
  let apps: readonly ConsoleApp[];
  let keyturns: readonly Keyturn[];
  let ring: Awaited<ReturnType<typeof replicas>>['ring'];

  beforeAll(async () => {
    ({ apps, keyturns, ring } = await replicas(start, [[STRONG, 'active']]));
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
  });
  const url = (nth: number) => apps[nth]?.url ?? '';

  test('a page of another site takes no step, with the cookie of somebody who may', async () => {
    const browser = await signedIn(url(0));
    const _csrf = inForm((await browser.get('/keyturn/steps/stage')).text, '_csrf') ?? '';
    const bob = inForm((await (await signedIn(url(0), 'bob')).get('/keyturn/')).text, '_csrf') ?? 'none';
    const send = async (form: Record<string, string>, headers: Record<string, string> = {}) =>
      (await browser.ask('/keyturn/steps/stage', { method: 'POST', form, headers })).status;
    expect(await send({}, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).toBe(403);
    expect(await send({ _csrf }, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).toBe(
      403,
    );
    expect(await send({ _csrf }, { 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await send({ _csrf }, { origin: 'https://evil.example' })).toBe(403);
    if (_name !== 'web') expect(await send({ _csrf: bob }, HEADERS)).toBe(403);
    expect(await send({})).toBe(403);
    // A form in another coat.
    const json = await browser.ask('/keyturn/steps/stage', { method: 'POST', json: { _csrf: 'x' } });
    expect(json.status).toBe(403);
    expect((await browser.ask('/keyturn/steps/stage?_csrf=x')).status).toBe(200);
    expect(ring().generation).toBe(1);
  });

  test('who may look takes none either, with a form of their own', async () => {
    const bob = await signedIn(url(0), 'bob');
    expect((await bob.get('/keyturn/steps/stage')).status).toBe(403);
    expect((await bob.get('/keyturn/')).text).not.toContain('/steps');
    expect(ring().generation).toBe(1);
  });

  test('a step on one replica, the next on the other', async () => {
    const [ada, also] = [await signedIn(url(0)), await signedIn(url(1))];
    const staged = await take(ada, 'stage', { why: 'quarterly' });
    expect([staged.status, staged.text]).toEqual([303, '']);
    const location = new URL(staged.headers.get('location') ?? '', `${url(0)}/keyturn/steps/stage`);
    expect(location.pathname + location.search).toBe('/keyturn/steps?done=stage');
    expect((await ada.get('/keyturn/steps?done=stage')).text).toContain('Staged a fresh key.');
    const [kid] = ring().keys.flatMap(({ id, state }) => (state === 'staged' ? [id] : []));
    // Too early: nothing but the moment, and no button.
    const early = await also.get(`/keyturn/steps/promote?kid=${kid}`);
    expect(early.text).toMatch(/Keyturn refuses to promote|<form/);
    const promoted = async () => {
      const page = await also.get(`/keyturn/steps/promote?kid=${kid}`);
      return page.text.includes('<form') && (await take(also, `promote?kid=${kid}`)).status === 303;
    };
    await until(promoted);
    expect(ring().active.id).toBe(kid);
    await until(() =>
      keyturns.every(({ keyring }) => keyring.keys.find(({ state }) => state === 'active')?.id === kid),
    );
    expect(ring().history.slice(-2)).toMatchObject([
      { what: 'stage', kid, who: 'ada', why: 'quarterly (in the console)' },
      { what: 'promote', kid, who: 'ada', why: 'in the console' },
    ]);
    const history = (await ada.get('/keyturn/history')).text;
    expect(history).toContain('quarterly (in the console)');
    // The same form again: somebody was quicker.
    const twice = await ada.get(`/keyturn/steps/promote?kid=${kid}`);
    expect(twice.status).toBe(409);
  });
});

describe('on one framework all the rest:', () => {
  const [, start] = APPS[0] as (typeof APPS)[number];

  test('what signs people out has the id typed in, and a reason', async () => {
    const { apps, ring } = await replicas(start, [
      [STRONG, 'active'],
      [OLDER, 'retiring', { dates: { retiring: Date.now() } }],
    ]);
    const browser = await signedIn(apps[0]?.url ?? '');
    const [active = '', retiring = ''] = ring().keys.map(({ id }) => id);
    for (const confirm of [
      {},
      { confirm: '' },
      { confirm: active },
      { confirm: retiring.toLowerCase() },
    ] as const) {
      const refused = await take(browser, `revoke?kid=${retiring}`, { why: 'stolen', ...confirm });
      expect([confirm, refused.status]).toEqual([confirm, 422]);
      expect(refused.text).toContain('Nothing was done');
      expect(refused.text).toContain('value="stolen"');
    }
    const silent = await take(browser, `revoke?kid=${retiring}`, { confirm: retiring });
    expect([silent.status, ring().generation]).toEqual([409, 1]);
    expect(
      (await take(browser, `revoke?kid=${retiring}`, { why: 'stolen', confirm: ` ${retiring} ` })).status,
    ).toBe(303);
    expect(ring().get(retiring)?.state).toBe('revoked');
    expect(ring().history.at(-1)).toMatchObject({
      what: 'revoke',
      who: 'ada',
      why: 'stolen (in the console)',
    });
    await Promise.all(apps.map((app) => app.close()));
  });

  test('what is refused is said with the moment from which it is safe, whatever the page offered', async () => {
    const { apps, ring } = await replicas(start, [
      [STRONG, 'active'],
      [OLDER, 'retiring', { dates: { retiring: Date.now() }, lifetimes: { session: 3600 } }],
      [COMING, 'staged', { dates: { staged: Date.now() - 60_000 } }],
    ]);
    const browser = await signedIn(apps[0]?.url ?? '');
    const kid = ring().keys.find(({ state }) => state === 'retiring')?.id ?? '';
    const page = await browser.get(`/keyturn/steps/retire?kid=${kid}`);
    expect(page.text).toContain('Keyturn refuses to retire');
    expect(page.text).not.toContain('<form');
    const _csrf =
      inForm(
        (
          await browser.get(
            `/keyturn/steps/promote?kid=${ring().keys.find(({ state }) => state === 'staged')?.id}`,
          )
        ).text,
        '_csrf',
      ) ?? '';
    const form = { _csrf, kid };
    const { status, text } = await browser.ask('/keyturn/steps/retire', {
      method: 'POST',
      form,
      headers: HEADERS,
    });
    expect(status).toBe(409);
    expect(text).toMatch(/\d\d:\d\d(:\d\d)? \S+ \(in /);
    expect(ring().generation).toBe(1);
    await Promise.all(apps.map((app) => app.close()));
  });

  test('a promotion that waits for time alone is taken once all that are counted report, and not before', async () => {
    const { apps, ring } = await replicas(start, [
      [STRONG, 'active'],
      [COMING, 'staged', { dates: { staged: Date.now() + 3_600_000 } }],
    ]);
    const browser = await signedIn(apps[0]?.url ?? '');
    const kid = ring().keys.find(({ state }) => state === 'staged')?.id;
    const count = (number: string) => take(browser, `promote?kid=${kid}`, { replicas: number });
    for (const [number, status] of [
      ['two', 422],
      ['0', 422],
      ['3', 409],
    ] as const) {
      const refused = await count(number);
      expect([number, refused.status]).toEqual([number, status]);
      expect(refused.text).toContain(`value="${number}"`);
    }
    expect(ring().generation).toBe(1);
    await until(async () => (await count('2')).status === 303);
    expect(ring().active.id).toBe(kid);
    await Promise.all(apps.map((app) => app.close()));
  });
});
