// What a proof needs to know of the machine that it runs on. Tokens that live for seconds, and waits of seconds, mean
// something only where processes get to run within seconds: so times are scaled to the machine, and where it stands
// still all the same there is no verdict.
import { cpus } from 'node:os';
import { keyturn, newFolder } from './proof-tools.js';

/** Seconds that a few commands at once take on a machine of two cores with nothing else to do. */
const AT_REST = 0.4;
/** How often the clock is looked at, in milliseconds. */
const LOOK_EVERY = 50;

/** How a proof ends that could not tell. */
export const TOO_SLOW_TO_JUDGE = 3;

/**
 * How many times slower the machine is than one at rest, by what proofs do most: start processes. 1 and more.
 *
 * @param most where it is slower than that the process ends, since nothing would be shown in reasonable time
 */
export async function slowness(most) {
  const where = { cwd: newFolder(), env: {} };
  const rounds = [];
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    await Promise.all(Array.from({ length: 3 }, () => keyturn(['generate'], where)));
    rounds.push((performance.now() - begun) / 1000);
  }
  // The first also fills the caches of the disk.
  const [, , median] = rounds.sort((a, b) => a - b);
  const times = Math.max(1, median / (AT_REST * (cpus().length < 2 ? 2 : 1)));
  if (times <= most) return times;
  console.error(`too slow to judge: this machine is ${times.toFixed(1)} times slower than one at rest`);
  process.exit(TOO_SLOW_TO_JUDGE);
}

/** Notes for how long this process did not get to run at a time. */
export class Stillness {
  #last = performance.now();
  #timer;
  /** Seconds. */
  longest = 0;

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.longest = Math.max(this.longest, (now - this.#last - LOOK_EVERY) / 1000);
      this.#last = now;
    }, LOOK_EVERY);
    this.#timer.unref();
  }

  end() {
    clearInterval(this.#timer);
  }
}

/**
 * The verdict of a proof, and its exit code.
 *
 * @param failures what must not have happened. What was lost is never excused by a slow machine.
 * @param stood seconds that the proof itself stood still at a time
 * @param bearable seconds of standing still that no wait of the run would notice
 * @param share of the requests whose session or form had ended by its own rules
 */
export function judge({ failures, lost, stood, bearable, share, well }) {
  const still = `this machine stood still for ${stood.toFixed(1)} s at a time`;
  if (lost > 0) return { code: 1, verdict: `${failures.length} failures` };
  if (failures.length > 0 && stood > bearable)
    return { code: TOO_SLOW_TO_JUDGE, verdict: `too slow to judge: ${still}; ${failures.length} failures` };
  if (failures.length > 0) return { code: 1, verdict: `${failures.length} failures` };
  if (share > 0.05) {
    const ended = `${Math.round(share * 100)} % of what was asked had ended on the way`;
    return { code: TOO_SLOW_TO_JUDGE, verdict: `too slow to judge: ${ended}` };
  }
  return { code: 0, verdict: well };
}
