// A page for a browser that is not let in: it looks like the others, and leads to none of them.
import type { Frame } from '../contract.js';
import { html } from '../html.js';
import { brand, documentOf } from './frame.js';
import { paragraphs } from './parts.js';

/** @param assets where what it loads is; only style and icon */
export function closedPage(
  assets: Pick<Frame['assets'], 'style' | 'icon'>,
  { title, message, hint }: { readonly title: string; readonly message: string; readonly hint: string },
): string {
  return documentOf(
    { title: `${title} · Keyturn`, ...assets },
    html`<header class="top"><p class="brand plain">${brand(undefined)}</p></header>
<main id="main">
<h1>${title}</h1>
${paragraphs(message, 'lead')}${paragraphs(hint, 'hint')}</main>
`,
  );
}
