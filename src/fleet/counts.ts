// What the fleet verified, per key and purpose over time: seen, and never decided by. Processes add what they counted since
// they last did; buckets add up over processes and survive them. Whoever can write there can forge it, so that no step
// goes by it.
import { isKid, isName } from '../formats.js';

/** What is looked at: the last quarter of an hour, day, or month. Each has its own bucket size. */
export type CountsSpan = 'quarter-hour' | 'day' | 'month';

/** How long a bucket of each span is, and for how long they are kept, in milliseconds. */
export const SPANS: Readonly<Record<CountsSpan, { readonly bucket: number; readonly kept: number }>> = {
  'quarter-hour': { bucket: 5000, kept: 15 * 60_000 },
  day: { bucket: 5 * 60_000, kept: 24 * 3_600_000 },
  month: { bucket: 2 * 3_600_000, kept: 31 * 86_400_000 },
};

/** How many tokens of one key and purpose were accepted in one bucket. */
export interface Count {
  /** When the bucket begins, in milliseconds since 1970: a multiple of its size. */
  readonly start: number;
  readonly kid: string;
  /** What the tokens are for. */
  readonly purpose: string;
  /** How many of them were accepted. */
  readonly verified: number;
}

/** What was accepted in one span, by everybody who reports. */
export interface Counts {
  /** Which one. */
  readonly span: CountsSpan;
  /** Milliseconds since 1970: the begin of the first bucket that can be there. */
  readonly from: number;
  /** Milliseconds since 1970. */
  readonly to: number;
  /** Buckets without anything are left out. Sorted by start. */
  readonly counts: readonly Count[];
}

/** The most keys and purposes that count in one bucket: whoever can write there must not fill the memory of who reads. */
export const MOST_IN_BUCKET = 256;
/** The most of them that are looked at, the first that are found. */
const MOST_SEEN = 4 * MOST_IN_BUCKET;

/** The bucket that a moment is in. */
export function startOf(span: CountsSpan, at: number): number {
  return at - (at % SPANS[span].bucket);
}

/** The first bucket that can still be there. */
export function firstStart(span: CountsSpan, now: number): number {
  const { bucket, kept } = SPANS[span];
  return startOf(span, now) - kept + bucket;
}

/** One count for each bucket, key and purpose; sorted by them. */
export function addUp(counts: Iterable<Count>): readonly Count[] {
  const sums = new Map<string, Count>();
  for (const count of counts) {
    const name = `${count.start} ${count.kid} ${count.purpose}`;
    const former = sums.get(name)?.verified ?? 0;
    sums.set(name, { ...count, verified: Math.min(Number.MAX_SAFE_INTEGER, former + count.verified) });
  }
  return [...sums.values()].sort(inOrder);
}

function inOrder(one: Count, other: Count): number {
  return one.start - other.start || compare(one.kid, other.kid) || compare(one.purpose, other.purpose);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/**
 * What is kept of counts, whoever has written them: those that are some, and that lie within the span.
 *
 * @param until milliseconds since 1970: what begins later is left out; default: now
 */
export function keptOf(
  span: CountsSpan,
  found: Iterable<Count>,
  now: number,
  until: number = now,
): readonly Count[] {
  const from = firstStart(span, now);
  const buckets = new Map<number, Count[]>();
  for (const count of addUp(validIn(span, found, from, until))) {
    const bucket = buckets.get(count.start);
    if (bucket === undefined) buckets.set(count.start, [count]);
    else bucket.push(count);
  }
  return [...buckets.values()].flatMap(mostOf);
}

/** The greatest say most. */
function mostOf(bucket: readonly Count[]): readonly Count[] {
  if (bucket.length <= MOST_IN_BUCKET) return bucket;
  const greatest = [...bucket].sort((one, other) => other.verified - one.verified);
  return greatest.slice(0, MOST_IN_BUCKET).sort(inOrder);
}

/** Those that are counts of the span. Linear in what is found, and with a bound for each bucket. */
export function* validIn(
  span: CountsSpan,
  found: Iterable<Count>,
  from: number,
  until: number,
): Iterable<Count> {
  const seen = new Map<number, number>();
  for (const { start, kid, purpose, verified } of found) {
    if (!Number.isSafeInteger(start) || start % SPANS[span].bucket !== 0) continue;
    const n = seen.get(start) ?? 0;
    if (start < from || start > until || n === MOST_SEEN || !isKid(kid) || !isName(purpose)) continue;
    if (!Number.isSafeInteger(verified) || verified <= 0) continue;
    seen.set(start, n + 1);
    yield { start, kid, purpose, verified };
  }
}

/** What was found, as it is shown at a moment. */
export function countsOf(span: CountsSpan, found: Iterable<Count>, now: number): Counts {
  return { span, from: firstStart(span, now), to: now, counts: keptOf(span, found, now) };
}

/**
 * The counts of a longer span with the newest ones of a shorter one. Processes tell longer spans more rarely: by itself the
 * longer span would lack what stands in the shorter one. A bucket may be told in either only in part, and never too high.
 */
export function withNewest(longer: Counts, shorter: Counts): Counts {
  const { span, from, to } = longer;
  const newest = addUp(shorter.counts.map((count) => ({ ...count, start: startOf(span, count.start) })));
  const both = new Map<string, Count>();
  for (const count of [...longer.counts, ...newest]) {
    const name = `${count.start} ${count.kid} ${count.purpose}`;
    const other = both.get(name);
    if (other === undefined || other.verified < count.verified) both.set(name, count);
  }
  return { span, from, to, counts: [...both.values()].filter(({ start }) => start >= from).sort(inOrder) };
}
