import { type Html, html } from '../html.js';

/** Messages for the visitor; each is announced by screen readers. */
export function messageList(kind: 'success' | 'error', texts: readonly string[] = []): readonly Html[] {
  const role = kind === 'error' ? 'alert' : 'status';
  return texts.map((text) => html`<p class="message ${kind}" role="${role}">${text}</p>`);
}
