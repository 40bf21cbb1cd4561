// A rotation in the console of two replicas, from the first page to the last: what is read, and every step that is taken.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisPlace } from '../../support/engine-places.js';
import { SECRET, STRONG } from '../../support/machine.js';
import { afterwards } from '../../support/ring-file.js';
import { until } from '../../support/waiting.js';
import { CHROMIUM, launch } from '../chromium.js';
import {
  follow,
  heading,
  press,
  type Replicas,
  SHORT_LIVES,
  sentence,
  signIn,
  twoReplicas,
} from './replicas.js';
import { watchedPage } from './watched.js';

const ada = () => ({ who: 'ada', mayAct: true });

describe.skipIf(CHROMIUM === undefined)('in Chromium, with two replicas', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
  });

  /** Looks again until the page says so. */
  const awaitText = async (page: Page, text: string | RegExp) => {
    await until(async () => {
      await page.reload();
      return (await page.getByText(text).count()) > 0;
    });
  };

  /** A whole rotation, by hand. @returns ids of the keys, the old one first */
  async function rotate(page: Page, { first, second }: Replicas): Promise<readonly [string, string]> {
    const kids = async () =>
      await page.locator('.ring .kid').evaluateAll((found) => found.map((one) => one.textContent ?? ''));
    await page.goto(`${first.url}/keyturn/`);
    const [old = ''] = await kids();
    await awaitText(page, `Key ${old} signs. 2 replicas report. No rotation is under way.`);

    await follow(page, 'Steps');
    await follow(page, 'Stage a fresh key …');
    await page.getByLabel('Why').fill('the quarter is over');
    await press(page, 'Stage a fresh key');
    expect(await page.getByRole('status').innerText()).toMatch(/^Staged a fresh key/);

    await page.goto(`${second.url}/keyturn/`);
    await until(async () => {
      await page.reload();
      return (await kids()).length === 2;
    });
    const fresh = (await kids()).find((kid) => kid !== old) as string;
    await awaitText(page, `2 of 2 replicas know ${fresh}: it can take over now.`);
    await page.goto(`${second.url}/keyturn/steps`);
    await follow(page, `Promote ${fresh} …`);
    expect(await page.getByText('Nobody would be signed out').count()).toBeGreaterThan(0);
    await press(page, `Promote ${fresh}`);
    expect(await page.getByRole('status').innerText()).toBe(`Promoted ${fresh}. It stands in the history.`);
    return [old, fresh];
  }

  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? 'with JavaScript' : 'without JavaScript';

    test.concurrent(`${how} a key is staged, signs, is rolled back from, signs again, and the old one is retired`, async () => {
      const replicas = await twoReplicas({ guard: ada, env: SHORT_LIVES });
      const { first } = replicas;
      const { page, problems, close } = await watchedPage(browser, { javaScriptEnabled });
      const [old, fresh] = await rotate(page, replicas);

      await page.goto(`${first.url}/keyturn/`);
      await awaitText(page, `Key ${fresh} signs. ${old} may go`);

      await page.goto(`${first.url}/keyturn/steps`);
      await follow(page, `Roll back to ${old} …`);
      await press(page, `Roll back to ${old}`);
      await awaitText(page, `Promote ${fresh} again …`);
      await follow(page, `Promote ${fresh} again …`);
      await press(page, `Promote ${fresh} again`);

      // It is refused for as long as something that it has signed may be alive.
      await follow(page, 'Steps');
      const card = page.getByRole('listitem').filter({ hasText: `Removes the secret of ${old}` });
      expect(await card.innerText()).toMatch(
        /Keyturn refuses to retire \S+ until \d\d:\d\d:\d\d \S+ \(in \d+ s\)/,
      );
      expect(await card.getByRole('link', { name: /…/ }).count()).toBe(0);
      await page.goto(`${first.url}/keyturn/steps/retire?kid=${old}`);
      expect(await page.locator('.why').innerText()).toMatch(/^Keyturn refuses to retire .* \(in \d+ s\)/);
      expect(await page.locator('form').count()).toBe(0);

      await awaitText(page, 'Safe.');
      await press(page, `Retire ${old}`);
      expect(await page.getByRole('status').innerText()).toContain(`Retired ${old}`);
      await page.goto(`${first.url}/keyturn/`);
      expect(await sentence(page)).toMatch(
        new RegExp(`^Key ${fresh} signs\\. .* No rotation is under way\\.$`),
      );

      await follow(page, 'History');
      const lines = page.locator('tbody tr');
      expect(await lines.allInnerTexts()).toMatchObject([
        expect.stringMatching(new RegExp(`retire\\s+${old}\\s+ada\\s+in the console`)),
        expect.stringMatching(new RegExp(`promote\\s+${fresh}\\s+ada`)),
        expect.stringMatching(new RegExp(`rollback\\s+from ${fresh} to ${old}\\s+ada`)),
        expect.stringMatching(new RegExp(`promote\\s+${fresh}\\s+ada`)),
        expect.stringMatching(
          new RegExp(`stage\\s+${fresh}\\s+ada\\s+the quarter is over \\(in the console\\)`),
        ),
      ]);
      await close();
      expect(problems).toEqual([]);
    });

    test.concurrent(`${how} what signs people out is typed to confirm it, and what is typed wrong does nothing`, async () => {
      const { first } = await twoReplicas();
      const { page, problems, close } = await watchedPage(browser, { javaScriptEnabled });
      await signIn(page, first, 'ada');
      await page.goto(`${first.url}/keyturn/`);
      const old = await page.locator('.ring .kid').first().innerText();
      await follow(page, 'Impact');
      await follow(page, `Revoke ${old}`);
      expect(await page.locator('.verdict').innerText()).toContain('signed out at once');

      await page.goto(`${first.url}/keyturn/steps`);
      await follow(page, `Revoke ${old} …`);
      await page.getByLabel('Why').fill('it was in a log');
      await page.getByLabel('Type the id of the key').fill('XXXXXXXX');
      await press(page, `Revoke ${old}`);
      expect(await page.getByRole('alert').innerText()).toContain('Nothing was done');
      expect(await page.getByLabel('Why').inputValue()).toBe('it was in a log');

      await page.getByLabel('Type the id of the key').fill(old);
      await press(page, `Revoke ${old}`);
      // The session of whoever did it was signed by that key: for them there is no console any more.
      await until(async () => {
        await signIn(page, first, 'ada');
        return (await page.goto(`${first.url}/keyturn/history`))?.status() === 200;
      });
      expect(await page.locator('tbody tr').first().innerText()).toMatch(
        new RegExp(`revoke\\s+${old}\\s+ada\\s+it was in a log \\(in the console\\)`),
      );
      await close();
      expect(problems).toEqual([]);
    });
  }

  test.concurrent('on one Redis, a step that one replica takes is in force on the other', async () => {
    const place = await redisPlace();
    afterwards(place.close);
    const replicas = await twoReplicas({ guard: ada, place: { ...place.shared, [SECRET]: STRONG } });
    const { page, problems, close } = await watchedPage(browser);
    const [old, fresh] = await rotate(page, replicas);
    await page.goto(`${replicas.first.url}/keyturn/`);
    await awaitText(page, `Key ${fresh} signs. ${old} may go`);
    expect(await page.getByText('Kept in').count()).toBe(1);
    await close();
    expect(problems).toEqual([]);
  });

  test.concurrent('a step that the library refuses is answered with the moment when it will not', async () => {
    const { first, command } = await twoReplicas({ env: { KEYTURN_SECURITY__KEYRING__MAX_LAG: '10min' } });
    const { page, close } = await watchedPage(browser);
    await command('stage');
    const { keys } = JSON.parse(await command('status', '--json'));
    const staged = keys.find(({ state }: { state: string }) => state === 'staged').kid as string;
    await signIn(page, first, 'ada');
    // Whoever goes past what the page offers.
    await page.goto(`${first.url}/keyturn/steps/retire?kid=${staged}`);
    await page.evaluate("document.forms[0].action = './promote'");
    await press(page, `Retire ${staged}, which is staged`);
    expect(await heading(page)).toBe(`Promote ${staged}`);
    expect(await page.getByRole('alert').innerText()).toMatch(/\(in \d+ min/);
    await close();
  });

  test.concurrent('what somebody else has done meanwhile is not done twice', async () => {
    const { first, second } = await twoReplicas({ guard: ada });
    const [mine, theirs] = [await watchedPage(browser), await watchedPage(browser)];
    await mine.page.goto(`${first.url}/keyturn/steps/stage`);
    await theirs.page.goto(`${second.url}/keyturn/steps/stage`);
    await press(theirs.page, 'Stage a fresh key');
    await press(mine.page, 'Stage a fresh key');
    expect(await mine.page.getByRole('alert').innerText()).toContain('staged');
    await mine.page.goto(`${first.url}/keyturn/history`);
    expect(await mine.page.locator('tbody tr').filter({ hasText: 'stage' }).count()).toBe(1);
    await mine.close();
    await theirs.close();
  });
});
