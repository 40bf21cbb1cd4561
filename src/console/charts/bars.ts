// What was accepted over time, one bar for each stretch of it, stacked by key. The numbers stand in a table beside it.
import { type Counts, SPANS } from '../../fleet/counts.js';
import type { KeyState } from '../../keyring/key.js';
import { grouped } from '../../printable.js';
import { html, type Markup } from '../html.js';
import { placeOf, ticksOf } from './time-axis.js';

export interface Series {
  readonly kid: string;
  readonly state: KeyState | undefined;
}

/** Fewer bars than buckets: those of a month would be narrower than a point of the screen. */
const BUCKETS_PER_BAR: Readonly<Record<Counts['span'], number>> = { 'quarter-hour': 2, day: 3, month: 4 };

const HEIGHT = 100;

/** @param series the keys, the lowest of a stack first */
export function stackedBars(
  { span, from, to, counts }: Counts,
  series: readonly Series[],
  title: string,
): Markup {
  const width = SPANS[span].bucket * BUCKETS_PER_BAR[span];
  // Bars stay where they are while time passes: they begin at round moments.
  const first = Math.floor(from / width) * width;
  const number = Math.max(1, Math.ceil((to - first) / width));
  const heights = series.map(() => new Array<number>(number).fill(0));
  for (const { start, kid, verified } of counts) {
    const bar = Math.floor((start - first) / width);
    const row = heights[series.findIndex((one) => one.kid === kid)];
    if (row !== undefined && bar >= 0 && bar < number) row[bar] = (row[bar] as number) + verified;
  }
  const sums = Array.from({ length: number }, (_, bar) =>
    heights.reduce((sum, row) => sum + (row[bar] ?? 0), 0),
  );
  const top = roundUp(Math.max(1, ...sums));
  const below = new Array<number>(number).fill(0);
  const paths = heights.map((row, index) => {
    const { state, kid } = series[index] as Series;
    const path = row
      .map((value, bar) => {
        if (value === 0) return '';
        const low = below[bar] as number;
        below[bar] = low + value;
        // One that is there is seen, however few they are.
        const height = Math.max(0.8, (HEIGHT * value) / top);
        return `M${round(bar + 0.1)} ${round(HEIGHT - (HEIGHT * low) / top)}v-${round(height)}h.8v${round(height)}z`;
      })
      .join('');
    return (
      path !== '' && html`<path class="fill ${state ?? 'unknown'}" d="${path}"><title>${kid}</title></path>\n`
    );
  });
  const axis = { from: first, to: first + number * width };
  return html`<div class="bars"><p class="most" aria-hidden="true">${grouped(top)}</p>
<svg class="plot" viewBox="0 0 ${number} ${HEIGHT}" preserveAspectRatio="none" role="img"><title>${title}</title>
${paths}</svg>
<svg class="axis" width="100%" height="18" aria-hidden="true">${ticksOf(axis)
    .filter(({ at }) => placeOf(at, axis) > 4 && placeOf(at, axis) < 94)
    .map(
      ({ at, label }) =>
        html`<text class="tick" x="${placeOf(at, axis)}%" y="13" text-anchor="middle">${label}</text>`,
    )}</svg></div>
`;
}

function round(number: number): number {
  return Math.round(100 * number) / 100;
}

/** "1, 2, 5, 10, 20, 50, …" */
function roundUp(number: number): number {
  const power = 10 ** Math.floor(Math.log10(number));
  return ([1, 2, 5, 10].find((factor) => factor * power >= number) ?? 10) * power;
}
