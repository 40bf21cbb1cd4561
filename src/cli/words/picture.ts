// What keyturn status shows on a terminal: the picture of the console in text. The sentence first, then what it is made
// of, and at the end what to run next. A pipe has all of it, with every moment, and so has --json.
import { relative } from 'node:path';
import { FORMATS } from '../../doctor/key-checks.js';
import { count } from '../../printable.js';
import { withNames } from '../../words/names.js';
import type { Next } from '../../words/next-step.js';
import { problemLine } from '../../words/replicas.js';
import { sentenceOf, type Tone } from '../../words/sentence.js';
import { firstProblem, firstProblemOf, stopsSteps } from '../../words/stops.js';
import { moment } from '../../words/time.js';
import { rotated, sealedBy, type View } from '../../words/view.js';
import { arranged, type Section } from '../arrange.js';
import { cut, type Line, type Row, type Style, styled } from '../line.js';
import type { Screen } from '../screen.js';
import { columns } from './layout.js';
import { nextOnScreen } from './next.js';
import { movingInOf, replicasOf } from './picture-fleet.js';
import { keysOf } from './picture-keys.js';
import { type Verified, verifiedOf } from './picture-verified.js';

const TONES: Readonly<Record<Tone, Style>> = {
  calm: 'bold',
  ready: 'green',
  wait: 'yellow',
  alarm: 'red',
};

/**
 * The rows of the picture.
 *
 * @param verified undefined where nobody knows
 * @param room how many there may be
 * @param foot stands below all
 */
export function picture(
  view: View,
  verified: Verified | undefined,
  screen: Screen,
  room: number,
  foot?: Line,
): readonly Row[] {
  const sections: readonly Section[] = [
    { rank: 0, head: [sentence(view)] },
    { rank: 2, ...keysOf(view, screen) },
    { rank: 5, ...verifiedOf(view.status, verified, screen) },
    { rank: 4, ...replicasOf(view, screen) },
    { rank: 6, ...movingInOf(view.status), close: true },
    { rank: 3, ...problemsOf(view, screen) },
    { rank: 7, head: [], items: sourceOf(view).map((line) => [line]) },
    { rank: 1, head: nextOnScreen(nextOf(view), screen.width, 'bold') },
    { rank: 8, head: foot === undefined ? [] : [foot], close: true },
  ];
  return arranged(sections, screen.width, room);
}

function sentence({ status }: View): Line {
  const { tone, parts } = sentenceOf(status);
  const text = parts.join(' ');
  return { first: '', second: styled(TONES[tone], tone === 'alarm' ? `! ${text}` : text) };
}

/** Where the sentence has said what comes first, it is not said again. */
function nextOf({ status, next }: View): Next {
  return next.command === undefined && next.remark === firstProblem(status)
    ? { ...next, remark: 'put right what stands above' }
    : next;
}

/** What a replica says of itself may be long. */
const LONGEST_FINDING = 300;

function problemsOf({ status }: View, { unicode }: Screen): Omit<Section, 'rank'> {
  // The sentence has said what comes first.
  const told = firstProblemOf(status);
  const lines = status.problems
    .filter((problem) => problem !== told)
    .map((problem) => ({
      style: stopsSteps(problem) ? ('red' as const) : ('yellow' as const),
      text: problemLine(withNames(problem, status), (at) => moment(at, status.now)),
    }));
  return {
    head: [],
    items: lines.map(({ style, text }) => [styled(style, cut(text, LONGEST_FINDING, unicode ? '…' : '...'))]),
    least: 1,
    more: (left) => styled('yellow', `replicas: ${count(left, 'more finding')}: keyturn status --all`),
  };
}

/** Shorter where it is in the folder. */
function from(folder: string, path: string): string {
  const below = relative(folder, path);
  return below.startsWith('..') ? path : below;
}

function sourceOf(view: View): readonly Line[] {
  const { status: now, resolution, hidden, deploy } = view;
  const { ring, format, place, shared } = now;
  const path = resolution.source?.path;
  const where = path === undefined || path === now.source ? '' : ` (${from(resolution.cwd, path)})`;
  const generation = ring.id === undefined ? '' : `generation ${ring.generation}, `;
  const last = ring.id === undefined ? '' : `, rotated: ${rotated(view)}`;
  return columns(
    [
      ['source', `${now.source}${where}: ${FORMATS[format as keyof typeof FORMATS] ?? format}`],
      ...(hidden.length === 0 ? [] : [['hides', hidden.join(', ')] as const]),
      ...(shared
        ? [
            ['kept in', `${place}, sealed by ${now.source} (${sealedBy(view)})`] as const,
            ['sealed', `under ${view.sealedUnder.join(', ')}`] as const,
          ]
        : []),
      ['keyring', `${generation}fingerprint ${ring.fingerprint}, profile ${now.profile}${last}`],
      ...(now.deploy === undefined ? [] : [['deploy', deploy ?? 'no rotation is under way'] as const]),
    ],
    '',
  );
}
