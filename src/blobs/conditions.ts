// Conditional and range requests (RFC 9110, sections 13 and 14): what a download is answered with.
import { parseEntityTags } from './entity-tags.js';
import { parseHttpDate } from './http-date.js';
import type { ByteRange } from './reader.js';
import type { BlobInfo } from './trailer.js';

/** The headers of a request by name, as Node has them: in small letters. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What to answer: everything, a part, or that there is nothing to send. */
export type Verdict =
  | { readonly status: 200 | 304 | 412 | 416 }
  | { readonly status: 206; readonly range: ByteRange };

/** One header of a request as a text: those that may be repeated are one list. */
export function header(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/** @param now milliseconds since 1970 */
export function judgeDownload(method: string, headers: RequestHeaders, blob: BlobInfo, now: number): Verdict {
  if (!matches(headers, blob, now)) return { status: 412 };
  const noneMatch = header(headers, 'if-none-match');
  if (noneMatch !== undefined) {
    if (names(noneMatch, blob.etag, 'weak') === true) return { status: 304 };
  } else {
    const since = dateIn(headers, 'if-modified-since', now);
    if (since !== undefined && seconds(blob.modifiedAt) <= since) return { status: 304 };
  }
  const range = header(headers, 'range');
  // Only GET has ranges.
  if (method !== 'GET' || range === undefined || !isStillThat(headers, blob, now)) return { status: 200 };
  return judgeRange(range, blob.size);
}

/**
 * Whether an upload may replace a blob as it is now, undefined where there is none. A list of tags that cannot be read is
 * a condition that does not hold: somebody's work would be lost if it were passed over.
 *
 * @param now milliseconds since 1970
 */
export function judgeUpload(headers: RequestHeaders, blob: BlobInfo | undefined, now: number): boolean {
  const noneMatch = header(headers, 'if-none-match');
  if (noneMatch !== undefined && names(noneMatch, blob?.etag, 'weak') !== false) return false;
  if (blob !== undefined) return matches(headers, blob, now);
  return header(headers, 'if-match') === undefined && header(headers, 'if-unmodified-since') === undefined;
}

/** Whether a request sets a condition on what it would replace. */
export function isConditional(headers: RequestHeaders): boolean {
  return ['if-match', 'if-none-match', 'if-unmodified-since'].some((name) => headers[name] !== undefined);
}

function matches(headers: RequestHeaders, blob: BlobInfo, now: number): boolean {
  const match = header(headers, 'if-match');
  if (match !== undefined) return names(match, blob.etag, 'strong') === true;
  // What is not a date must be passed over (RFC 9110, section 13.1.4).
  const since = dateIn(headers, 'if-unmodified-since', now);
  return since === undefined || seconds(blob.modifiedAt) <= since;
}

/**
 * Whether a list of validators names a version; of none that is there `*` names nothing. A weak tag may do for not
 * sending, never for joining parts or replacing.
 *
 * @returns undefined for what is not such a list
 */
function names(list: string, etag: string | undefined, comparison: 'strong' | 'weak'): boolean | undefined {
  if (list.trim() === '*') return etag !== undefined;
  const tags = parseEntityTags(list);
  if (tags === undefined || etag === undefined) return tags === undefined ? undefined : false;
  return tags.includes(etag) || (comparison === 'weak' && tags.includes(`W/${etag}`));
}

/** Whether the client has parts of this very version, as far as `If-Range` says. */
function isStillThat(headers: RequestHeaders, blob: BlobInfo, now: number): boolean {
  const condition = header(headers, 'if-range')?.trim();
  if (condition === undefined) return true;
  if (condition.startsWith('"')) return condition === blob.etag;
  // A date vouches for nothing while the second that it names can bring another version.
  const date = parseHttpDate(condition, now);
  return date !== undefined && date === seconds(blob.modifiedAt) && now / 1000 >= date + 2;
}

function judgeRange(text: string, size: number): Verdict {
  // Cut by hand: two patterns for blanks side by side would try every way to share them.
  const equals = text.indexOf('=');
  const unit = text.slice(0, Math.max(0, equals)).trim().toLowerCase();
  const match = /^(\d*)-(\d*)$/.exec(text.slice(equals + 1).trim());
  const [, first = '', last = ''] = match ?? [];
  // What is not a single range of bytes is not for us: everything is sent.
  if (unit !== 'bytes' || match === null || (first === '' && last === '')) return { status: 200 };
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return { status: 200 };
  if (start >= size || (first === '' && Number(last) === 0)) return { status: 416 };
  return { status: 206, range: { start, end } };
}

function dateIn(headers: RequestHeaders, name: string, now: number): number | undefined {
  const text = header(headers, name);
  return text === undefined ? undefined : parseHttpDate(text.trim(), now);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
