// What a browser makes of the console of somebody who may not, and of pages that mean harm.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { afterwards } from '../../support/ring-file.js';
import { CHROMIUM, launch } from '../chromium.js';
import { heading, press, signIn, twoReplicas } from './replicas.js';
import { serveScenes } from './scene-server.js';
import { HOSTILE } from './scenes.js';
import { watchedPage } from './watched.js';

/** Another site: another name, so that cookies of `localhost` are not its own. */
async function otherSite(html: string): Promise<string> {
  const server = createServer((_request, response) => {
    response
      .setHeader('content-type', 'text/html; charset=utf-8')
      .end(`<!doctype html><title>Prizes</title>${html}`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  afterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Sends the form of a page. @returns the status of the answer */
async function sent(page: Page): Promise<number> {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button').click();
  return (await answered).status();
}

describe.skipIf(CHROMIUM === undefined)('in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
  });

  test.concurrent('whom the guard does not let in sees what any address shows that is nothing', async () => {
    const { first, second } = await twoReplicas();
    const { page, close } = await watchedPage(browser);
    for (const app of [first, second])
      for (const who of [undefined, 'mallory']) {
        await page.context().clearCookies();
        if (who !== undefined) await signIn(page, app, who);
        const seen = async (path: string) => {
          const response = await page.goto(app.url + path);
          return [response?.status(), (await page.content()).replaceAll(/keyturn|nowhere/g, 'PLACE')];
        };
        const nothing = await seen('/nowhere/steps');
        expect(nothing[0]).toBe(404);
        expect(await seen('/keyturn/steps')).toEqual(nothing);
      }
    await close();
  });

  test.concurrent('who may look and not act finds no step, and takes none', async () => {
    const { first, second, command } = await twoReplicas();
    const { page, problems, close } = await watchedPage(browser);
    await signIn(page, first, 'bob');
    await page.goto(`${first.url}/keyturn/`);
    expect(await page.getByRole('link', { name: 'Steps' }).count()).toBe(0);
    expect(await page.locator('.foot').innerText()).toContain('You are bob, read-only.');
    for (const path of ['steps', 'steps/stage']) {
      const response = await page.goto(`${first.url}/keyturn/${path}`);
      expect([response?.status(), await heading(page)]).toEqual([403, 'No step can be taken here']);
    }
    // Nor with the form of somebody who may, in their own session.
    const ada = await watchedPage(browser);
    await signIn(ada.page, second, 'ada');
    await ada.page.goto(`${second.url}/keyturn/steps/stage`);
    await signIn(await ada.page.context().newPage(), second, 'bob');
    expect(await sent(ada.page)).toBe(403);
    expect(JSON.parse(await command('status', '--json')).keys).toHaveLength(1);
    await ada.close();
    await close();
    expect(problems).toEqual([]);
  });

  test.concurrent('a form that another site sends takes no step', async () => {
    const { first, second, command } = await twoReplicas();
    for (const app of [first, second]) {
      const { page, close } = await watchedPage(browser);
      await signIn(page, app, 'ada');
      // What it may know: a token of its own, which it got as somebody else.
      await page.goto(`${app.url}/keyturn/steps/stage`);
      const token = await page.locator('[name=_csrf]').inputValue();
      for (const field of ['', `<input name="_csrf" value="${token}">`]) {
        const site = await otherSite(
          `<form method="post" action="${app.url}/keyturn/steps/stage">${field}<button>A prize</button></form>`,
        );
        await page.goto(site);
        expect(await sent(page)).toBe(403);
      }
      await close();
    }
    expect(JSON.parse(await command('status', '--json')).keys).toHaveLength(1);
  });

  test.concurrent('another site shows it in no frame', async () => {
    const { first, second } = await twoReplicas({ guard: () => ({ who: 'ada', mayAct: true }) });
    for (const app of [first, second]) {
      const { page, close } = await watchedPage(browser);
      const refused: string[] = [];
      page.on('console', (message) => refused.push(message.text()));
      await page.goto(await otherSite(`<iframe src="${app.url}/keyturn/steps"></iframe>`));
      const frame = page.frames()[1];
      expect(await frame?.content().catch(() => '')).not.toContain('Keyturn');
      expect(refused.join()).toMatch(/frame-ancestors|X-Frame-Options/i);
      await close();
    }
  });

  test.concurrent('names, reasons and addresses that mean harm are text', async () => {
    const url = await serveScenes();
    const { page, problems, close } = await watchedPage(browser);
    for (const path of ['/', '/history', '/doctor', '/steps']) {
      await page.goto(`${url}/hostile${path}`);
      const text = await page.locator('body').innerText();
      for (const name of HOSTILE.filter((one) => /^[\x20-\x7e]+$/.test(one))) expect(text).toContain(name);
      expect(await page.locator('iframe, img, script:not([src]), [onerror], [onload]').count()).toBe(0);
    }
    for (const hostile of HOSTILE)
      for (const path of ['/', '/impact', '/impact?step=revoke', '/steps', '/steps/revoke']) {
        const asked = new URL(`${url}/hostile${path}`);
        for (const field of ['step', 'kid', 'span', 'done'])
          if (!asked.searchParams.has(field)) asked.searchParams.set(field, hostile);
        await page.goto(asked.href);
      }
    await page.goto(`${url}/hostile/${encodeURIComponent(HOSTILE[0] as string)}`);
    expect(await heading(page)).toBe('There is nothing here');
    await close();
    expect(problems).toEqual([]);
  });

  test.concurrent('a reason that means harm is told in the history, as it was typed', async () => {
    const { first } = await twoReplicas({ guard: () => ({ who: HOSTILE[1], mayAct: true }) });
    const { page, problems, close } = await watchedPage(browser);
    await page.goto(`${first.url}/keyturn/steps/stage`);
    const [reason = ''] = HOSTILE;
    await page.getByLabel('Why').fill(reason);
    await press(page, 'Stage a fresh key');
    await page.goto(`${first.url}/keyturn/history`);
    expect(await page.locator('tbody tr').first().innerText()).toContain(`${reason} (in the console)`);
    expect(await page.locator('tbody tr').first().innerText()).toContain(HOSTILE[1]);
    await close();
    expect(problems).toEqual([]);
  });
});
