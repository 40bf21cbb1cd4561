// From moments to places on a line, in hundredths of its length, and the moments that are written beneath it.

/** A stretch of time; milliseconds since 1970. */
export interface TimeAxis {
  readonly from: number;
  readonly to: number;
}

/** Where a moment is, from 0 to 100: one that lies outside is at the end. */
export function placeOf(at: number, { from, to }: TimeAxis): number {
  const place = (100 * (at - from)) / Math.max(1, to - from);
  return Math.round(100 * Math.min(100, Math.max(0, place))) / 100;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How far apart moments may be that are written, in milliseconds. */
const STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 30, 60, 90, 180, 365, 730, 1825].map((days) => days * DAY),
];

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** At most `most` moments, at round times of the clock of this process. */
export function ticksOf({ from, to }: TimeAxis, most = 5): readonly Tick[] {
  const step = STEPS.find((one) => (to - from) / one <= most) ?? (STEPS.at(-1) as number);
  // Midnight here is not midnight in UTC.
  const zone = -new Date(from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((from + zone) / step) * step - zone;
  const number = Math.max(0, Math.floor((to - first) / step) + 1);
  return Array.from({ length: Math.min(number, 2 * most) }, (_, index) => first + index * step).map((at) => ({
    at,
    label: labelOf(new Date(at), step),
  }));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function labelOf(date: Date, step: number): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  if (step >= 60 * DAY) return `${MONTHS[date.getMonth()]} ${date.getFullYear()}`;
  if (step >= DAY) return day;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (step < MINUTE) return `${time}:${two(date.getSeconds())}`;
  return time === '00:00' ? day : time;
}
