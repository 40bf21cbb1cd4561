import type { FlashMessages } from 'keyturn/fastify';
import { LONGEST_NAME } from '../accounts.js';
import { type Html, html } from '../html.js';
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from '../passwords.js';
import { layout } from './layout.js';
import { messageList } from './messages.js';

export interface ResetPage {
  readonly csrfToken: string;
  readonly messages: FlashMessages;
}

export function resetPage({ csrfToken, messages }: ResetPage): Html {
  return layout({
    title: 'A new password – Locker',
    messages,
    main: html`
      <div class="column">
        <p class="back"><a href="/">Sign in</a></p>
        <h1>Forgotten your password?</h1>
        <p class="lead">Tell us your name, and you get a link to choose a new one.</p>
        <section class="card">
          <form method="post" action="/password-reset">
            <input type="hidden" name="_csrf" value="${csrfToken}">
            <label for="username">Name</label>
            <input id="username" name="username" required maxlength="${LONGEST_NAME}" autocomplete="username" autocapitalize="none" spellcheck="false">
            <button>Send me a link</button>
          </form>
        </section>
      </div>`,
  });
}

export interface ResetAskedPage {
  readonly user: string;
  /** Shown while developing; otherwise it is in the mail. */
  readonly link: string | undefined;
}

export function resetAskedPage({ user, link }: ResetAskedPage): Html {
  return layout({
    title: 'A new password – Locker',
    main: html`
      <div class="column">
        <h1>Check your mail</h1>
        <p class="lead">If there is a locker of <bdi>${user}</bdi>, a link is on its way. It works once, and not for long.</p>
        ${
          link !== undefined &&
          html`
        <section class="card made" aria-labelledby="link">
          <h2 id="link">In development the link is here</h2>
          <p class="copy"><a href="${link}">${link}</a></p>
        </section>`
        }
        <p><a href="/">Back to the start</a></p>
      </div>`,
  });
}

export interface NewPasswordPage extends ResetPage {
  readonly user: string;
  readonly token: string;
}

export function newPasswordPage({ csrfToken, messages, user, token }: NewPasswordPage): Html {
  return layout({
    title: 'Choose a new password – Locker',
    main: html`
      <div class="column">
        <h1>Choose a new password</h1>
        <p class="lead">For <bdi>${user}</bdi>. Wherever you are signed in, you will be signed out.</p>
        <section class="card">
          ${messageList('error', messages.error)}
          <form method="post" action="/password-reset/${token}">
            <input type="hidden" name="_csrf" value="${csrfToken}">
            <input type="hidden" name="username" value="${user}" autocomplete="username">
            <label for="password">New password</label>
            <input id="password" name="password" type="password" required minlength="${SHORTEST_PASSWORD}" maxlength="${LONGEST_PASSWORD}" autocomplete="new-password" aria-describedby="password-hint">
            <p class="hint" id="password-hint">At least ${SHORTEST_PASSWORD} characters.</p>
            <button>Change the password</button>
          </form>
        </section>
      </div>`,
  });
}
