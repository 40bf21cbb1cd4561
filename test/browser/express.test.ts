// The example for Express in a real Chromium.
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { CHROMIUM, launch } from './chromium.js';
import { useInChromium } from './use-example.js';

const SERVER = join(resolve(import.meta.dirname, '../../examples'), 'express', 'server.js');

describe.skipIf(CHROMIUM === undefined)('the example for Express, in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
  });

  test('sign-in, a form, flash, a rotation with open forms, sign-out', async () => {
    await useInChromium(browser, { command: [process.execPath, SERVER] });
  });
});
