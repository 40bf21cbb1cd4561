// The names of blobs: what people call them. On the disk a blob has another name, so that none of this is a path.
import { KeyturnError } from '../errors.js';

/** In UTF-8: names stand in links, and links have to fit into a request line. */
const LONGEST_BYTES = 1024;
/** Whoever encodes a name more often than that is up to something. */
const MOST_DECODINGS = 4;
/** Not to be saved on Windows under these names, whatever the ending. */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)/i;
/** Control characters, line separators, and marks that turn the order of letters around or cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]/u;

/**
 * Whether a text can name a blob: letters, digits, spaces and most else, in segments separated by `/`, as in
 * `reports/2026/März.pdf`; 1024 bytes at most. Not allowed are what leads elsewhere (`..`, `\`, empty segments), what
 * some systems reserve (`nul`, a dot or a space at an end), what cannot be seen (control characters, marks of
 * direction), and what would lead elsewhere if somebody decoded its percent signs once more (`..%2f`) or folded its
 * letters (a wide slash).
 */
export function isBlobName(name: unknown): name is string {
  return isName(name, 0);
}

/** @param decoded how often its percent signs have been decoded */
function isName(name: unknown, decoded: number): name is string {
  if (typeof name !== 'string' || name.length > LONGEST_BYTES || !name.isWellFormed()) return false;
  if (Buffer.byteLength(name) > LONGEST_BYTES || UNSEEN.test(name) || /[\\:*?"<>|]/.test(name)) return false;
  return name.split('/').every(isSegment) && isHarmlessFolded(name) && isHarmlessDecoded(name, decoded);
}

/** Before a `;`, which some readers take for the end of a segment, there must be something, too. */
function isSegment(segment: string): boolean {
  return !/^[\s.]*(;|$)|^\s|[\s.]$/u.test(segment) && !RESERVED.test(segment);
}

/** Wide question marks and the like stay: they are there so that nobody takes them for the narrow ones. */
function isHarmlessFolded(name: string): boolean {
  const segments = name.normalize('NFKC').split(/[/\\]/);
  return segments.every((segment) => !/^\s*\.{1,2}\s*$/.test(segment) && !RESERVED.test(segment));
}

function isHarmlessDecoded(name: string, decoded: number): boolean {
  if (/%u[\da-f]{4}/i.test(name)) return false;
  if (!/%[\da-f]{2}/i.test(name)) return true;
  if (decoded === MOST_DECODINGS) return false;
  try {
    return isName(name.replace(/(%[\da-f]{2})+/gi, decodeURIComponent), decoded + 1);
  } catch {
    return false;
  }
}

/** @throws KeyturnError `blob_name_invalid` */
export function requireBlobName(name: unknown): string {
  if (isBlobName(name)) return name;
  // The name may be a visitor's: it is not repeated.
  throw new KeyturnError(
    'blob_name_invalid',
    'that is not a valid name for a blob',
    'use letters, digits, spaces, "-", "_" and "." in segments separated by "/"; isBlobName() tells',
  );
}

/** The path of a blob's URL below the prefix. */
export function encodeName(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}

/** The name that a path below the prefix stands for; undefined where it is not a valid one. */
export function decodeName(path: string): string | undefined {
  try {
    // Segment by segment: an encoded slash is part of no name.
    const segments = path.split('/').map(decodeURIComponent);
    const name = segments.join('/');
    return segments.some((segment) => segment.includes('/')) || !isBlobName(name) ? undefined : name;
  } catch {
    return undefined;
  }
}

/**
 * Whether what follows a folder in a path is a name, or nothing. Nobody but {@link decodeName} reads such a path, so a name
 * may have in it what ends a path or is decoded again elsewhere: `100%.txt`, `a;b#1.txt`.
 */
export function isInFolder(rest: string): boolean {
  return rest === '' || decodeName(rest) !== undefined;
}
