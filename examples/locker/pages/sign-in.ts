import type { FlashMessages } from 'keyturn/fastify';
import { LONGEST_NAME } from '../accounts.js';
import { type Html, html } from '../html.js';
import { layout } from './layout.js';
import { messageList } from './messages.js';

export interface SignInPage {
  readonly csrfToken: string;
  readonly messages: FlashMessages;
  /** The password to tell the visitor, while developing. */
  readonly knownPassword: string | undefined;
}

export function signInPage({ csrfToken, messages, knownPassword }: SignInPage): Html {
  // The name that came with a wrong password need not be typed again.
  const [username] = messages.username ?? [];
  const described = knownPassword !== undefined && html` aria-describedby="password-hint"`;
  const retry = username !== undefined && html` autofocus`;
  const wrong = retry && messages.error !== undefined && html` aria-invalid="true"`;
  return layout({
    title: 'Sign in – Locker',
    messages: { success: messages.success ?? [] },
    main: html`
      <div class="split">
        <section class="intro">
          <h1>A small place to keep and share your files</h1>
          <p class="lead">Everything that Locker hands to your browser is signed, so that nobody can alter it, guess it, or use it for something else.</p>
        </section>
        <section class="card" aria-labelledby="sign-in">
          <h2 id="sign-in">Sign in</h2>
          ${messageList('error', messages.error)}
          <form method="post" action="/login">
            <input type="hidden" name="_csrf" value="${csrfToken}">
            <label for="username">Name</label>
            <input id="username" name="username" value="${username}" required maxlength="${LONGEST_NAME}" autocomplete="username" autocapitalize="none" spellcheck="false">
            <label for="password">Password</label>
            <input id="password" name="password" type="password" required autocomplete="current-password"${described}${wrong}${retry}>
            ${knownPassword !== undefined && html`<p class="hint" id="password-hint">In development any name will do, with the password <code>${knownPassword}</code> until it is changed.</p>`}
            <button>Sign in</button>
          </form>
          <p class="aside"><a href="/password-reset">Forgotten your password?</a></p>
        </section>
        <ul class="points">
          <li><strong>You stay signed in</strong> A restart of the server, or a new signing key, goes by unnoticed.</li>
          <li><strong>Your forms are yours</strong> No other site can send one in your name.</li>
          <li><strong>No scripts, no trackers</strong> Plain pages that work in every browser.</li>
        </ul>
      </div>`,
  });
}
