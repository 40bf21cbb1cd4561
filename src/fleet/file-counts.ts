// What processes beside a keyring file have verified over time: one file for each span, which all of them add to. So a
// process that has ended leaves nothing to be gathered, and what is there has a bound.
import { join } from 'node:path';
import { readRegularFile, writeInformation } from '../disk/files.js';
import { withLock } from '../disk/lock.js';
import { type Count, type Counts, type CountsSpan, countsOf, keptOf } from './counts.js';
import { readJson } from './report.js';

/** All that one can hold, and no more is read. */
const LIMIT_BYTES = 8 * 1024 * 1024;

/** Processes on other machines may see the same folder. What is dated further ahead nobody has counted. */
const AHEAD_MS = 5 * 60_000;

const FILES: Readonly<Record<CountsSpan, string>> = {
  'quarter-hour': 'verified-quarter-hour.json',
  day: 'verified-day.json',
  month: 'verified-month.json',
};

/** Whether a name in the folder of reports is that of such a file. No process is called that: all have a number. */
export function isCountsFile(name: string): boolean {
  return Object.values(FILES).includes(name);
}

/** @param now milliseconds since 1970 */
export async function addCounts(
  folder: string,
  span: CountsSpan,
  added: readonly Count[],
  now: number,
): Promise<void> {
  const file = join(folder, FILES[span]);
  await withLock(file, async ({ stillMine }) => {
    const all = keptOf(span, [...(await read(file)), ...added], now, now + AHEAD_MS);
    const text = `${JSON.stringify(filed(all))}\n`;
    if (!stillMine()) throw new Error('another process has taken the lock');
    await writeInformation(file, text);
  });
}

export async function readCounts(folder: string, span: CountsSpan, now: number): Promise<Counts> {
  return countsOf(span, await read(join(folder, FILES[span])), now);
}

/** By bucket, key and purpose: { "1764000000000": { "lo407v67": { "session": 12 } } }. */
type Filed = Record<string, Record<string, Record<string, number>>>;

function filed(counts: readonly Count[]): Filed {
  // Without prototypes: "toString" has the form of a key id.
  const buckets: Filed = Object.create(null);
  for (const { start, kid, purpose, verified } of counts) {
    buckets[start] ??= Object.create(null) as Filed[string];
    const keys = buckets[start] as Filed[string];
    keys[kid] ??= Object.create(null) as Record<string, number>;
    (keys[kid] as Record<string, number>)[purpose] = verified;
  }
  return buckets;
}

/** As it was found: anybody may have written it. */
async function read(file: string): Promise<Iterable<Count>> {
  return countsIn(readJson(await readRegularFile(file, LIMIT_BYTES)));
}

function* countsIn(buckets: unknown): Iterable<Count> {
  for (const [start, keys] of fieldsOf(buckets))
    for (const [kid, purposes] of fieldsOf(keys))
      for (const [purpose, verified] of fieldsOf(purposes))
        yield { start: Number(start), kid, purpose, verified: verified as number };
}

/** One by one: what is made up may have very many. */
function* fieldsOf(value: unknown): Iterable<readonly [string, unknown]> {
  if (typeof value !== 'object' || Array.isArray(value)) return;
  for (const name in value) yield [name, (value as Readonly<Record<string, unknown>>)[name]];
}
