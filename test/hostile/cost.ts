// What an input costs, in CPU time of this process: what else a busy machine does is not counted.

export interface Costs {
  readonly small: string;
  readonly large: string;
  readonly run: (input: string) => unknown;
  /** A ratio above this is measured again: interruptions only ever add. */
  readonly most: number;
}

/** One measurement takes so long, or what is fast would drown in the granularity of the clock. Microseconds. */
const ENOUGH = 600;
const ROUNDS = 3;
const ATTEMPTS = 5;

/** How many times as much the large input costs as the small one. */
export async function costRatio({ small, large, run, most }: Costs): Promise<number> {
  const times = await timesFor(run, small);
  let ratio = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && ratio >= most; attempt++) {
    const [less, more] = [await least(run, small, times), await least(run, large, times)];
    ratio = more / Math.max(less, 1);
  }
  return ratio;
}

/** Warms up, and finds how often it has to run. */
async function timesFor(run: Costs['run'], input: string): Promise<number> {
  let times = 1;
  while ((await cost(run, input, times)) < ENOUGH) times *= 2;
  return times;
}

async function least(run: Costs['run'], input: string, times: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) best = Math.min(best, await cost(run, input, times));
  return best;
}

async function cost(run: Costs['run'], input: string, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time++) {
    const result = run(input);
    if (result instanceof Promise) await result;
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
