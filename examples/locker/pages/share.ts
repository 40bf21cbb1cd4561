import type { KeptFile } from '../files.js';
import { type Html, html } from '../html.js';
import { account } from './account.js';
import { pathOf } from './file-list.js';
import { durationText, sizeText } from './format.js';
import { layout } from './layout.js';

export interface SharePage {
  readonly csrfToken: string;
  readonly user: string;
  readonly file: KeptFile;
  /** How long links may work. */
  readonly shareFor: readonly string[];
  /** The link that was just made, to be copied. */
  readonly made?: { readonly url: string; readonly duration: string };
}

export function sharePage({ csrfToken, user, file, shareFor, made }: SharePage): Html {
  const chosen = made?.duration ?? shareFor[0];
  return layout({
    title: `Share ${file.name} – Locker`,
    aside: account(user, csrfToken),
    main: html`
      <div class="column">
        <p class="back"><a href="/">Your files</a></p>
        <h1 class="name">Share <bdi>${file.name}</bdi></h1>
        <p class="lead">Whoever has the link can download the file (${sizeText(file.size)}) until it expires. They need no account.</p>
        ${made && madeLink(made.url, made.duration)}
        <section class="card">
          <form method="post" action="${pathOf(file)}/share">
            <input type="hidden" name="_csrf" value="${csrfToken}">
            <fieldset>
              <legend>How long should it work?</legend>
              ${shareFor.map(
                (duration) => html`
              <label class="choice"><input type="radio" name="for" value="${duration}" required${duration === chosen && html` checked`}> ${durationText(duration)}</label>`,
              )}
            </fieldset>
            <button>${made === undefined ? 'Make a link' : 'Make another link'}</button>
          </form>
        </section>
      </div>`,
  });
}

function madeLink(url: string, duration: string): Html {
  return html`
        <section class="card made" aria-labelledby="made" role="status">
          <h2 id="made">Your link is ready</h2>
          <p class="copy"><a href="${url}">${url}</a></p>
          <p class="hint">It works for ${durationText(duration)}. Copy it with the menu of your browser, and send it to whom you like. To end it sooner, delete the file.</p>
        </section>`;
}
