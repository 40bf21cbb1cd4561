import type { KeptFile } from '../files.js';
import { type Html, html } from '../html.js';
import { moment, sizeText } from './format.js';

/** What a user keeps, with everything that can be done with it. */
export function fileList(files: readonly KeptFile[], csrfToken: string): Html {
  if (files.length === 0)
    return html`
        <p class="empty">Nothing here yet. What you upload is yours alone, until you share it.</p>`;
  return html`
        <ul class="files">
          ${files.map((file) => fileItem(file, csrfToken))}
        </ul>`;
}

function fileItem(file: KeptFile, csrfToken: string): Html {
  const path = pathOf(file);
  // The browser opens and closes it by itself; one that cannot shows it at once.
  const dialog = `delete-${file.id}`;
  return html`
          <li>
            <p class="file"><bdi>${file.name}</bdi> <small>${sizeText(file.size)} · ${moment(file.uploadedAt)}</small></p>
            <div class="actions">
              <a class="button quiet" href="${path}" aria-label="Download ${file.name}">Download</a>
              <a class="button quiet" href="${path}/share" aria-label="Share ${file.name}">Share</a>
              <button type="button" class="quiet" popovertarget="${dialog}" aria-label="Delete ${file.name}">Delete</button>
            </div>
            <form class="dialog" id="${dialog}" popover method="post" action="${path}/delete" aria-label="Delete ${file.name}">
              <input type="hidden" name="_csrf" value="${csrfToken}">
              <p><strong>Delete “<bdi>${file.name}</bdi>”?</strong> It cannot be brought back, and links to it end.</p>
              <button class="danger">Delete for good</button>
              <button type="button" class="quiet" popovertarget="${dialog}" popovertargetaction="hide">Keep it</button>
            </form>
          </li>`;
}

/** Where the routes of a file are. */
export function pathOf({ id, name }: KeptFile): string {
  return `/files/${encodeURIComponent(id)}/${encodeURIComponent(name)}`;
}
