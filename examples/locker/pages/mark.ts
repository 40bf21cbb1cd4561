// The mark: a keyhole. Inline in pages, where it follows the colours of the style sheet, and as the icon of the tab.
import { html } from '../html.js';

const KEYHOLE = html`<path d="M16 7.5a5 5 0 0 0-2.4 9.4L12 24.5h8l-1.6-7.6A5 5 0 0 0 16 7.5Z"/>`;

export const MARK = html`<svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false"><rect width="32" height="32" rx="9"/>${KEYHOLE}</svg>`;

export const ICON = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#1c6450"/><g fill="#fff">${KEYHOLE}</g></svg>`;
