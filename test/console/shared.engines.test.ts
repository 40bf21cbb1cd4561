// The console over a keyring that replicas share in an engine: steps on one, seen on the other, and what is there when the
// engine is away.
import { describe, expect, onTestFinished } from 'vitest';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { Browser } from '../support/browser.js';
import { STRONG } from '../support/machine.js';
import { type EngineName, inPlace, type SharedPlace, startReplica } from '../support/shared-ring.js';
import { until } from '../support/waiting.js';
import { APPS } from './apps.js';

const [, start] = APPS[0] as (typeof APPS)[number];
const RING = new Keyring([new Key(new Material(STRONG), 'active')], {
  id: 'ring-of-the-console',
  generation: 1,
});
const HEADERS = { 'sec-fetch-site': 'same-origin' };
const TIMES = { maxLag: 1, lease: 60, skew: 1 };

/** Somebody who is signed in at a replica, and what stands between that and the engine. */
async function behindProxy(place: SharedPlace) {
  const { cut, url } = await place.proxy();
  const { keyturn } = await startReplica(place, { url, times: TIMES });
  const app = await start({ keyturn });
  onTestFinished(() => app.close());
  const browser = new Browser(app.url);
  await browser.get('/as/ada');
  return { cut, browser };
}

describe.each<EngineName>(['redis', 'postgres'])('%s:', (engine) => {
  const test = inPlace(engine, RING);

  test('two replicas, two consoles, one ring', async ({ place }) => {
    const replicas = await Promise.all([1, 2].map(() => startReplica(place, { times: TIMES })));
    const apps = await Promise.all(replicas.map(({ keyturn }) => start({ keyturn, steps: true })));
    onTestFinished(async () => void (await Promise.all(apps.map((app) => app.close()))));
    const [one, other] = await Promise.all(
      apps.map(async ({ url }) => {
        const browser = new Browser(url);
        await browser.get('/as/ada');
        return browser;
      }),
    );
    const send = async (browser: Browser | undefined, step: string, kid = '') => {
      const page = await browser?.get(`/keyturn/steps/${step}${kid && `?kid=${kid}`}`);
      const _csrf = /name="_csrf" value="([^"]+)"/.exec(page?.text ?? '')?.[1] ?? '';
      const form = { _csrf, ...(kid && { kid }), why: 'a test' };
      return await browser?.ask(`/keyturn/steps/${step}`, { method: 'POST', form, headers: HEADERS });
    };
    expect((await send(one, 'stage'))?.status).toBe(303);
    await until(() => replicas.every(({ keyturn }) => keyturn.keyring.keys.length === 2));
    const kid = replicas[0]?.keyturn.keyring.keys.find(({ state }) => state === 'staged')?.id ?? '';
    await until(async () => (await one?.get('/keyturn/'))?.text.includes('2 of 2 replicas know'));
    await until(async () => (await send(other, 'promote', kid))?.status === 303);
    await until(() => replicas.every(({ keyturn }) => keyturn.health.signs === kid));
    const history = (await other?.get('/keyturn/history'))?.text;
    expect(history).toContain('a test (in the console)');
    expect(history).toContain('ada');
  });

  test('an engine that is away is said on the page, and comes back', async ({ place }) => {
    const { cut, browser } = await behindProxy(place);
    expect((await browser.get('/keyturn/')).status).toBe(200);
    cut.cut();
    await until(async () => (await browser.get('/keyturn/history')).status === 503);
    const { text } = await browser.get('/keyturn/history');
    expect(text).toContain('This cannot be shown now');
    expect(text).not.toMatch(/ at .*:\d+:\d+/);
    cut.mend();
    await until(async () => (await browser.get('/keyturn/history')).status === 200);
  });

  test('a hundred browsers ask an engine no more often than a few', async ({ place }) => {
    const { cut, browser } = await behindProxy(place);
    await browser.get('/keyturn/');
    const before = cut.asked;
    const answers = await Promise.all(Array.from({ length: 100 }, () => browser.get('/keyturn/')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(cut.asked - before).toBeLessThan(100);
  });
});
