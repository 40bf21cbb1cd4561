// Sizes, moments and durations as people read them.
import { type Html, html } from '../html.js';

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;
const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
const SPANS: Readonly<Record<string, string>> = { s: 'second', min: 'minute', h: 'hour', d: 'day' };

/** `1 byte`, `12 KB`, `3.4 MB` */
export function sizeText(bytes: number): string {
  if (bytes === 1) return '1 byte';
  let size = bytes;
  let unit = 0;
  // What would be rounded to 1024 is one of the next.
  for (; size >= 1023.5 && unit < UNITS.length - 1; unit++) size /= 1024;
  const digits = unit > 0 && size < 9.95 ? 1 : 0;
  return `${size.toFixed(digits).replace(/\.0$/, '')} ${UNITS[unit]}`;
}

export function moment(at: number | Date): Html {
  return html`<time datetime="${new Date(at).toISOString()}">${MOMENT.format(at)} UTC</time>`;
}

/** `7 days` for `7d` */
export function durationText(duration: string): string {
  const [, count = '', unit = ''] = /^(\d+)\s*([a-z]+)$/.exec(duration) ?? [];
  const word = SPANS[unit];
  return word === undefined ? duration : `${count} ${word}${count === '1' ? '' : 's'}`;
}
