// A share as a bar. Its number stands beside it: a bar alone is no answer.
import type { Screen } from '../screen.js';

/** @param share of 1; more than none is never shown as nothing, and less than all never as everything */
export function bar(share: number, width: number, { unicode }: Pick<Screen, 'unicode'>): string {
  const [full, empty] = unicode ? ['█', '░'] : ['#', '-'];
  const exact = Math.round(share * width);
  const filled = share <= 0 ? 0 : share >= 1 ? width : Math.min(Math.max(1, exact), Math.max(1, width - 1));
  return full.repeat(filled) + empty.repeat(width - filled);
}
