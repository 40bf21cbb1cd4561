import type { FlashMessages } from 'keyturn/fastify';
import type { KeptFile } from '../files.js';
import { type Html, html } from '../html.js';
import { account } from './account.js';
import { fileList } from './file-list.js';
import { moment, sizeText } from './format.js';
import { layout } from './layout.js';

export interface HomePage {
  readonly csrfToken: string;
  readonly messages: FlashMessages;
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly signedInAt: number | undefined;
  /** The key that signs at present. */
  readonly kid: string | undefined;
  readonly files: readonly KeptFile[];
  /** In bytes. */
  readonly maxFileSize: number;
}

export function homePage({ csrfToken, messages, user, signedInAt, kid, files, maxFileSize }: HomePage): Html {
  return layout({
    title: 'Your locker – Locker',
    messages,
    aside: account(user, csrfToken),
    main: html`
      <h1>Hello, <bdi>${user}</bdi></h1>
      <div class="desk">
        <section class="card" aria-labelledby="upload">
          <h2 id="upload">Add a file</h2>
          <form method="post" action="/files" enctype="multipart/form-data">
            <input type="hidden" name="_csrf" value="${csrfToken}">
            <input type="file" name="file" required aria-labelledby="upload" aria-describedby="upload-hint">
            <p class="hint" id="upload-hint">Anything up to ${sizeText(maxFileSize)}.</p>
            <button>Upload</button>
          </form>
        </section>
        <section class="shelf" aria-labelledby="files">
          <h2 id="files">Your files</h2>
          ${fileList(files, csrfToken)}
        </section>
        <section class="card about" aria-labelledby="session">
          <h2 id="session">This session</h2>
          <dl>
            <dt>Signed in as</dt>
            <dd><bdi>${user}</bdi></dd>
            ${signedInAt !== undefined && html`<dt>Since</dt><dd>${moment(signedInAt)}</dd>`}
            <dt>Signing key</dt>
            <dd><code>${kid}</code></dd>
          </dl>
          <p class="aside"><a href="/devices">Your devices</a></p>
        </section>
      </div>`,
  });
}
