// Who may use the processor for a password. Each takes a tenth of a second and a thread of the few that files wait for
// as well, so that many at once would keep everybody waiting.
import { Refusal } from './errors.js';

/** Of the four threads that Node has. */
const AT_ONCE = 2;
/** Whoever comes when so many wait is told to come again. */
const LONGEST_QUEUE = 500;

let running = 0;
const waiting: Array<() => void> = [];

/** Does something when it is its turn. @throws Refusal when too many wait */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < AT_ONCE) running++;
  else {
    if (waiting.length >= LONGEST_QUEUE) throw new Refusal(503);
    // Whoever ends leaves its place to the next.
    await new Promise<void>((begin) => waiting.push(begin));
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}
