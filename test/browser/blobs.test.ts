// Blobs that links show in place, in a real Chromium: whether they are seen and heard.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newServer } from '../blobs/support.js';
import { until } from '../support/waiting.js';
import { CHROMIUM, launch } from './chromium.js';

describe.skipIf(CHROMIUM === undefined)('what a link shows, in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
  });

  /** A page that has gone to the link of a blob, and the names of what it saved instead of showing it. */
  async function open(name: string, type: string, content: Buffer) {
    const { store, url } = await newServer();
    await store.put(name, content, { type });
    const page = await browser.newPage();
    const saved: string[] = [];
    page.on('download', (download) => saved.push(download.suggestedFilename()));
    // A download ends the navigation, and of a viewer nobody hears when it has loaded.
    const link = url + store.signedUrl(name, { show: true });
    await page.goto(link, { waitUntil: 'commit' }).catch(() => {});
    return { page, link, saved };
  }

  // What decides is the type: Chromium looks into the content by itself.
  test.each([
    ['a.wav', 'audio/wav'],
    ['a.mp4', 'video/mp4'],
  ])('%s of the type %s can be played, and no script runs beside it', async (name, type) => {
    const { page } = await open(name, type, silence());
    await until(() => page.evaluate('document.querySelector("video")?.readyState === 4'));
    await page.evaluate(`
      const script = document.createElement('script');
      script.textContent = 'document.title = "ran"';
      document.head.append(script);
    `);
    expect(await page.title()).not.toBe('ran');
  });

  test('an image is seen', async () => {
    const { page } = await open('a.gif', 'image/gif', GIF);
    await until(() => page.evaluate('document.querySelector("img")?.naturalWidth === 1'));
  });

  test('a PDF is left to the viewer', async () => {
    const { page, link, saved } = await open('a.pdf', 'application/pdf', PDF);
    // What is saved leaves the page where it was. The viewer is a program of its own: nothing can be asked of it.
    await until(() => page.url() === link);
    expect(saved).toEqual([]);
  });

  test('a page that calls itself a video is saved', async () => {
    const page = '<html xmlns="http://www.w3.org/1999/xhtml"><script>document.title = "ran"</script></html>';
    const { saved } = await open('a.xml', 'video/x+xml', Buffer.from(page));
    await until(() => saved.length > 0);
    expect(saved).toEqual(['a.xml']);
  });
});

const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==', 'base64');
const PDF = Buffer.from(
  '%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj ' +
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj trailer<</Root 1 0 R>>',
);

/** A second of it, as a WAV of 8,000 samples of one byte. */
function silence(): Buffer {
  const wav = Buffer.alloc(44 + 8000, 128);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + 8000, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(8000, 24);
  wav.writeUInt32LE(8000, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(8000, 40);
  return wav;
}
