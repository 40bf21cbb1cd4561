import type { Explanation } from '../errors.js';
import { type Html, html } from '../html.js';
import { layout } from './layout.js';

const START = { to: '/', label: 'Go to the start' };

export function errorPage(status: number, { title, advice, way = START }: Explanation): Html {
  return layout({
    title: `${title} – Locker`,
    main: html`
      <section class="notice">
        <p class="status">Error ${status}</p>
        <h1>${title}</h1>
        <p class="lead">${advice}</p>
        <p><a class="button" href="${way.to}">${way.label}</a></p>
      </section>`,
  });
}
