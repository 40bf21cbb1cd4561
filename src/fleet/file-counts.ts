// What processes beside a keyring file have verified over time: one file for each span, which all of them add to. So a
// process that has ended leaves nothing to be gathered, and what is there has a bound.
import { join } from 'node:path';
import { readRegularFile, writeInformation } from '../disk/files.js';
import { withLock } from '../disk/lock.js';
import { type Count, type Counts, type CountsSpan, countsOf, firstStart, validIn } from './counts.js';
import { readJson } from './report.js';

/** With thirty keys for eight purposes in each bucket a file has three quarters of it. What is larger gives way. */
const LIMIT_BYTES = 4 * 1024 * 1024;

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
  const keptIn = (counts: Iterable<Count>) => validIn(span, counts, firstStart(span, now), now + AHEAD_MS);
  await withLock(file, async ({ stillMine }) => {
    // Not sorted, and not looked up by long names: with many keys and purposes there are tens of thousands.
    const buckets: Filed = Object.create(null);
    for (const count of keptIn(countsIn(await read(file)))) raise(buckets, count);
    for (const count of keptIn(added)) raise(buckets, count);
    const text = `${JSON.stringify(buckets)}\n`;
    if (!stillMine()) throw new Error('another process has taken the lock');
    await writeInformation(file, text);
  });
}

/** By bucket, key and purpose: { "1764000000000": { "lo407v67": { "session": 12 } } }. */
type Filed = Record<string, Record<string, Record<string, number>>>;

/** Without prototypes: "constructor" has the form of a purpose, and "toString" that of a key id. */
function raise(buckets: Filed, { start, kid, purpose, verified }: Count): void {
  const keys: Filed[string] = buckets[start] ?? Object.create(null);
  const purposes: Record<string, number> = keys[kid] ?? Object.create(null);
  buckets[start] = keys;
  keys[kid] = purposes;
  purposes[purpose] = Math.min(Number.MAX_SAFE_INTEGER, (purposes[purpose] ?? 0) + verified);
}

export async function readCounts(folder: string, span: CountsSpan, now: number): Promise<Counts> {
  return countsOf(span, countsIn(await read(join(folder, FILES[span]))), now);
}

/** Anybody may have written it. */
async function read(file: string): Promise<unknown> {
  return readJson(await readRegularFile(file, LIMIT_BYTES));
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
