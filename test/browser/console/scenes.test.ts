// Every page of the console in every scene, as it is seen: in light and dark, on a telephone and on a wide screen. axe-core
// finds nothing in it, nothing is wider than the screen, and nothing happens that a page has no business to do.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kidAt } from '../../console/made.js';
import { CHROMIUM, launch } from '../chromium.js';
import { serveScenes } from './scene-server.js';
import { SCENES } from './scenes.js';
import { watchedPage } from './watched.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const REVOKE = `/steps/revoke?kid=${kidAt(1)}`;
const PROMOTE = `/steps/promote?kid=${kidAt(0)}`;
const ALL = [
  '/purposes',
  '/impact',
  `/impact?step=revoke&kid=${kidAt(1)}`,
  `/impact?step=revoke&kid=${kidAt(99)}`,
  '/doctor',
  '/history',
  '/steps',
  '/steps/stage',
  PROMOTE,
  `/steps/retire?kid=${kidAt(2)}`,
  REVOKE,
  '/nothing',
];
/** Pages besides the first one that a scene changes. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  empty: ['/purposes', '/impact', '/history', '/steps'],
  middle: ALL,
  early: ['/steps', PROMOTE],
  thirty: ['/impact', '/history', '/steps', REVOKE],
  thousand: ['/steps', PROMOTE],
  long: ALL,
};

const WIDTHS = [360, 1440, 1600];

const pagesOf = (scene: string) => ['/', ...(MORE[scene] ?? [])];

describe.skipIf(CHROMIUM === undefined)('in Chromium, the console', () => {
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    [browser, url] = await Promise.all([launch(), serveScenes()]);
  });

  afterAll(async () => {
    await browser.close();
  });

  test.concurrent.each(SCENES)('is right in the scene %s', async (scene) => {
    const { page, problems, close } = await watchedPage(browser, { reducedMotion: 'reduce' });
    for (const path of pagesOf(scene)) {
      await page.goto(`${url}/${scene}${path}`);
      problems.push(...(await checked(page, `${scene}${path}`)));
    }
    await close();
    expect(problems).toEqual([]);
  });
});

/** What does not depend on colours and widths is looked at once. */
async function checked(page: Page, name: string): Promise<readonly string[]> {
  const problems: string[] = [];
  await page.evaluate(AXE);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const wider = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    if (wider > 0) problems.push(`${name}: ${wider} too wide for ${width}`);
    if (width === 1600) continue;
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const found = await axe(page, rulesFor(width, colorScheme));
      problems.push(...found.map((one) => `${name}, ${width}, ${colorScheme}: ${one}`));
    }
  }
  return problems;
}

/** All of them once; where a page is drawn in another way, those that depend on it. */
function rulesFor(width: number, colorScheme: 'light' | 'dark'): readonly string[] | undefined {
  if (width === 360 && colorScheme === 'light') return undefined;
  return width === 360 || colorScheme === 'light'
    ? ['color-contrast']
    : ['color-contrast', 'target-size', 'link-in-text-block', 'scrollable-region-focusable'];
}

async function axe(page: Page, rules: readonly string[] | undefined): Promise<readonly string[]> {
  return await page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResult> } };
    const { violations } = await axe.run({
      resultTypes: ['violations'],
      ...(only === undefined ? {} : { runOnly: { type: 'rule', values: only } }),
    });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  }, rules);
}

interface AxeResult {
  readonly violations: ReadonlyArray<{
    readonly id: string;
    readonly nodes: ReadonlyArray<{ readonly html: string }>;
  }>;
}
