// What was accepted over time, one bar for each stretch of it, stacked by key. The numbers stand in a table beside it.
import { type Counts, SPANS } from '../../fleet/counts.js';
import { grouped } from '../../printable.js';
import { clockTime, lengthOfTime } from '../../words/time.js';
import { html, type Markup } from '../html.js';
import { maskOf } from './shades.js';
import { placeOf, ticksOf } from './time-axis.js';

/** The bars of one key. */
export interface Series {
  readonly kid: string;
  /** Of its colour now. */
  readonly className: string;
  /** What tells it from others of that colour. */
  readonly shade: string;
  /** Of its colour at a moment, as the timeline has it; default: that of now. */
  readonly classAt?: ((at: number) => string) | undefined;
}

/** More would be narrower than a point of the screen. */
const MOST_BARS = 96;
/** What has only just begun is shown so wide: a part of its span. */
const SHORTEST = 1 / 15;

const HEIGHT = 100;

/**
 * @param series the keys, the lowest of a stack first
 * @param told until when every replica has told what it counted; milliseconds since 1970. A bar that is not there yet
 * would look like one of nothing
 */
export function stackedBars(
  { span, from, to, counts }: Counts,
  series: readonly Series[],
  title: string,
  told: number = to,
): Markup {
  const { bucket, kept } = SPANS[span];
  const began = Math.min(counts[0]?.start ?? from, to - kept * SHORTEST);
  const begin = Math.max(from, began);
  const width = bucket * Math.max(1, Math.ceil((to - begin) / bucket / MOST_BARS));
  // Bars begin at round moments: so they stay as they are while time passes. One of which only a part is kept is left out.
  const first = Math.ceil(begin / width) * width;
  const end = Math.min(to, Math.max(told, counts.at(-1)?.start ?? 0));
  const number = Math.max(1, Math.floor(end / width) - first / width + 1);
  const rows = series.map(() => new Array<number>(number).fill(0));
  const rowOf = new Map(series.map(({ kid }, index) => [kid, rows[index] as number[]]));
  for (const { start, kid, verified } of counts) {
    const bar = Math.floor((start - first) / width);
    const row = rowOf.get(kid);
    if (row !== undefined && bar >= 0 && bar < number) row[bar] = (row[bar] as number) + verified;
  }
  const sums = rows[0]?.map((_, bar) => rows.reduce((sum, row) => sum + (row[bar] as number), 0)) ?? [];
  const top = roundUp(Math.max(1, ...sums));
  const below = new Array<number>(number).fill(0);
  const paths = series.map(({ kid, className, shade, classAt }, index) => {
    const drawn = new Map<string, string>();
    for (const [bar, value] of (rows[index] as number[]).entries()) {
      const low = below[bar] as number;
      below[bar] = low + value;
      if (value === 0) continue;
      // The last one goes on.
      const part = bar === number - 1 ? ' part' : '';
      const state = classAt?.(Math.min(to, first + (bar + 1) * width - 1)) ?? className;
      const name = `fill${part} ${state}${state === className ? shade : ''}`;
      drawn.set(name, (drawn.get(name) ?? '') + box(bar, (HEIGHT * low) / top, (HEIGHT * value) / top));
    }
    return [...drawn].map(
      ([name, d]) =>
        html`<path class="${name}" d="${d}"${name.endsWith(shade) ? maskOf(shade) : undefined}><title>${kid}</title></path>\n`,
    );
  });
  const axis = { from: first, to: first + number * width };
  const isNow = axis.to > to;
  const labels = ticksOf(axis).filter(
    ({ at }) => placeOf(at, axis) > 5 && placeOf(at, axis) < (isNow ? 88 : 78),
  );
  return html`<div class="bars"><p class="most" aria-hidden="true">${grouped(top)} tokens in ${lengthOfTime(width / 1000)}</p>
<svg class="plot" viewBox="0 0 ${number} ${HEIGHT}" preserveAspectRatio="none" role="img"><title>${title}</title>
${paths}</svg>
<svg class="axis" width="100%" height="18" aria-hidden="true">${labels.map(({ at, label }) => html`<text class="tick${!isNow && placeOf(at, axis) > 50 && ' tight'}" x="${placeOf(at, axis)}%" y="13" text-anchor="middle">${label}</text>`)}<text class="tick now" x="100%" y="13" text-anchor="end">${isNow ? 'now' : `until ${clockTime(axis.to, to)}`}</text></svg></div>
`;
}

/** One that is there is seen, however few they are. */
function box(bar: number, low: number, exact: number): string {
  const height = round(Math.max(0.8, exact));
  return `M${round(bar + 0.1)} ${round(HEIGHT - low)}v-${height}h.8v${height}z`;
}

function round(number: number): number {
  return Math.round(100 * number) / 100;
}

const ROUND = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** "1, 2, 3, 4, 5, 6, 8, 10, 12, …" */
function roundUp(number: number): number {
  const power = 10 ** Math.floor(Math.log10(number));
  return Math.ceil((ROUND.find((factor) => factor * power >= number) ?? 10) * power);
}
