// A page of a browser that notes whatever must never happen: a script that fails or is refused by the policy, a dialog,
// and a request to anywhere but the console.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export interface Watched {
  readonly page: Page;
  /** What has happened that must not. */
  readonly problems: string[];
  close(): Promise<void>;
}

export async function watchedPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext(options);
  // Against hanging, and no measure.
  context.setDefaultTimeout(100_000);
  const problems: string[] = [];
  const page = await context.newPage();
  watch(page, problems);
  return { page, problems, close: () => context.close() };
}

function watch(page: Page, problems: string[]): void {
  const note = (text: string) => void problems.push(`${page.url()}: ${text}`);
  page.on('console', (message) => {
    // What the policy refuses is told there. So is an answer with an error status, which is none here.
    const isStatus = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isStatus) note(message.text());
  });
  page.on('pageerror', (error) => note(String(error)));
  page.on('dialog', (dialog) => {
    note(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    // The first request of a page is what a test has asked for.
    if (!request.isNavigationRequest() && origin !== new URL(page.url()).origin) note(`asks ${origin}`);
  });
}
