// Conditional and range requests (RFC 9110, sections 13 and 14): what a download is answered with.
import type { ByteRange } from './reader.js';
import type { BlobInfo } from './trailer.js';

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
  const failed = judgeMatch(headers, blob);
  if (failed !== undefined) return failed;
  const noneMatch = header(headers, 'if-none-match');
  if (noneMatch !== undefined) {
    if (names(noneMatch, blob.etag, true)) return { status: 304 };
  } else {
    const since = dateOf(header(headers, 'if-modified-since'));
    if (since !== undefined && seconds(blob.modifiedAt) <= since) return { status: 304 };
  }
  const range = header(headers, 'range');
  // Only GET has ranges.
  if (method !== 'GET' || range === undefined || !isStillThat(headers, blob, now)) return { status: 200 };
  return judgeRange(range, blob.size);
}

/** The conditions that an upload can have, too: a blob as it is now, or undefined for none. */
export function judgeUpload(headers: RequestHeaders, blob: BlobInfo | undefined): boolean {
  const noneMatch = header(headers, 'if-none-match');
  if (noneMatch !== undefined && blob !== undefined && names(noneMatch, blob.etag, true)) return false;
  if (blob !== undefined) return judgeMatch(headers, blob) === undefined;
  return header(headers, 'if-match') === undefined && header(headers, 'if-unmodified-since') === undefined;
}

function judgeMatch(headers: RequestHeaders, blob: BlobInfo): Verdict | undefined {
  const match = header(headers, 'if-match');
  if (match !== undefined) return names(match, blob.etag, false) ? undefined : { status: 412 };
  const since = dateOf(header(headers, 'if-unmodified-since'));
  return since !== undefined && seconds(blob.modifiedAt) > since ? { status: 412 } : undefined;
}

/** Whether a list of validators names this one. A weak one may do for not sending, never for joining parts. */
function names(list: string, etag: string, weak: boolean): boolean {
  if (list.trim() === '*') return true;
  for (const [tag] of list.matchAll(/(?:W\/)?"[^"]*"/g)) {
    if (tag === etag || (weak && tag === `W/${etag}`)) return true;
  }
  return false;
}

/** Whether the client has parts of this very version, as far as `If-Range` says. */
function isStillThat(headers: RequestHeaders, blob: BlobInfo, now: number): boolean {
  const condition = header(headers, 'if-range')?.trim();
  if (condition === undefined) return true;
  if (condition.startsWith('"')) return condition === blob.etag;
  // A date vouches for nothing while the second that it names can bring another version.
  const date = dateOf(condition);
  return date !== undefined && date === seconds(blob.modifiedAt) && now / 1000 >= date + 2;
}

function judgeRange(text: string, size: number): Verdict {
  const match = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(text);
  const [, first = '', last = ''] = match ?? [];
  // What is no single range of bytes is not for us: everything is sent.
  if (match === null || (first === '' && last === '')) return { status: 200 };
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return { status: 200 };
  if (start >= size || (first === '' && Number(last) === 0)) return { status: 416 };
  return { status: 206, range: { start, end } };
}

const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Seconds since 1970; undefined for what is no date, which counts as not said. */
function dateOf(text: string | undefined): number | undefined {
  if (text === undefined || !HTTP_DATE.test(text)) return undefined;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
