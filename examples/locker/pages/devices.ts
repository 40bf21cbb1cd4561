import type { ListedSession } from 'keyturn';
import type { FlashMessages } from 'keyturn/fastify';
import { type Html, html } from '../html.js';
import { account } from './account.js';
import { moment } from './format.js';
import { layout } from './layout.js';

export interface DevicesPage {
  readonly csrfToken: string;
  readonly messages: FlashMessages;
  readonly user: string;
  /** Undefined where nobody can list them: each is kept in its browser. */
  readonly devices: readonly ListedSession[] | undefined;
  /** The id of the session that looks at the page. */
  readonly here: string;
}

export function devicesPage({ csrfToken, messages, user, devices, here }: DevicesPage): Html {
  return layout({
    title: 'Your devices – Locker',
    messages,
    aside: account(user, csrfToken),
    main: html`
      <div class="column">
        <p class="back"><a href="/">Your locker</a></p>
        <h1>Your devices</h1>
        ${devices === undefined ? UNKNOWN : list(devices, here, csrfToken)}
      </div>`,
  });
}

const UNKNOWN = html`
        <p class="empty">This Locker keeps each session in its browser alone, and has no list of them. A new password signs
        out all others.</p>`;

function list(devices: readonly ListedSession[], here: string, csrfToken: string): Html {
  return html`
        <p class="lead">Where you are signed in. Do you not know one of them? Sign it out, and choose a new password.</p>
        <ul class="files">
          ${devices.map((device) => item(device, here, csrfToken))}
        </ul>
        ${
          devices.some(({ id }) => id !== here) &&
          html`
        <form class="go" method="post" action="/devices/sign-out-others">
          <input type="hidden" name="_csrf" value="${csrfToken}">
          <button>Sign out everywhere else</button>
        </form>`
        }`;
}

function item({ id, label, createdAt, lastSeen }: ListedSession, here: string, csrfToken: string): Html {
  const seen = id === here ? html`this device` : html`last used ${moment(lastSeen ?? createdAt)}`;
  return html`
          <li>
            <p class="file"><bdi>${label ?? 'Unknown device'}</bdi> <small>${seen} · since ${moment(createdAt)}</small></p>
            ${
              id !== here &&
              html`
            <form class="actions" method="post" action="/devices/sign-out">
              <input type="hidden" name="_csrf" value="${csrfToken}">
              <input type="hidden" name="id" value="${id}">
              <button class="quiet" aria-label="Sign out ${label ?? 'unknown device'}">Sign out</button>
            </form>`
            }
          </li>`;
}
