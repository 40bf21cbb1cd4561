// The first page goes on being drawn while somebody looks, reads, and uses the keyboard.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/waiting.js';
import { CHROMIUM, launch } from '../chromium.js';
import { follow, heading, sentence, signIn, twoReplicas } from './replicas.js';
import { watchedPage } from './watched.js';

describe.skipIf(CHROMIUM === undefined)('in Chromium, the first page', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
  });

  const connection = (page: Page) => page.locator('#connection').innerText();
  /** What stays only if the page is never loaded anew. */
  const mark = (page: Page) => page.evaluate('globalThis.isTheSamePage = true');
  const isMarked = async (page: Page) => (await page.evaluate('globalThis.isTheSamePage')) === true;

  test.concurrent('shows a step that was taken elsewhere, without being loaded anew', async () => {
    const { first, command } = await twoReplicas();
    const { page, problems, close } = await watchedPage(browser);
    await signIn(page, first, 'bob');
    await page.goto(`${first.url}/keyturn/`);
    await until(async () => (await connection(page)) === 'Live.');
    await mark(page);

    await command('stage');
    await until(async () => /of 2 replicas know/.test(await sentence(page)));
    await until(async () => /it can take over now/.test(await sentence(page)));
    expect(await page.locator('#announce').innerText()).toContain('it can take over now');
    await command('promote');
    await until(async () => /may go at/.test(await sentence(page)));
    expect(await isMarked(page)).toBe(true);
    await close();
    expect(problems).toEqual([]);
  });

  test.concurrent('keeps what has the focus, what is unfolded, and what is selected', async () => {
    const { first, command } = await twoReplicas();
    const { page, problems, close } = await watchedPage(browser);
    await signIn(page, first, 'ada');
    await page.goto(`${first.url}/keyturn/`);
    // Somebody is let in, and that is counted.
    await until(async () => {
      await page.reload();
      return (await page.locator('#numbers').count()) === 1;
    });
    await until(async () => (await connection(page)) === 'Live.');
    await mark(page);
    const unfolded = () => page.evaluate("document.getElementById('numbers').open");
    const focused = () => page.evaluate('document.activeElement.textContent');
    await page.locator('#numbers > summary').click();
    expect(await unfolded()).toBe(false);
    await page.locator('#numbers > summary').focus();
    await command('stage');
    await until(async () => /of 2 replicas know/.test(await sentence(page)));
    expect([await unfolded(), await focused()]).toEqual([false, 'The numbers']);
    await page.locator('#span-day').focus();
    await until(async () => /it can take over now/.test(await sentence(page)));
    expect(await focused()).toBe('24 hours');

    // Nobody's selection is taken away; when it is gone the page catches up.
    await page.evaluate("getSelection().selectAllChildren(document.getElementById('sentence'))");
    const selected = await page.evaluate('String(getSelection())');
    await command('promote');
    const seen = await page.locator('.look').getAttribute('data-now');
    const { page: other, close: closeOther } = await watchedPage(browser);
    await signIn(other, first, 'bob');
    await other.goto(`${first.url}/keyturn/`);
    await until(async () => /may go at/.test(await sentence(other)));
    expect(await page.evaluate('String(getSelection())')).toBe(selected);
    expect(await page.locator('.look').getAttribute('data-now')).toBe(seen);
    await page.evaluate('getSelection().removeAllRanges()');
    await until(async () => /may go at/.test(await sentence(page)));
    expect(await isMarked(page)).toBe(true);
    await closeOther();
    await close();
    expect(problems).toEqual([]);
  });

  test.concurrent('says that it is not live when the replica has gone', async () => {
    const { second } = await twoReplicas();
    const { page, close } = await watchedPage(browser);
    await signIn(page, second, 'bob');
    await page.goto(`${second.url}/keyturn/`);
    await until(async () => (await connection(page)) === 'Live.');
    await second.close();
    await until(async () => (await connection(page)).startsWith('Not live since '));
    expect(await connection(page)).toMatch(
      /^Not live since \d\d:\d\d:\d\d \S+\. What stands below is old\.$/,
    );
    await close();
  });

  test.concurrent('is the only one that is drawn anew: another says how old it is, and when a moment on it is over', async () => {
    const { first, command } = await twoReplicas({ env: { KEYTURN_SECURITY__KEYRING__MAX_LAG: '10min' } });
    const { page, problems, close } = await watchedPage(browser);
    await signIn(page, first, 'bob');
    await command('stage');
    await page.clock.install();
    await page.goto(`${first.url}/keyturn/impact`);
    await until(async () => {
      await page.reload();
      return (await page.locator('[data-countdown]').count()) > 0;
    });
    expect(await connection(page)).toMatch(/^As of \S+ \S+?(, \d+ s ago)?\.$/);
    await page.clock.fastForward('01:00');
    await until(async () => /^As of .*, 1 min.* ago\.$/.test(await connection(page)));
    await page.clock.fastForward('20:00');
    const isOver = /^This page is from \S+ \S+\. A moment that it names has passed: reload it\.$/;
    await until(async () => isOver.test(await connection(page)));
    expect(await page.locator('#connection').getAttribute('class')).toBe('lost');
    await close();
    expect(problems).toEqual([]);
  });

  test.concurrent('counts down between two looks', async () => {
    const { first, command } = await twoReplicas({
      env: { KEYTURN_SECURITY__KEYRING__MAX_LAG: '90s' },
    });
    await command('stage');
    const { page, close } = await watchedPage(browser);
    await signIn(page, first, 'bob');
    // The stream is held back: what moves then is moved by the page itself.
    await page.route('**/live*', () => {});
    await page.goto(`${first.url}/keyturn/`);
    const count = page.locator('[data-countdown]').first();
    const before = await count.innerText();
    expect(before).toMatch(/^in 1 min \d+ s$/);
    await until(async () => (await count.innerText()) !== before);
    await close();
  });

  test.concurrent('is used by the keyboard alone', async () => {
    const { first } = await twoReplicas();
    const { page, problems, close } = await watchedPage(browser);
    await signIn(page, first, 'ada');
    await page.goto(`${first.url}/keyturn/`);
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    const outlined = () =>
      page.evaluate<boolean>(
        "(({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2)(getComputedStyle(document.activeElement))",
      );
    const visited: string[] = [];
    for (let at = 0; at < 9; at++) {
      await page.keyboard.press('Tab');
      visited.push(await focused());
      expect([visited.at(-1), await outlined()]).toEqual([visited.at(-1), true]);
    }
    expect(visited.slice(0, 8)).toEqual([
      'Skip to the content',
      'Keyturn',
      'Overview',
      'Purposes',
      'Impact',
      'Doctor',
      'History',
      'Steps',
    ]);

    // The link that skips is seen when it has the focus, and leads past what every page has.
    await page.reload();
    await page.keyboard.press('Tab');
    const skip = page.locator('.skip');
    expect((await skip.boundingBox())?.y).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');

    // A step from the first page to its end.
    await page.reload();
    for (let at = 0; (await focused()) !== 'Steps' && at < 20; at++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/steps');
    for (let at = 0; (await focused()) !== 'Stage a fresh key\u00a0…' && at < 30; at++)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/steps/stage');
    for (let at = 0; (await page.evaluate('document.activeElement.id')) !== 'why' && at < 30; at++)
      await page.keyboard.press('Tab');
    await page.keyboard.type('by the keyboard');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/steps?done=stage*');
    await follow(page, 'history');
    expect(await heading(page)).toBe('History');
    expect(await page.locator('tbody tr').first().innerText()).toContain('by the keyboard');
    await close();
    expect(problems).toEqual([]);
  });

  test.concurrent('moves nothing, least of all where somebody wants no motion', async () => {
    const { first } = await twoReplicas();
    const { page, close } = await watchedPage(browser, { reducedMotion: 'reduce' });
    await signIn(page, first, 'bob');
    await page.goto(`${first.url}/keyturn/`);
    expect(await page.evaluate('getComputedStyle(document.documentElement).scrollBehavior')).toBe('auto');
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
    await close();
  });
});
