// The first page: one sentence, the ring as a timeline, the replicas, and what verified. Its middle is drawn anew while
// somebody looks.
import { FORMATS } from '../../doctor/key-checks.js';
import { problemText } from '../../fleet/diagnosis-words.js';
import { withNames } from '../../words/names.js';
import { toRun } from '../../words/next-step.js';
import { sentenceOf, type Tone } from '../../words/sentence.js';
import { firstProblemOf, stopsSteps } from '../../words/stops.js';
import { moment } from '../../words/time.js';
import { moveInLine, rotated, sealedBy, type View } from '../../words/view.js';
import type { Beside, Frame } from '../contract.js';
import { type Content, html, type Markup } from '../html.js';
import { sayMarked } from '../marked-moment.js';
import type { OverviewFacts } from './facts.js';
import { page } from './frame.js';
import { alike, command, drawnAt, withKids } from './parts.js';
import { replicasPart } from './replicas.js';
import { ringPart } from './ring.js';
import { verifiedPart } from './verified.js';

export function overviewPage(frame: Frame, facts: OverviewFacts): string {
  const { view, span } = facts;
  return page(frame, {
    title: 'Overview',
    name: 'overview',
    now: view.status.now,
    isLive: true,
    main: html`<div id="live" data-live="${frame.base}/live?span=${span}">
${livePart(frame, facts)}</div>
`,
  });
}

/** What stands inside `<div id="live">`: the same as the page, a moment later. */
export function overviewLive(frame: Frame, facts: OverviewFacts): string {
  return livePart(frame, facts).toString();
}

function livePart(frame: Frame, { view, span, counts, beside = [] }: OverviewFacts): Markup {
  const { status } = view;
  return html`<div class="look"${drawnAt(status.now)} data-change="${changeOf(view)}">
${sentencePart(view)}
${besidePart(beside)}
${ringPart(view)}
${problemsPart(view)}
${replicasPart(view)}
${verifiedPart(frame, { view, span, counts })}
${factsPart(view)}
</div>
`;
}

/** Differs when something has happened that is worth being read aloud. */
function changeOf({ status }: View): string {
  const { ring, keys, problems } = status;
  const { title } = sentenceOf(status);
  return [ring.generation, title, problems.length, ...keys.slice(0, 4).map(({ knownBy }) => knownBy)].join(
    '.',
  );
}

const TONE_SIGNS: Readonly<Record<Tone, Markup>> = {
  calm: html`<path d="M6 12.5 10 16.5 18 8"/>`,
  ready: html`<path d="M7 12h10M13 7.5 17.5 12 13 16.5"/>`,
  wait: html`<path d="M12 7v5.5l3.5 2"/>`,
  alarm: html`<path d="M12 6.5v7M12 17v.5"/>`,
};

/** In characters: more are written smaller. */
const LONG = 150;

/** The answer to the first glance. */
function sentencePart(view: View): Markup {
  const { status } = view;
  const next = toRun(view.next);
  const { tone, title, parts } = sentenceOf(status, sayMarked(status.now), 'this console');
  const isLong = parts.join(' ').length > LONG;
  // What is wrong says already what to do first.
  const isSaid = tone === 'alarm' && next.command === undefined;
  return html`<section class="sentence ${tone}" aria-labelledby="sentence">
<p class="tone"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><circle cx="12" cy="12" r="11"/>${TONE_SIGNS[tone]}</svg>${title}</p>
<h1 id="sentence"${isLong && html` class="long"`}>${parts.map((part) => html`<span>${withKids(part, status)}</span> `)}</h1>
${!isSaid && html`<p class="next"><b>next:</b> ${next.command !== undefined && command(next.command)} <span>${withKids(next.remark, status)}</span></p>`}
</section>`;
}

function besidePart(beside: readonly Beside[]): Content {
  if (beside.length === 0) return undefined;
  const row = ({ name, text, isGood }: Beside) => {
    const tone = isGood === undefined ? '' : isGood ? 'good' : 'bad';
    return html`<div><dt>${name}</dt><dd class="${tone}">${text}</dd></div>\n`;
  };
  return html`<dl class="beside">
${beside.map(row)}</dl>
`;
}

function problemsPart({ status }: View): Content {
  const { now } = status;
  // The sentence has told the first one.
  const first = firstProblemOf(status);
  const problems = status.problems.filter((problem) => problem !== first);
  if (problems.length === 0) return undefined;
  const told = problems.map((problem) => ({
    ...problemText(withNames(problem, status), 'this console', (at) => moment(at, now)),
    tone: stopsSteps(problem) ? 'fail' : 'warn',
  }));
  return html`<section aria-labelledby="problems">
<h2 id="problems">${first === undefined ? 'Warnings' : 'Other problems'}</h2>
<ul class="findings">
${alike(told).map(([first, ...rest]) => html`<li class="${first.tone}">${[first, ...rest].map(({ what }) => html`<p class="what">${withKids(what, status)}</p>`)}<p class="hint">${withKids(first.hint, status)}</p></li>\n`)}</ul>
</section>
`;
}

/** Where the keys are kept. */
function factsPart(view: View): Markup {
  const { status, resolution, hidden, deploy, sealedUnder } = view;
  const { ring, place, shared, movingIn, now, replicas } = status;
  const path = resolution.source?.path;
  const rows: ReadonlyArray<readonly [string, Content]> = [
    [
      'Source',
      `${status.source}${path === undefined ? '' : ` (${path})`}: ${FORMATS[status.format as keyof typeof FORMATS] ?? status.format}`,
    ],
    ...(hidden.length === 0 ? [] : [['Hides', hidden.join(', ')] as const]),
    ...(shared
      ? [
          ['Kept in', `${place}, sealed by ${sealedBy(view)}`] as const,
          ['Sealed under', sealedUnder.join(', ')] as const,
        ]
      : []),
    [
      'Keyring',
      `${ring.id === undefined ? '' : `generation ${ring.generation}, `}fingerprint ${ring.fingerprint}`,
    ],
    ...(ring.id === undefined ? [] : [['Last rotation', rotated(view)] as const]),
    ...(status.deploy === undefined ? [] : [['Deploy', deploy ?? 'no rotation is under way'] as const]),
    ['Profile', status.profile],
    ...movingIn.map((one) => ['Moving in', moveInLine(one, now, replicas.length > 0)] as const),
  ];
  return html`<section aria-labelledby="place">
<h2 id="place">Where the keys are kept</h2>
<dl class="facts">
${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>
</section>`;
}
