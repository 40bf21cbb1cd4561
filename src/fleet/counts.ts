// What the fleet verified, per key and purpose over time: seen, and never decided by. Processes add what they counted since
// they last did; buckets add up over processes and survive them. Whoever can write there can forge it, so that no step
// goes by it.

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
  readonly purpose: string;
  readonly verified: number;
}

/** What was accepted in one span, by everybody who reports. */
export interface Counts {
  readonly span: CountsSpan;
  /** Milliseconds since 1970: the begin of the first bucket that can be there. */
  readonly from: number;
  /** Milliseconds since 1970. */
  readonly to: number;
  /** Buckets without anything are left out. Sorted by start. */
  readonly counts: readonly Count[];
}
