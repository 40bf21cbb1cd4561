// What tells several keys in the same state apart in a chart: a pattern beside the colour of the state. It is the same one
// in the timeline, among the bars and in their legend.
import type { KeyStatus, Status } from '../../rotation/status.js';
import { html, type Markup } from '../html.js';

/** Full, striped, outlined, striped more widely, pale. */
const SHADES = 5;

/** A class that follows that of the state; empty for the first key of a state, and where there is only one. */
export function shadeOf(
  { id, state }: Pick<KeyStatus, 'id' | 'state'>,
  { keys }: Pick<Status, 'keys'>,
): string {
  const alike = keys
    .filter((key) => key.state === state)
    .sort((one, other) => (one.safeAt ?? 0) - (other.safeAt ?? 0));
  const nth = alike.findIndex((key) => key.id === id) % SHADES;
  return nth > 0 ? ` shade-${nth}` : '';
}

/** What the stripes are cut out with: they run across, since a chart is stretched along. */
export const MASKS: Markup = html`<svg class="unseen" width="1" height="1" aria-hidden="true">${[
  [1, 4],
  [3, 8],
].map(
  ([nth = 0, size = 0]) =>
    html`<pattern id="stripes-${nth}" width="${size}" height="${size}" patternUnits="userSpaceOnUse"><path d="M0 0h${size}v${size / 2}H0z" fill="#fff"/></pattern><mask id="shade-${nth}" maskContentUnits="userSpaceOnUse"><path d="M-99-99h9999v9999H-99z" fill="url(#stripes-${nth})"/></mask>`,
)}</svg>`;

/** The mask of a class that `shadeOf` has given; undefined for one that needs none. */
export function maskOf(shade: string): Markup | undefined {
  const [nth] = /[13]$/.exec(shade) ?? [];
  return nth === undefined ? undefined : html` mask="url(#shade-${nth})"`;
}
