// What stands in the file of a blob behind its content: what is known of it. Being in one file with the content, the
// two can never tell different stories, and one rename puts both in place.
//
//   content | JSON, UTF-8 | length of the JSON, 4 bytes, big-endian | "ktblob1\n"
import { readType } from './media-type.js';
import { isBlobName } from './names.js';

/** What is known of a blob. */
export interface BlobInfo {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The media type. */
  readonly type: string;
  /** A strong validator, with its quotes: another one whenever the blob is written. */
  readonly etag: string;
  /** When it was stored. */
  readonly modifiedAt: Date;
}

const MARK = Buffer.from('ktblob1\n', 'latin1');
const FOOTER = 4 + MARK.length;
/** No trailer is longer: a name has 1 KiB, a type 300 characters. */
export const LONGEST_TRAILER = 4096;

export function writeTrailer({ name, size, type, etag, modifiedAt }: BlobInfo): Buffer {
  const json = Buffer.from(JSON.stringify({ name, size, type, etag, modified: modifiedAt.getTime() }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([json, length, MARK]);
}

/**
 * @param end the last bytes of the file
 * @param fileSize how long the file is
 * @returns undefined when the file is not a whole blob
 */
export function readTrailer(end: Buffer, fileSize: number): BlobInfo | undefined {
  if (end.length < FOOTER || !end.subarray(-MARK.length).equals(MARK)) return undefined;
  const length = end.readUInt32BE(end.length - FOOTER);
  if (length > end.length - FOOTER) return undefined;
  try {
    const json = end.toString('utf8', end.length - FOOTER - length, end.length - FOOTER);
    const { name, size, type, etag, modified } = JSON.parse(json) as Record<string, unknown>;
    const modifiedAt = new Date(modified as number);
    if (!isBlobName(name) || size !== fileSize - FOOTER - length || Number.isNaN(modifiedAt.getTime()))
      return undefined;
    if (typeof type !== 'string' || readType(type) !== type) return undefined;
    if (typeof etag !== 'string' || !/^"[\w-]{8,64}"$/.test(etag)) return undefined;
    return { name, size: size as number, type, etag, modifiedAt };
  } catch {
    return undefined;
  }
}
