// Between init and the restart without the variable: a key can be staged in the document, and no more.

import { listOf } from '../../printable.js';
import type { HiddenDocument } from '../../rotation/hidden-document.js';
import type { Rotation } from '../../rotation/rotation.js';
import type { Next } from './next-step.js';

/** "take X away, here and where the processes run, and restart them all without it" */
export function takeAwayInWords({ takeAway }: HiddenDocument<Rotation>): string {
  const it = takeAway.length === 1 ? 'it' : 'them';
  return `take ${listOf(takeAway)} away, here and where the processes run, and restart them all without ${it}`;
}

/** What comes next. @param options those that the next command needs as well */
export function nextWhileHidden(beneath: HiddenDocument<Rotation>, options: string): Next {
  const remark = `${takeAwayInWords(beneath)}: ${beneath.place} holds the same keys; then keyturn rotate${options} --wait`;
  return { command: undefined, remark, safeAt: undefined };
}
