// What keyturn demo shows: a picture that is drawn anew on a terminal, lines elsewhere, and what came of it.
import type { Beside, Farewell } from '../../console/contract.js';
import type { DemoResult } from '../../demo/demo.js';
import { type ReplicaSeen, type Scene, STEPS, type Step } from '../../demo/scene.js';
import type { Counted } from '../../demo/tally.js';
import { count, grouped } from '../../printable.js';
import { arranged, type Section } from '../arrange.js';
import { type Columns, type Line, type Part, type Row, styled } from '../line.js';
import type { Screen } from '../screen.js';
import { bar } from './bar.js';

/** How long a bar is, in columns. */
const BAR = 44;
/** Before what belongs to a step, in a log and in the picture. */
const INDENT = '      ';
const MARGIN = '   ';
/** Ids of keys are so long. */
const KEY = 8;
const REPLICAS = 'replica    process  signs with  accepts';
const README = 'https://github.com/keyturn/keyturn#readme';
const COMES = 'a link to the console in a browser follows, when the keyring is there';

export function picture(scene: Scene, screen: Screen): readonly Row[] {
  const { step, stepNumber, waitsFor, isOver } = scene;
  const sections: readonly Section[] = [
    { rank: 0, head: [[styled('bold', `${clock(scene.elapsed)}  ${titleOf(step)}`)]] },
    { rank: 3, head: consoleOf(scene), close: true },
    { rank: 1, head: countsOf(scene) },
    { rank: 5, head: [styled('dim', REPLICAS), ...scene.replicas.map(replicaLine)] },
    { rank: 8, head: sessionsOf(scene, screen), close: true },
    { rank: 2, head: [styled('bold', `${stepNumber}. ${step?.title ?? ''}`)] },
    ...(step === undefined ? [] : stepSections(step)),
    { rank: 4, head: waitsFor === undefined ? [] : [inStep('waiting: ', waitsFor)], close: true },
    {
      rank: 9,
      head: [
        styled(
          'dim',
          isOver ? 'it ends, and takes away what it made' : 'Ctrl-C ends it, and nothing is left behind',
        ),
      ],
    },
  ];
  return arranged(sections, screen.width, screen.height);
}

function titleOf(step: Step | undefined): string {
  return step?.run === 'with-keyturn'
    ? 'second: the same visitors, with Keyturn'
    : 'first: a secret swapped by hand';
}

function consoleOf({ console }: Scene): readonly Line[] {
  if (console === undefined) return [];
  if (console === 'comes') return [COMES];
  return ['the console in a browser, by a link that works once:', { verbatim: console.link }];
}

/** Both rows stand there all the time: the second is read beside the first. */
function countsOf({ byHand, withKeyturn, visitors }: Scene): readonly Line[] {
  const row = (how: string, counted: Counted | undefined): Line => {
    const first = `signed out ${how}`.padEnd(26);
    if (counted === undefined) return { first, second: styled('dim', 'comes second') };
    const { signedOut: many, times, expired } = counted;
    return {
      first,
      second: [
        styled(many > 0 ? 'red' : 'green', `${many} of ${visitors} visitors`),
        `${times > many ? `, ${grouped(times)} sign-outs` : ''}${expired > 0 ? `; too late: ${expired}` : ''}`,
      ],
    };
  };
  return [row('by hand', byHand), row('with Keyturn', withKeyturn)];
}

/** One key has signed all: that stands above. */
function sessionsOf({ sessionsByKey, visitors }: Scene, screen: Screen): readonly Line[] {
  if (sessionsByKey.size < 2) return [];
  const length = Math.min(BAR, screen.width - 'signed with x6TVsiEM    200'.length);
  return [...sessionsByKey]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([kid, many]) => `signed with ${kid}  ${bar(many / visitors, length, screen)}  ${many}`);
}

function replicaLine({ name, doing, pid, keys }: ReplicaSeen): Line {
  const first = `${name.padEnd(11)}${`${pid ?? ''}`.padEnd(9)}`;
  if (doing === 'starts' || keys === undefined) return { first, second: styled('yellow', 'starts') };
  const accepts = `${keys.signs.padEnd(KEY + 4)}${keys.verifies.join(', ')}`;
  return { first, second: doing === 'serves' ? accepts : [`${accepts}  `, styled('yellow', doing)] };
}

/** Where there is little room, what to look at stays longest. */
function stepSections({ command, refusal, says, look }: Step): readonly Section[] {
  return [
    { rank: 4, head: command === undefined ? [] : [inStep('$ ', command)], close: true },
    {
      rank: 5,
      head:
        refusal === undefined ? [] : [inStep('keyturn: ', styled('red', 'error'), `: ${refusal.message}`)],
      close: true,
    },
    {
      rank: 7,
      head: refusal === undefined ? [] : [inStep('keyturn: ', styled('yellow', 'hint'), `: ${refusal.hint}`)],
      close: true,
    },
    { rank: 6, head: [], items: says.map((sentence) => [inStep('', sentence)]), close: true },
    { rank: 3, head: [inStep('look: ', styled('bold', look))], close: true },
  ];
}

function inStep(label: string, ...parts: readonly Part[]): Columns {
  return { first: MARGIN + label, second: parts };
}

/** A step as lines of a log. */
export function stepLines(step: Step, { elapsed }: Scene): readonly string[] {
  const { title, command, refusal, says, look } = step;
  return [
    `${clock(elapsed)}  ${title}`,
    ...[
      ...(command === undefined ? [] : [`$ ${command}`]),
      ...(refusal === undefined
        ? []
        : [`keyturn: error: ${refusal.message}`, `keyturn: hint: ${refusal.hint}`]),
      ...says,
      `look: ${look}`,
    ].map((line) => `${INDENT}${line}`),
  ];
}

/** What is said of the console before there is one. */
export function consoleComes(): readonly string[] {
  return [`${INDENT}${COMES}`];
}

/** Where to see the same in a browser. */
export function consoleLines(link: string): readonly string[] {
  return [`${INDENT}the console in a browser, by a link that works once:`, `${INDENT}${link}`];
}

/** What the console says besides. */
export function besideLines(scene: Scene): readonly Beside[] {
  const { byHand, withKeyturn, visitors, step, stepNumber, isThrough } = scene;
  const row = (name: string, counted: Counted | undefined, isSoFar = false): readonly Beside[] => {
    if (counted === undefined) return [];
    const { signedOut: many } = counted;
    const text = `${many} of ${visitors} visitors${isSoFar ? ' so far' : ''}`;
    // What has not happened yet is no merit.
    return [{ name, text, isGood: many > 0 ? false : isSoFar ? undefined : true }];
  };
  return [
    ...row('Signed out earlier, without Keyturn', byHand),
    ...row('Signed out with Keyturn', withKeyturn, !isThrough),
    ...(step === undefined ? [] : [{ name: `Step ${stepNumber} of ${STEPS}`, text: step.title }]),
  ];
}

/** The last that the console says. */
export function demoOver(scene: Scene | undefined): Farewell {
  const title = 'The demo is over';
  if (scene?.isThrough !== true || scene.withKeyturn === undefined)
    return { title, message: 'The demo was ended before it was through.' };
  const { byHand, withKeyturn, visitors } = scene;
  const message = `The demo is over. Signed out by hand: ${byHand.signedOut} of ${visitors} visitors. With Keyturn: ${withKeyturn.signedOut} of ${visitors}.`;
  return { title, message };
}

/** What there is to say when a step is over. */
export function soFar({ run }: Step, { byHand, withKeyturn, visitors }: Scene): readonly string[] {
  const counted = run === 'by-hand' ? byHand : withKeyturn;
  return counted === undefined ? [] : [`${INDENT}${signedOut(counted, visitors)} so far`];
}

export function summary({ byHand, withKeyturn, visitors, taken }: DemoResult): readonly Line[] {
  const rows = [
    ['the secret swapped on three replicas:', byHand],
    ['keyturn rotate --wait:', withKeyturn],
  ] as const;
  const early = taken.filter(({ refused }) => refused !== null).length;
  return [
    '',
    ...rows.map(
      ([what, counted]): Line => [
        what.padEnd(40),
        styled(counted.signedOut > 0 ? 'red' : 'green', signedOut(counted, visitors)),
      ],
    ),
    '',
    `By hand somebody had to sign in again ${count(byHand.times, 'time')}.`,
    `Keyturn took these steps. It refused ${count(early, 'step')} that would have been too early:`,
    ...taken.map(takenLine),
    ...rows.flatMap(([what, counted]) => trouble(what, counted)),
    '',
    [
      'In your app: ',
      styled('bold', 'npx keyturn init'),
      ', then ',
      styled('bold', 'npx keyturn rotate --wait'),
    ],
    { verbatim: README },
  ];
}

function takenLine({ step, refused, because }: DemoResult['taken'][number]): Line {
  const command = `  keyturn ${step}`.padEnd(20);
  if (refused === null) return [command, styled('green', 'done')];
  return [command, styled('yellow', `refused${because === null ? '' : `, because of ${because}`}`)];
}

/** What is no fault of a rotation, and has to be known all the same. */
function trouble(what: string, { expired, unserved }: Counted): readonly string[] {
  return [
    ...(expired === 0
      ? []
      : [
          `${what} ${count(expired, 'session')} ended by themselves: this machine was too busy to serve them.`,
        ]),
    ...(unserved === 0 ? [] : [`${what} ${count(unserved, 'visit')} got no page.`]),
  ];
}

function signedOut({ signedOut: many }: Counted, visitors: number): string {
  return `${many} of ${visitors} visitors signed out`;
}

/** "1:05" since the beginning. */
function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
