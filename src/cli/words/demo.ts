// What keyturn demo shows: a picture that is drawn anew on a terminal, lines elsewhere, and what came of it.
import type { Beside } from '../../console/contract.js';
import type { DemoResult } from '../../demo/demo.js';
import type { ReplicaSeen, Scene, Step } from '../../demo/scene.js';
import type { Counted } from '../../demo/tally.js';
import { count } from '../../printable.js';
import { type Columns, type Line, type Part, styled } from '../line.js';
import type { Screen } from '../screen.js';
import { bar } from './bar.js';

/** How long a bar is, in columns. */
const BAR = 44;
/** Before what belongs to a step, in a log and in the picture. */
const INDENT = '      ';
const MARGIN = '   ';
/** Ids of keys are so long. */
const KEY = 8;

export function picture(scene: Scene, screen: Pick<Screen, 'unicode'>): readonly Line[] {
  const { step, stepNumber, replicas, visitors, counted, sessionsByKey, waitsFor, console } = scene;
  const { signedOut, times, expired } = counted;
  return [
    [styled('bold', `${clock(scene.elapsed)}  ${titleOf(step)}`)],
    '',
    styled('dim', 'replica  process   signs with  knows'),
    ...replicas.map(replicaLine),
    '',
    [
      'signed out: ',
      styled(signedOut > 0 ? 'red' : 'green', `${signedOut} of ${visitors} visitors`),
      `${times > signedOut ? `, ${count(times, 'time')}` : ''}${expired > 0 ? `; too late: ${expired}` : ''}`,
    ],
    ...[...sessionsByKey]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([kid, many]) => `signed with ${kid}  ${bar(many / visitors, BAR, screen)}  ${many}`),
    '',
    styled('bold', `${stepNumber}. ${step?.title ?? ''}`),
    ...(step === undefined ? [] : stepBody(step)),
    ...(waitsFor === undefined ? [] : [inStep('waiting: ', waitsFor)]),
    '',
    ...(console === undefined
      ? []
      : ['the console in a browser, by a link that works once:', { verbatim: console }]),
    styled('dim', 'Ctrl-C ends it; nothing is left behind'),
  ];
}

function titleOf(step: Step | undefined): string {
  return step?.run === 'with-keyturn'
    ? 'second: the same visitors, with Keyturn'
    : 'first: a secret swapped by hand';
}

function replicaLine({ name, doing, pid, keys }: ReplicaSeen): Line {
  const who = `${name.padEnd(9)}${`${pid ?? ''}`.padEnd(10)}`;
  if (doing === 'starts' || keys === undefined) return [who, styled('yellow', 'starts')];
  const knows = `${keys.signs.padEnd(KEY + 4)}${keys.verifies.join(', ')}`;
  return doing === 'serves' ? `${who}${knows}` : [`${who}${knows}  `, styled('yellow', doing)];
}

function stepBody({ command, refusal, says, look }: Step): readonly Line[] {
  return [
    ...(command === undefined ? [] : [inStep('$ ', command)]),
    ...(refusal === undefined
      ? []
      : [
          inStep('keyturn: ', styled('red', 'error'), `: ${refusal.message}`),
          inStep('keyturn: ', styled('yellow', 'hint'), `: ${refusal.hint}`),
        ]),
    ...says.map((sentence) => inStep('', sentence)),
    inStep('look: ', styled('bold', look)),
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

/** Where to see the same in a browser. */
export function consoleLines(link: string): readonly string[] {
  return [`${INDENT}the console in a browser, by a link that works once:`, `${INDENT}${link}`];
}

/** What the console says besides. @param byHand of the run that is over */
export function besideLines(
  { counted, visitors, step, stepNumber }: Scene,
  byHand: Counted | undefined,
): readonly Beside[] {
  const row = (name: string, { signedOut: many }: Counted): Beside => ({
    name,
    text: `${many} of ${visitors} visitors`,
    isGood: many === 0,
  });
  return [
    ...(byHand === undefined ? [] : [row('Signed out when the secret was swapped by hand', byHand)]),
    row('Signed out by Keyturn', counted),
    ...(step === undefined ? [] : [{ name: `Step ${stepNumber} of the demo`, text: step.title }]),
  ];
}

/** What there is to say when a step is over. */
export function soFar({ counted, visitors }: Scene): readonly string[] {
  return [`${INDENT}${signedOut(counted, visitors)} so far`];
}

export function summary({ byHand, withKeyturn, visitors, taken }: DemoResult): readonly Line[] {
  const rows = [
    ['the secret swapped on three replicas:', byHand],
    ['keyturn rotate --wait:', withKeyturn],
  ] as const;
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
    `Keyturn refused ${count(taken.filter(({ refused }) => refused !== null).length, 'step')} that would have been too early.`,
    ...rows.flatMap(([what, counted]) => trouble(what, counted)),
  ];
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
