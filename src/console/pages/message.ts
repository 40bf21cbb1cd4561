// A page that says one thing: what was not found, or what went wrong.
import type { Frame } from '../contract.js';
import { html } from '../html.js';
import type { MessageFacts } from './facts.js';
import { page } from './frame.js';
import { paragraphs } from './parts.js';

export function messagePage(
  frame: Frame,
  { title, message, hint, back, leadsOn = true }: MessageFacts,
): string {
  const { path, name } = back ?? { path: '/', name: 'To the overview' };
  return page(frame, {
    title,
    name: undefined,
    now: undefined,
    main: html`<h1>${title}</h1>
${paragraphs(message, 'lead')}${hint !== undefined && paragraphs(hint, 'hint')}
${leadsOn && html`<p><a class="button" href="${frame.base}${path}">${name}</a></p>`}
`,
  });
}
