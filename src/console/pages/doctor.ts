// The doctor's findings, the gravest first.
import type { Finding, Report, Status } from '../../doctor/finding.js';
import { count } from '../../printable.js';
import type { Frame } from '../contract.js';
import { html, type Markup } from '../html.js';
import type { DoctorFacts } from './facts.js';
import { page } from './frame.js';
import { paragraphs } from './parts.js';

const GROUPS: ReadonlyArray<readonly [Status, string]> = [
  ['fail', 'To be put right'],
  ['warn', 'Warnings'],
];

export function doctorPage(frame: Frame, { view, report }: DoctorFacts): string {
  return page(frame, {
    title: 'Doctor',
    name: 'doctor',
    now: view.status.now,
    main: html`<h1>${summary(report)}</h1>
<p class="lead">Each check goes through the code that a start uses, and changes nothing.</p>
${GROUPS.map(([status, title]) => group(title, status, report.checks))}${passed(report.checks)}`,
  });
}

function summary({ summary: { passed, warned, failed } }: Report): string {
  if (failed > 0) return `${failed} of ${passed + warned + failed} checks failed`;
  return warned > 0
    ? `Nothing failed, and ${warned} ${warned === 1 ? 'check warns' : 'checks warn'}`
    : `All ${passed} checks passed`;
}

function group(title: string, status: Status, checks: readonly Finding[]): Markup | undefined {
  const found = checks.filter((check) => check.status === status);
  if (found.length === 0) return undefined;
  return html`<section aria-labelledby="${status}">
<h2 id="${status}">${title} <span class="number">${found.length}</span></h2>
${list(found)}
</section>
`;
}

/** What is fine is folded: nobody has to do anything about it. */
function passed(checks: readonly Finding[]): Markup | undefined {
  const found = checks.filter(({ status }) => status === 'pass');
  if (found.length === 0) return undefined;
  return html`<details id="pass"><summary>${count(found.length, 'check')} ${found.length === 1 ? 'passes' : 'pass'}</summary>
${list(found)}
</details>
`;
}

function list(found: readonly Finding[]): Markup {
  return html`<ul class="findings">
${found.map(
  ({ name, detail, hint, status }) => html`<li class="${status}"><h3>${name.replaceAll('_', ' ')}</h3>
${paragraphs(detail, 'what')}${hint !== undefined && paragraphs(hint, 'hint')}</li>\n`,
)}</ul>`;
}
