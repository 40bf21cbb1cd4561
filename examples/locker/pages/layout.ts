// What all pages share: the document, its header and footer, and the messages for the visitor.
import type { FlashMessages } from 'keyturn/fastify';
import { type Content, Html, html } from '../html.js';
import { MARK } from './mark.js';
import { messageList } from './messages.js';
import { STYLE } from './style.js';

export interface Layout {
  readonly title: string;
  readonly main: Html;
  /** Right in the header. */
  readonly aside?: Content;
  readonly messages?: FlashMessages;
}

const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

export function layout({ title, main, aside, messages = {} }: Layout): Html {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${title}</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    ${STYLE_ELEMENT}
  </head>
  <body>
    <header class="bar">
      <a class="brand" href="/">${MARK}Locker</a>
      ${aside}
    </header>
    <main>
      ${messageList('success', messages.success)}
      ${messageList('error', messages.error)}
      ${main}
    </main>
    <footer>
      <p>Locker is the example app of Keyturn.</p>
    </footer>
  </body>
</html>
`;
}
