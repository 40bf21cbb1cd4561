// Draws a run of the rolling proof as an SVG: which key verified over time, and below it what was done to whom.
import { WITHOUT_REDIS } from './proof-rolling-chaos.js';

const WIDTH = 960;
const LEFT = 92;
const RIGHT = 20;
const TOP = 118;
const AREA = 200;
const LANE = 30;
const COUNTS = 36;
const KEY_COLOURS = ['#3d7dbf', '#e0872a', '#4f9d69', '#a86bb5'];

/** In the colours of light pages, or of dark ones: plain values, since not every viewer knows variables. */
const STYLE = `
    text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
    .title { font-size: 16px; font-weight: 600; }
    text.faint, .unavailable { fill: #59636e; }
    .paper { fill: #ffffff; }
    .rule { stroke: #d1d9e0; }
    .away { fill: #d1d9e0; }
    .step { stroke: #1f2328; stroke-dasharray: 4 3; }
    .mark { stroke: #1f2328; stroke-width: 2; fill: none; }
    .stopped { fill: #8250df; }
    .cut { fill: #d1495b; }
    .frozen { fill: #2a9d9d; }
    .refused { fill: #d1242f; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      text.faint, .unavailable { fill: #9198a1; }
      .paper { fill: #0d1117; }
      .rule { stroke: #3d444d; }
      .away { fill: #3d444d; }
      .step, .mark { stroke: #f0f6fc; }
    }`;

/** How each kind of event is drawn. */
const BARS = {
  stopped: 'stopped',
  'cut off': 'cut',
  'frozen line': 'frozen',
  [WITHOUT_REDIS]: 'cut',
};

export function drawChart({ tally, replicas, order, jarCount }) {
  const end = tally.phases.at(-1).until;
  const x = (at) => LEFT + ((WIDTH - LEFT - RIGHT) * at) / end;
  const lanes = TOP + AREA + 14;
  const counts = lanes + replicas.length * LANE + 10;
  const axis = counts + 2 * COUNTS + 4;
  const height = axis + 74;
  const parts = [
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    text(20, 28, 'Which key verified, and what was done to the replicas', 'title'),
    text(20, 48, subtitle(tally, replicas, order, jarCount), 'faint'),
    keyLegend(tally.kids),
    ...shareAxis(x, end),
    ...areas(tally, x, end),
    ...replicas.flatMap((replica, nth) => lane(replica, lanes + nth * LANE, x, end)),
    ...bars('refused', tally, counts, x, end),
    ...bars('unavailable', tally, counts + COUNTS, x, end),
    ...tally.steps.flatMap((step, nth) => stepLine(step, nth, tally.steps, x, axis)),
    ...timeAxis(x, end, axis),
    eventLegend(replicas, height - 14),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
  <title id="title">The share of requests that each key verified during a rotation, with its steps and disturbances</title>
  <style>${STYLE}
  </style>
  ${parts.join('\n  ')}
</svg>
`;
}

function subtitle(tally, replicas, order, jarCount) {
  const number = (value) => value.toLocaleString('en');
  const lost = order === 'naive' ? '' : `, ${tally.lost} of ${number(tally.writes)} acknowledged writes lost`;
  return (
    `${order} order: ${number(jarCount)} signed-in clients, ${replicas.length} replicas, ` +
    `${number(tally.sum('requests'))} requests, ${number(tally.sum('refused'))} refused${lost}`
  );
}

function keyLegend(kids) {
  const items = kids.map(
    (kid, nth) =>
      `<rect x="${nth * 150}" y="-10" width="12" height="12" fill="${colourOf(nth)}"/>${text(nth * 150 + 18, 0, `key ${kid}`)}`,
  );
  return `<g transform="translate(${LEFT}, 76)">${items.join('')}</g>`;
}

function shareAxis(x, end) {
  return [0, 50, 100].flatMap((share) => {
    const y = TOP + AREA * (1 - share / 100);
    return [
      `<line class="rule" x1="${LEFT}" x2="${point(x(end))}" y1="${y}" y2="${y}"/>`,
      text(LEFT - 8, y + 4, `${share} %`, 'faint', 'end'),
    ];
  });
}

/** Stacked, a column for each second; where nothing was verified there is none. */
function areas(tally, x, end) {
  const columns = tally.seconds
    .slice(0, Math.ceil(end))
    .map(({ kids }) => ({ kids, all: [...kids.values()].reduce((sum, count) => sum + count, 0) }));
  return tally.kids.map((kid, nth) => {
    const path = columns.map(({ kids, all }, second) => {
      if (all === 0) return '';
      const below = tally.kids.slice(0, nth).reduce((sum, other) => sum + (kids.get(other) ?? 0), 0);
      const bottom = TOP + AREA * (1 - below / all);
      const top = TOP + AREA * (1 - (below + (kids.get(kid) ?? 0)) / all);
      if (top === bottom) return '';
      // A little wider than a second, so that no paper shows between two.
      return `M${point(x(second))} ${point(bottom)}V${point(top)}H${point(x(Math.min(second + 1, end)) + 0.3)}V${point(bottom)}Z`;
    });
    return `<path fill="${colourOf(nth)}" d="${path.join('')}"/>`;
  });
}

function stepLine({ at, label }, nth, steps, x, bottom) {
  // Where the next is close the label stands above that one's, and out of the way of its line.
  const next = steps[nth + 1];
  const y = next !== undefined && x(next.at) - x(at) < 7 * label.length ? TOP - 20 : TOP - 6;
  return [
    `<line class="step" x1="${point(x(at))}" x2="${point(x(at))}" y1="${y + 3}" y2="${bottom}"/>`,
    text(x(at) + 3, y, label),
  ];
}

function lane({ name, events, away }, y, x, end) {
  const middle = y + LANE / 2;
  const bar = (kind, from, until, height) => {
    const width = Math.max(1, x(Math.min(until ?? end, end)) - x(from));
    return `<rect class="${kind}" x="${point(x(from))}" y="${middle - height / 2}" width="${point(width)}" height="${height}"/>`;
  };
  return [
    text(LEFT - 8, middle + 4, name, 'faint', 'end'),
    `<line class="rule" x1="${LEFT}" x2="${point(x(end))}" y1="${middle}" y2="${middle}"/>`,
    ...away.filter(({ from }) => from < end).map(({ from, until }) => bar('away', from, until, 20)),
    ...events.flatMap(({ what, from, until }) => (what in BARS ? bar(BARS[what], from, until, 8) : [])),
    ...events.flatMap(({ what, from }) =>
      what.startsWith('killed') ? cross(x(from), middle) : what === 'restarted' ? ring(x(from), middle) : [],
    ),
  ];
}

const cross = (x, y) => `<path class="mark" d="M${point(x - 4)} ${y - 4}l8 8m0 -8l-8 8"/>`;
const ring = (x, y) => `<circle class="mark" cx="${point(x)}" cy="${y}" r="4"/>`;

/** How often something happened in each second. */
function bars(what, tally, y, x, end) {
  const counts = tally.seconds.slice(0, Math.ceil(end)).map((second) => second[what]);
  const most = Math.max(...counts);
  const bottom = y + COUNTS - 4;
  const scale = (COUNTS - 8) / Math.max(1, most);
  return [
    text(LEFT - 8, bottom - 12, what, 'faint', 'end'),
    text(LEFT - 8, bottom, most === 0 ? 'none' : `up to ${most}/s`, 'faint', 'end'),
    `<line class="rule" x1="${LEFT}" x2="${point(x(end))}" y1="${bottom}" y2="${bottom}"/>`,
    ...counts.flatMap((count, second) =>
      count === 0
        ? []
        : `<rect class="${what}" x="${point(x(second))}" y="${point(bottom - count * scale)}" width="${point(x(Math.min(second + 1, end)) - x(second))}" height="${point(count * scale)}"/>`,
    ),
  ];
}

function timeAxis(x, end, y) {
  const step = [5, 10, 20, 30, 60, 120, 300].find((every) => end / every <= 12) ?? 600;
  const marks = Array.from({ length: Math.floor(end / step) + 1 }, (_, nth) => nth * step);
  return [
    ...marks.flatMap((at) => [
      `<line class="rule" x1="${point(x(at))}" x2="${point(x(at))}" y1="${y}" y2="${y + 5}"/>`,
      text(x(at), y + 19, `${at}`, 'faint', 'middle'),
    ]),
    text(WIDTH - RIGHT, y + 35, 'seconds', 'faint', 'end'),
  ];
}

function eventLegend(replicas, y) {
  const seen = (...kinds) => replicas.some(({ events }) => events.some(({ what }) => kinds.includes(what)));
  const box = (kind) => `<rect class="${kind}" y="-8" width="14" height="8"/>`;
  const items = [
    seen('killed', WITHOUT_REDIS) && [cross(6, -4), 'SIGKILL'],
    seen('restarted') && [ring(6, -4), 'restart'],
    seen('stopped') && [box('stopped'), 'SIGSTOP'],
    seen('cut off', WITHOUT_REDIS) && [box('cut'), 'cut off from Redis'],
    seen('frozen line') && [box('frozen'), 'line to Redis frozen'],
    ['<rect class="away" y="-12" width="14" height="16"/>', 'not ready'],
  ].filter(Boolean);
  let at = LEFT;
  const drawn = items.map(([sign, label]) => {
    const item = `<g transform="translate(${at}, ${y})">${sign}${text(20, 0, label)}</g>`;
    at += 50 + 6.5 * label.length;
    return item;
  });
  return drawn.join('');
}

function colourOf(nth) {
  return KEY_COLOURS[nth % KEY_COLOURS.length];
}

function point(value) {
  return Math.round(value * 10) / 10;
}

function text(x, y, content, kind = '', anchor = 'start') {
  const escaped = String(content).replace(/[<&>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<text x="${point(x)}" y="${point(y)}"${kind && ` class="${kind}"`}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escaped}</text>`;
}
