// The doctor's findings, the gravest first.
import type { Finding, Report, Status } from '../../doctor/finding.js';
import { count } from '../../printable.js';
import type { View } from '../../words/view.js';
import type { Frame } from '../contract.js';
import { html, type Markup } from '../html.js';
import type { DoctorFacts } from './facts.js';
import { page } from './frame.js';
import { alike, paragraphs } from './parts.js';

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
${GROUPS.map(([status, title]) => group(title, status, report.checks, view))}${passed(report.checks, view)}`,
  });
}

function summary({ summary: { passed, warned, failed } }: Report): string {
  if (failed > 0) return `${failed} of ${passed + warned + failed} checks failed`;
  return warned > 0
    ? `Nothing failed, and ${warned} ${warned === 1 ? 'check warns' : 'checks warn'}`
    : `All ${passed} checks passed`;
}

function group(title: string, status: Status, checks: readonly Finding[], view: View): Markup | undefined {
  const found = checks.filter((check) => check.status === status);
  if (found.length === 0) return undefined;
  return html`<section aria-labelledby="${status}">
<h2 id="${status}">${title} <span class="number">${found.length}</span></h2>
${list(found, view)}
</section>
`;
}

/** What is fine is folded: nobody has to do anything about it. */
function passed(checks: readonly Finding[], view: View): Markup | undefined {
  const found = checks.filter(({ status }) => status === 'pass');
  if (found.length === 0) return undefined;
  return html`<details id="pass"><summary>${count(found.length, 'check')} ${found.length === 1 ? 'passes' : 'pass'}</summary>
${list(found, view)}
</details>
`;
}

function list(found: readonly Finding[], { status: of }: View): Markup {
  const one = ({ name, detail }: Finding) => html`<h3>${name.replaceAll('_', ' ')}</h3>
${paragraphs(detail, 'what', of)}`;
  return html`<ul class="findings">
${alike(found).map(
  (same) =>
    html`<li class="${same[0].status}">${same.map(one)}${same[0].hint !== undefined && paragraphs(same[0].hint, 'hint', of)}</li>\n`,
)}</ul>`;
}
