// The life of keys as bars over one line of time: each is staged, signs, retires and goes. A row is as wide as there is
// room: places are hundredths of it, and what is written stays as large as it is.
import { moment } from '../../words/time.js';
import { type Content, html, type Markup } from '../html.js';
import { isGone, type KeyLife, type Stretch, stretchesOf } from './key-life.js';
import { maskOf } from './shades.js';
import { placeOf, type TimeAxis, ticksOf } from './time-axis.js';

/**
 * From where to where the line goes: over what is under way, with as much again before it where that shows how it began;
 * where nothing is, over the last few keys. What is long over would press the rest together.
 */
export function timelineAxis(lives: readonly KeyLife[], now: number): TimeAxis | undefined {
  const moments = lives.flatMap(({ changes }) => changes.map(({ at }) => at));
  const ahead = lives.flatMap(({ ahead }) => ahead ?? []);
  if (moments.length === 0 && ahead.length === 0) return undefined;
  const end = Math.max(now, ...ahead);
  const length = Math.max(SHORTEST, end - beginOf(lives, now));
  const early = moments.filter((at) => at >= end - 2 * length);
  const from = Math.min(now, end - 1.1 * length, ...early);
  return { from, to: end + 0.06 * (end - from) };
}

/** What has only just been made has a line, too. */
const SHORTEST = 30_000;
/** Of keys that are gone, where no rotation is under way. */
const MOST_GONE = 3;

function beginOf(lives: readonly KeyLife[], now: number): number {
  const pending = lives.flatMap(
    ({ key: { state, dates } }) =>
      (state === 'staged' || state === 'retiring' ? dates[state] : undefined) ?? [],
  );
  if (pending.length > 0) return Math.min(...pending);
  const active = lives.find(({ key }) => key.state === 'active');
  const since = active?.changes[0]?.at ?? now;
  const before = lives
    .filter(({ key }) => isGone(key))
    .sort((one, other) => (other.changes.at(-1)?.at ?? 0) - (one.changes.at(-1)?.at ?? 0))
    .slice(0, MOST_GONE)
    .flatMap(({ changes }) => changes[0]?.at ?? [])
    // The key that signs keeps its part of the line.
    .filter((at) => now - at <= 12 * (now - since));
  return Math.min(since, ...before);
}

/** Whether nothing of it lies on the line any more. */
export function isPast({ key, changes }: KeyLife, axis: TimeAxis | undefined): boolean {
  if (!isGone(key)) return false;
  const end = changes.at(-1)?.at;
  return axis === undefined || end === undefined || end < axis.from;
}

/** Where a row is narrow: elsewhere it is as high as what is written beside it, with the bar in its middle. */
const HEIGHT = 28;
/** Half of that of a bar. */
const HALF = 6;

/** The row of one key. @param shade what tells a key from others in the same state */
export function keyTrack(life: KeyLife, axis: TimeAxis, now: number, shade: string): Markup {
  const { key, ahead } = life;
  const nowAt = placeOf(now, axis);
  return html`<svg class="track" width="100%" height="${HEIGHT}" role="img"><title>${inWords(life, now)}</title>
${ticksFor(axis, now).map(({ place, isTight }) => vertical(isTight ? 'grid tight' : 'grid', place))}<svg y="50%" overflow="visible">${stretchesOf(life).map((one) => bar(one, axis, now, one.state === key.state ? shade : ''))}${
    ahead !== undefined &&
    html`<line class="ahead ${key.state}" x1="${nowAt}%" x2="${placeOf(ahead, axis)}%" stroke-dasharray="2 4"/>${mark(placeOf(ahead, axis), `safe ${key.state}`, DIAMOND)}`
  }</svg>${vertical('now', nowAt)}</svg>
`;
}

function bar({ state, from, to }: Stretch, axis: TimeAxis, now: number, shade: string): Content {
  if (state === 'retired' || state === 'revoked') {
    const isOut = from === undefined || from < axis.from;
    return !isOut && mark(placeOf(from, axis), `end ${state}`, CROSS);
  }
  const end = placeOf(to ?? now, axis);
  // What has begun this very moment is seen.
  const begin = Math.max(0, Math.min(placeOf(from ?? axis.from, axis), end - 0.8));
  const width = Math.round(100 * (end - begin)) / 100;
  if ((to ?? now) < axis.from) return false;
  return html`<rect class="bar ${state}${shade}" x="${Math.round(100 * begin) / 100}%" y="-${HALF}" width="${width}%" height="${2 * HALF}" rx="2"${maskOf(shade)}/>`;
}

const DIAMOND = 'M0-6 6 0 0 6-6 0z';
const CROSS = 'M-4-4 4 4M4-4-4 4';

function mark(place: number, className: string, path: string): Markup {
  return html`<svg x="${place}%" overflow="visible"><path class="${className}" d="${path}"/></svg>`;
}

function vertical(className: string, place: number): Markup {
  return html`<line class="${className}" x1="${place}%" x2="${place}%" y1="0" y2="100%"/>`;
}

/** Percent of a wide screen, and of a narrow one, that a label and what stands beside it need. */
const ROOM = { wide: 9, narrow: 17 };

interface PlacedTick {
  readonly place: number;
  readonly text: string;
  /** Whether it is left out on a narrow screen. */
  readonly isTight: boolean;
}

/**
 * The moments that have a label, and so a line: a line without one says nothing. Those that would run into "now" are left
 * out, and on a narrow screen into each other.
 */
function ticksFor(axis: TimeAxis, now: number): readonly PlacedTick[] {
  const nowAt = placeOf(now, axis);
  let last = Number.NEGATIVE_INFINITY;
  return (
    ticksOf(axis)
      .map(({ at, label }) => ({ place: placeOf(at, axis), text: label }))
      // At the very end it would not stand below its line.
      .filter(({ place }) => place <= 96 && Math.abs(place - nowAt) > ROOM.wide)
      .map(({ place, text }) => {
        const isTight = Math.abs(place - nowAt) < ROOM.narrow || place - last < ROOM.narrow;
        if (!isTight) last = place;
        return { place, text, isTight };
      })
  );
}

/** Moments beneath the rows. */
export function axisLabels(axis: TimeAxis, now: number): Markup {
  const nowAt = placeOf(now, axis);
  const ticks = ticksFor(axis, now).map(({ place, text, isTight }) => ({
    place,
    text,
    className: isTight ? 'tick tight' : 'tick',
  }));
  const label = ({ place, text, className }: { place: number; text: string; className: string }) =>
    html`<text class="${className}" x="${place}%" y="13" text-anchor="${place < 4 ? 'start' : place > 96 ? 'end' : 'middle'}">${text}</text>`;
  return html`<svg class="axis" width="100%" height="18" aria-hidden="true">${ticks.map(label)}${label({ place: nowAt, text: 'now', className: 'tick now' })}</svg>
`;
}

/** "K2: staged 12:00 UTC (2 h ago), signs since 12:05 UTC (2 h ago)" */
function inWords({ key, changes, ahead }: KeyLife, now: number): string {
  const told = changes.map(({ state, at }) => `${state} ${moment(at, now)}`);
  const next =
    ahead === undefined
      ? []
      : [`safe to ${key.state === 'staged' ? 'promote' : 'retire'} ${moment(ahead, now)}`];
  return `${key.id}: ${[...(told.length === 0 ? [`${key.state}, nobody knows since when`] : told), ...next].join(', ')}`;
}
