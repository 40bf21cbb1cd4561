import type { KeptFile } from '../files.js';
import { type Html, html } from '../html.js';
import { moment, sizeText } from './format.js';
import { layout } from './layout.js';

export interface SharedPage {
  readonly file: KeptFile;
  /** Where the file itself is. */
  readonly url: string;
  readonly expiresAt: Date;
}

export function sharedPage({ file, url, expiresAt }: SharedPage): Html {
  return layout({
    title: `${file.name} – Locker`,
    main: html`
      <div class="column">
        <p class="status">Shared with you</p>
        <h1 class="name"><bdi>${file.name}</bdi></h1>
        <section class="card">
          <dl>
            <dt>Size</dt>
            <dd>${sizeText(file.size)}</dd>
            <dt>Type</dt>
            <dd>${file.type}</dd>
            <dt>Expires</dt>
            <dd>${moment(expiresAt)}</dd>
          </dl>
          <p class="go"><a class="button" href="${url}">Download</a></p>
        </section>
        <p class="hint">Open only what you expected from somebody you know.</p>
      </div>`,
  });
}
