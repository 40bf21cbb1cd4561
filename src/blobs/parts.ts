// What the parts of a blob store share: the store itself, the links to it, and what serves requests by them.
import type { UrlLinks } from '../links/links.js';
import type { Keeper } from '../runtime/keeper.js';
import type { BlobFiles, Replaces } from './files.js';
import type { BlobInfo } from './trailer.js';
import type { Uploads } from './uploads.js';

/** Bytes, or a stream of them. */
export type BlobSource = Uint8Array | AsyncIterable<Uint8Array | string>;

/** What `put()` of a blob store takes. */
export interface PutOptions {
  /** The media type. Default: `application/octet-stream`. */
  readonly type?: string;
  /** How many bytes there must be, no more and no fewer. */
  readonly size?: number;
  /** How many there may be; the store's own limit holds, too. */
  readonly maxSize?: number;
  /** Whether a blob of that name may be replaced. Default: false. */
  readonly overwrite?: boolean;
}

/** Whose pages may embed blobs: those of this origin, those of the site, or all. */
export type ResourcePolicy = 'same-origin' | 'same-site' | 'cross-origin';

/** What a store is made of. */
export interface BlobParts {
  readonly files: BlobFiles;
  readonly links: UrlLinks;
  /** The path below which requests arrive. */
  readonly path: string;
  /** What stands in front of a name in a link. */
  readonly front: string;
  readonly maxSize: number;
  readonly types: readonly string[] | undefined;
  readonly resourcePolicy: ResourcePolicy;
  readonly clock: () => number;
  readonly uploads: Uploads;
  readonly keeper: Pick<Keeper, 'lookForKey'>;
}

/** What an upload needs of a store. */
export interface BlobWriter {
  info(name: string): Promise<BlobInfo | undefined>;
  /** Stores a blob as `put()` does, with what it may take the place of. @throws KeyturnError `blob_changed` too */
  putIf(name: string, source: BlobSource, options: PutOptions, replaces: Replaces): Promise<BlobInfo>;
}
