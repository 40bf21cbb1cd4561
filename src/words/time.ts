// Moments and lengths of time in words.

const SECOND = 1000;
const MINUTE = 60_000;

const UNITS = [
  ['d', 86400],
  ['h', 3600],
  ['min', 60],
] as const;

/**
 * "14:05 UTC (in 2 h 10 min)", "2026-11-26 09:06 +01:00 (3 h ago)": local time and its distance from UTC. What is to come
 * is never shown earlier than it is.
 */
export function moment(at: number, now: number): string {
  return `${clockTime(at, now)} (${at > now ? `in ${timeLeft(at, now)}` : relativeTime(at, now)})`;
}

/** "14:05 UTC": with its day where that is another one, with seconds where it is near. */
export function clockTime(at: number, now: number): string {
  const near = Math.abs(at - now) < 3_600_000;
  const step = near ? SECOND : MINUTE;
  const shown = new Date(rounded(at, step));
  const day = (date: Date) => [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const minutes = `${two(shown.getHours())}:${two(shown.getMinutes())}`;
  const time = `${near ? `${minutes}:${two(shown.getSeconds())}` : minutes} ${zoneOf(shown)}`;
  return day(shown) === day(new Date(rounded(now, step))) ? time : `${day(shown)} ${time}`;
}

/**
 * Up, always: what is safe at 14:05:30 is not safe at 14:05. And what was announced for a moment is never shown before it
 * once it has happened, as it would be if the past were rounded down.
 */
function rounded(at: number, step: number): number {
  return Math.ceil(at / step) * step;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

/** "UTC", "+05:30": whoever reads a log elsewhere has another clock. */
export function zoneOf(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`;
}

/** "7 d", "7 d 6 min", "41 s": a length of time in its two largest units, never shorter than it is. */
export function lengthOfTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [, second] = partsOf(whole);
  const size = second?.size ?? 1;
  return (
    partsOf(Math.ceil(whole / size) * size)
      .slice(0, 2)
      .map(({ amount, unit }) => `${amount} ${unit}`)
      .join(' ') || '0 s'
  );
}

function partsOf(seconds: number): Array<{ amount: number; unit: string; size: number }> {
  let rest = seconds;
  return [...UNITS, ['s', 1] as const].flatMap(([unit, size]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount > 0 ? [{ amount, unit, size }] : [];
  });
}

/** "3 h", "0 s": how long ago something was. */
export function ageInWords(since: number, now: number): string {
  const ago = relativeTime(Math.min(since, now), now);
  return ago === 'now' ? '0 s' : ago.replace(/ ago$/, '');
}

/** "2 h 10 min", "41 s": in two units that follow each other. Never shorter than it is. */
export function timeLeft(at: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((at - now) / 1000));
  const large = UNITS.findIndex(([, size]) => seconds >= size);
  if (large === -1) return `${seconds} s`;
  const small = UNITS[large + 1] ?? (['s', 1] as const);
  const rounded = Math.ceil(seconds / small[1]) * small[1];
  // 59 min 59.5 s are an hour.
  const [unit, size] = UNITS.find(([, one]) => rounded >= one) ?? small;
  const next = UNITS[UNITS.findIndex(([name]) => name === unit) + 1] ?? (['s', 1] as const);
  const rest = Math.floor((rounded % size) / next[1]);
  return `${Math.floor(rounded / size)} ${unit}${rest === 0 ? '' : ` ${rest} ${next[0]}`}`;
}

/** "3 h ago", "in 12 d": a moment as people speak of it. A wait is never shown shorter than it is, nor an age longer. */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(at - now) / 1000;
  if (at === now || (at < now && distance < 1)) return 'now';
  const [unit, size] = UNITS.find(([, seconds]) => distance >= 2 * seconds) ?? (['s', 1] as const);
  return at < now ? `${Math.floor(distance / size)} ${unit} ago` : `in ${Math.ceil(distance / size)} ${unit}`;
}

/** "2026-11-26T14:05:31Z": a moment of the history, rounded as people were told of it. */
export function isoSecond(at: number): string {
  return `${new Date(rounded(at, SECOND)).toISOString().slice(0, 19)}Z`;
}

/** A moment for programs. */
export function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
