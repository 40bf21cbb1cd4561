import { type Html, html } from '../html.js';

/** Who is signed in, and the way out: right in the header. */
export function account(user: string, csrfToken: string): Html {
  return html`
      <form class="sign-out" method="post" action="/logout">
        <input type="hidden" name="_csrf" value="${csrfToken}">
        <bdi>${user}</bdi>
        <button class="quiet">Sign out</button>
      </form>`;
}
