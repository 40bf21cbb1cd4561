// The last line of status and of every step: the command to run next. On a terminal that has a line for itself.
import { type Next, nextLine, REMARK, toRun } from '../../words/next-step.js';
import { columnsOf, inStyle, type Line, type Style } from '../line.js';
import type { Drawn } from '../ui.js';

export function nextLines(next: Next): Drawn {
  const plain = nextLine(next);
  return { plain: [plain], onScreen: ({ width }) => nextOnScreen(next, width) };
}

/** Where both have room they share a line: in a terminal the command is what is copied. */
export function nextOnScreen(next: Next, width: number, style?: Style): readonly Line[] {
  const { command, remark } = toRun(next);
  const first = inStyle(style, MARGIN);
  if (command === undefined) return [{ first, second: inStyle(style, remark) }];
  const whole = `${command}${REMARK}${remark}`;
  if (MARGIN.length + columnsOf(whole) <= width) return [{ first, second: inStyle(style, whole) }];
  return [{ verbatim: [first, inStyle(style, command)] }, { first: BELOW, second: inStyle(style, remark) }];
}

const MARGIN = 'next: ';
const BELOW = ' '.repeat(MARGIN.length);
