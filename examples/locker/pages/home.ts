import type { FlashMessages } from 'keyturn/fastify';
import { type Html, html } from '../html.js';
import { layout } from './layout.js';

export interface HomePage {
  readonly csrfToken: string;
  readonly messages: FlashMessages;
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly signedInAt: number | undefined;
  /** The key that signs at present. */
  readonly kid: string | undefined;
}

export function homePage({ csrfToken, messages, user, signedInAt, kid }: HomePage): Html {
  return layout({
    title: 'Your locker – Locker',
    messages,
    aside: html`
      <form class="sign-out" method="post" action="/logout">
        <input type="hidden" name="_csrf" value="${csrfToken}">
        <bdi>${user}</bdi>
        <button class="quiet">Sign out</button>
      </form>`,
    main: html`
      <h1>Hello, <bdi>${user}</bdi></h1>
      <p class="lead">Your locker is open in this browser, until you sign out.</p>
      <section class="card" aria-labelledby="session">
        <h2 id="session">This session</h2>
        <dl>
          <dt>Signed in as</dt>
          <dd><bdi>${user}</bdi></dd>
          ${signedInAt !== undefined && html`<dt>Since</dt><dd>${moment(signedInAt)}</dd>`}
          <dt>Signing key</dt>
          <dd><code>${kid}</code></dd>
        </dl>
      </section>`,
  });
}

const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

function moment(at: number): Html {
  return html`<time datetime="${new Date(at).toISOString()}">${MOMENT.format(at)} UTC</time>`;
}
