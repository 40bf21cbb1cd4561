// Interleaved measuring: every case runs in every round, and what counts is the ratio to the base in the same
// round. On a small, noisy machine absolute times wander; ratios within a round do not.

/**
 * @param {Record<string, (i: number) => unknown>} cases
 * @param {{ base: string, rounds?: number, milliseconds?: number }} options
 * @returns {{ name: string, nanoseconds: number, ratio: number }[]}
 */
export function compare(cases, { base, rounds = 11, milliseconds = 30 }) {
  const names = Object.keys(cases);
  const loops = Object.fromEntries(names.map((name) => [name, loopOf(cases[name])]));
  const batch = Object.fromEntries(names.map((name) => [name, calibrate(loops[name], milliseconds)]));
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let k = 0; k < names.length; k++) {
      const name = names[(k + round) % names.length];
      times[name].push(time(loops[name], batch[name]));
    }
  }
  return names.map((name) => ({
    name,
    nanoseconds: median(times[name]),
    ratio: median(times[name].map((value, round) => value / times[base][round])),
  }));
}

/** A loop of its own for each case, so that no case makes another's call site polymorphic. */
function loopOf(run) {
  return new Function(
    'run',
    'return (n) => { let last; for (let i = 0; i < n; i++) last = run(i); return last; }',
  )(run);
}

function calibrate(loop, milliseconds) {
  loop(20_000);
  let n = 1000;
  for (;;) {
    const elapsed = time(loop, n) * n;
    if (elapsed >= (milliseconds * 1e6) / 2) return Math.ceil((n * milliseconds * 1e6) / elapsed);
    n *= 2;
  }
}

/** Nanoseconds of processor time per call: the time of the clock would count what else the machine does. */
function time(loop, n) {
  const start = process.cpuUsage();
  loop(n);
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / n;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

export function table(title, rows, columns) {
  const cells = rows.map((row) => columns.map(([, of]) => String(of(row))));
  const widths = columns.map(([head], k) => Math.max(head.length, ...cells.map((line) => line[k].length)));
  const line = (texts) =>
    texts.map((text, k) => (k === 0 ? text.padEnd(widths[k]) : text.padStart(widths[k]))).join('  ');
  console.log(`\n${title}`);
  console.log(line(columns.map(([head]) => head)));
  for (const texts of cells) console.log(line(texts));
}
