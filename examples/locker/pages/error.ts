import type { Explanation } from '../errors.js';
import { type Html, html } from '../html.js';
import { layout } from './layout.js';

export function errorPage(status: number, { title, advice }: Explanation): Html {
  return layout({
    title: `${title} – Locker`,
    main: html`
      <section class="notice">
        <p class="status">Error ${status}</p>
        <h1>${title}</h1>
        <p class="lead">${advice}</p>
        <p><a class="button" href="/">Go to the start</a></p>
      </section>`,
  });
}
