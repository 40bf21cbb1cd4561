// The keys of a ring on a terminal: what each does, what comes next and when, and what verifies by it.
import { count, grouped } from '../../printable.js';
import type { KeyStatus, Status } from '../../rotation/status.js';
import { replicaName } from '../../words/names.js';
import { holdingUp, isSafe, stepObstacle } from '../../words/next-step.js';
import { lengthOfTime, relativeTime } from '../../words/time.js';
import { ageOf, type View } from '../../words/view.js';
import type { Section } from '../arrange.js';
import { columnsOf, cut, inStyle, type Line, NARROWEST, type Style, styled } from '../line.js';
import type { Screen } from '../screen.js';
import { padded } from './layout.js';

export const STATE_STYLES: Readonly<Record<KeyStatus['state'], Style | undefined>> = {
  staged: 'yellow',
  active: 'green',
  retiring: undefined,
  retired: 'dim',
  revoked: 'red',
};

/** So many keys are shown before more of anything else: those of a rotation. */
const LEAST_KEYS = 4;

export function keysOf(view: View, screen: Screen): Omit<Section, 'rank'> {
  const { status } = view;
  const { keys } = status;
  const comes = keys.map((key) => comesNext(key, status, screen));
  const beside = Math.min(NARROWEST, Math.max(...comes.map(columnsOf)));
  const shown = columnsBeside(beside, view, screen.width);
  const row = (cells: readonly string[]) =>
    shown.map(({ width }, index) => `${padded(cells[index] as string, width)}  `).join('');
  return {
    head: [styled('dim', `${row(shown.map(({ head }) => head))}WHAT COMES`)],
    items: keys.map((key, index): readonly Line[] => {
      const style = STATE_STYLES[key.state];
      const first = inStyle(style, row(shown.map(({ cell }) => cell(key))));
      return [{ first, second: inStyle(style, comes[index] as string) }];
    }),
    least: LEAST_KEYS,
    more: (left) => `${count(left, 'more key')}: keyturn status --all`,
  };
}

interface Column {
  readonly head: string;
  readonly cell: (key: KeyStatus) => string;
}

/** Those for which there is room, with their widths. The last ones go first. */
function columnsBeside(beside: number, view: View, width: number) {
  const { keys, replicas, now } = view.status;
  const all: readonly Column[] = [
    { head: 'KEY', cell: ({ id }) => id },
    { head: 'STATE', cell: ({ state }) => state },
    {
      head: 'KNOWN BY',
      cell: ({ state, knownBy }) =>
        state === 'retired' || state === 'revoked' || replicas.length === 0
          ? '-'
          : `${grouped(knownBy)} of ${grouped(replicas.length)}`,
    },
    {
      head: 'SINCE',
      cell: ({ dates, state }) => {
        const since = dates[state];
        return since === undefined ? 'unknown' : relativeTime(since, now);
      },
    },
    { head: 'AGE', cell: (key) => ageOf(key, view).replace(' or more', '+') },
  ];
  let left = width - beside;
  return all
    .map(({ head, cell }) => ({ head, cell, width: Math.max(...[head, ...keys.map(cell)].map(columnsOf)) }))
    .filter((column) => {
      left -= column.width + 2;
      return left >= 0;
    });
}

/** "safe to promote in 41 s": what becomes of a key, and how long that takes. */
function comesNext(key: KeyStatus, status: Status, { width, unicode }: Screen): string {
  const { now } = status;
  const { state, safeAt, scheduledFor } = key;
  if (state === 'active') return 'signs';
  if (state !== 'staged' && state !== 'retiring') return '';
  const verb = state === 'staged' ? 'promote' : 'retire';
  const left = (at: number) => lengthOfTime(Math.max(1, (at - now) / 1000));
  if (state === 'staged' && scheduledFor !== undefined)
    return scheduledFor <= now ? 'signs by itself now' : `signs by itself in ${left(scheduledFor)}`;
  const obstacle = stepObstacle(key, status);
  if (obstacle !== undefined) {
    const [first, ...others] = holdingUp(key, status);
    if (first === undefined) return `not safe to ${verb}: ${obstacle}`;
    return others.length === 0
      ? `waits for ${cut(replicaName(first, status), Math.round(width / 3), unicode ? '…' : '...')}`
      : `waits for ${grouped(others.length + 1)} replicas`;
  }
  if (safeAt === undefined) return withDeploy(key, status);
  return isSafe(key, status) ? `safe to ${verb} now` : `safe to ${verb} in ${left(safeAt)}`;
}

/** Where only deploys change keys, no moment is known. */
function withDeploy({ state }: KeyStatus, { deploy }: Status): string {
  if (deploy === 1 && state === 'staged') return 'signs with deploy 2';
  return deploy === 2 && state === 'retiring' ? 'is taken away with deploy 3' : 'verifies';
}
