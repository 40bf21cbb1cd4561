// What stands around every page: the way to the others, who looks, and when it was drawn.

import type { Frame } from '../contract.js';
import { type Content, html, type Markup } from '../html.js';
import { glossary } from './glossary.js';
import { clock, drawnAt } from './parts.js';

export type PageName = 'overview' | 'purposes' | 'impact' | 'doctor' | 'history' | 'steps';

const PAGES: ReadonlyArray<{ readonly name: PageName; readonly path: string; readonly title: string }> = [
  { name: 'overview', path: '/', title: 'Overview' },
  { name: 'purposes', path: '/purposes', title: 'Purposes' },
  { name: 'impact', path: '/impact', title: 'Impact' },
  { name: 'doctor', path: '/doctor', title: 'Doctor' },
  { name: 'history', path: '/history', title: 'History' },
  { name: 'steps', path: '/steps', title: 'Steps' },
];

export interface Page {
  /** What a tab is called. */
  readonly title: string;
  /** Which of the pages it belongs to; undefined for none of them. */
  readonly name: PageName | undefined;
  /** When it was drawn, in milliseconds since 1970; undefined where nothing on it has a moment. */
  readonly now: number | undefined;
  readonly main: Markup;
  /** Whether it goes on being drawn. */
  readonly isLive?: boolean;
  /** Whether its address shows the same again; default: true. What answers a form may not. */
  readonly reloads?: boolean;
}

/** A whole page. */
export function page(frame: Frame, { title, name, now, main, isLive = false, reloads = true }: Page): string {
  const { base, app, visitor, acts, assets } = frame;
  const shown = PAGES.filter((one) => one.name !== 'steps' || acts);
  return documentOf(
    { title: `${title} · ${app ?? 'Keyturn'}`, ...assets },
    html`<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<p class="brand"><a href="${base}/">${brand(app)}</a></p>
<nav aria-label="Console"><ul>
${shown.map((one) => link(frame, one, one.name === name))}
</ul></nav>
</header>
${
  now !== undefined &&
  html`<section class="asof" aria-label="How current this is"><span id="connection">As of ${clock(now, now)}.</span>${reloads && html` <a id="reload" href="">Reload</a>`}</section>
`
}<main id="main" tabindex="-1"${now !== undefined && drawnAt(now)}>
${main}
${now !== undefined && glossary()}
</main>
<footer class="foot">
<p>You are <b>${visitor.who}</b>${acts ? '' : ', read-only'}.</p>
<p>No secret and no key is ever shown here.</p>
</footer>
${isLive && html`<p id="announce" class="unseen" aria-live="polite"></p>`}
`,
  );
}

interface Head {
  readonly title: string;
  readonly style: string;
  readonly icon: string;
  readonly script?: string | undefined;
}

export function documentOf({ title, style, icon, script }: Head, body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="${icon}">
<link rel="stylesheet" href="${style}">
${script !== undefined && html`<script src="${script}" defer></script>`}
</head>
<body>
${body}</body>
</html>
`.toString();
}

/** @param app its name, where it has one */
export function brand(app: string | undefined): Markup {
  return html`${MARK}<span>Keyturn</span>${app !== undefined && html`<span class="app">${app}</span>`}`;
}

function link({ base }: Frame, { path, title }: { path: string; title: string }, isHere: boolean): Content {
  return isHere
    ? html`<li><a href="${base}${path}" aria-current="page">${title}</a></li>\n`
    : html`<li><a href="${base}${path}">${title}</a></li>\n`;
}

const MARK = html`<svg class="mark" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><circle cx="10" cy="10" r="7.5" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="36 12"/><circle cx="10" cy="10" r="2.5" fill="currentColor"/></svg>`;
