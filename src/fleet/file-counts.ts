// What processes beside a keyring file have verified over time: one file for each span, which all of them add to. So a
// process that has ended leaves nothing to be gathered, and what is there has a bound.
import { join } from 'node:path';
import { readRegularFile, writeInformation } from '../disk/files.js';
import { withLock } from '../disk/lock.js';
import { type Count, type Counts, type CountsSpan, countsOf, firstStart } from './counts.js';
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

/**
 * Changes only what it adds to: with many keys and purposes the file holds tens of thousands of numbers, and they are
 * looked at closely when somebody reads them.
 *
 * @param now milliseconds since 1970
 */
export async function addCounts(
  folder: string,
  span: CountsSpan,
  added: readonly Count[],
  now: number,
): Promise<void> {
  const file = join(folder, FILES[span]);
  await withLock(file, async ({ stillMine }) => {
    const buckets = new Map<string, Filed>();
    const isKept = (start: number) => start >= firstStart(span, now) && start <= now + AHEAD_MS;
    for (const [start, bucket] of fieldsOf(await read(file)))
      if (isKept(Number(start)) && isRecord(bucket)) buckets.set(start, bucket);
    for (const count of added) {
      const bucket = buckets.get(String(count.start)) ?? {};
      if (isKept(count.start)) buckets.set(String(count.start), bucket);
      raise(bucket, count);
    }
    const text = `${JSON.stringify(Object.fromEntries(buckets))}\n`;
    if (!stillMine()) throw new Error('another process has taken the lock');
    await writeInformation(file, text);
  });
}

/** "constructor" has the form of a purpose, and "toString" that of a key id: both have fields of their own only. */
function raise(bucket: Filed, { kid, purpose, verified }: Count): void {
  const known = Object.hasOwn(bucket, kid) ? bucket[kid] : undefined;
  const purposes: Filed = isRecord(known) ? known : {};
  const had = Object.hasOwn(purposes, purpose) ? purposes[purpose] : 0;
  purposes[purpose] = Math.min(
    Number.MAX_SAFE_INTEGER,
    (Number.isSafeInteger(had) ? (had as number) : 0) + verified,
  );
  bucket[kid] = purposes;
}

export async function readCounts(folder: string, span: CountsSpan, now: number): Promise<Counts> {
  return countsOf(span, countsIn(await read(join(folder, FILES[span]))), now);
}

/** By bucket, key and purpose: { "1764000000000": { "lo407v67": { "session": 12 } } }. Anybody may have written it. */
type Filed = Record<string, unknown>;

function isRecord(value: unknown): value is Filed {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

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
  if (!isRecord(value)) return;
  for (const name in value) yield [name, value[name]];
}
