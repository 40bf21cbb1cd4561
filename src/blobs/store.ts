// A store of blobs on the local disk: files by name, with signed links to download and to upload them.

import { Readable } from 'node:stream';
import { type OptionNames, requireCount, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import { readUrl } from '../links/canonical-url.js';
import { randomId } from '../signing/random.js';
import { BlobFiles, type OpenBlob, type Replaces } from './files.js';
import { type BlobAnswer, type BlobRequest, serveBlob } from './http.js';
import { type LinkOptions, signedPath } from './link.js';
import { isOneOf, OCTETS, readType } from './media-type.js';
import { isBlobName, requireBlobName } from './names.js';
import type { BlobParts, BlobSource, BlobWriter, PutOptions, ResourcePolicy } from './parts.js';
import { type ByteRange, FileReader } from './reader.js';
import type { BlobInfo } from './trailer.js';
import { Uploads } from './uploads.js';

/** What `createBlobStore()` takes. */
export interface BlobStoreOptions {
  /** Where the files are; made when it is not there. Nothing else should be in it. */
  readonly folder: string;
  /** The largest blob, in bytes. Default: 100 MiB. */
  readonly maxSize?: number;
  /** The types that are taken, such as `['application/pdf', 'image/*']`. Default: all. */
  readonly types?: readonly string[];
  /** The path under which blobs are served. Default: `/blobs`. */
  readonly prefix?: string;
  /** What public URLs have in front of the prefix: an origin, a path or both, as for `keyturn.links()`. */
  readonly base?: string;
  /** Whether a proxy takes the path of `base` away. */
  readonly stripped?: boolean;
  /** Whose pages may embed blobs (`Cross-Origin-Resource-Policy`). Default: `same-origin`. */
  readonly resourcePolicy?: ResourcePolicy;
}

const STORE_OPTIONS: OptionNames<BlobStoreOptions> = {
  folder: true,
  maxSize: true,
  types: true,
  prefix: true,
  base: true,
  stripped: true,
  resourcePolicy: true,
};
const PUT_OPTIONS: OptionNames<PutOptions> = { type: true, size: true, maxSize: true, overwrite: true };

/** A blob that can be read. */
export interface StoredBlob extends BlobInfo {
  /**
   * Its bytes, or a part of them (both ends included), as a stream to be consumed or destroyed. Once the stream is
   * open, deleting or replacing the blob does not disturb it.
   */
  stream(range?: ByteRange): Readable;
}

const DEFAULT_MAX_SIZE = 100 * 1024 * 1024;

/** Blobs by name. Made by {@link createBlobStore}. */
export interface BlobStore {
  /** The path below which requests for blobs arrive: the prefix, after the path of the base unless that is stripped. */
  readonly path: string;
  /**
   * Stores a blob. It is there, whole, once the promise is fulfilled; before that, and when anything goes wrong,
   * there is nothing of it. A stream is read to its end, or destroyed.
   *
   * @throws KeyturnError `blob_name_invalid`, `blob_exists`, `blob_too_large`, `blob_incomplete`, `blob_type_refused`;
   * whatever the stream fails with; the file system's own error
   */
  put(name: string, source: BlobSource, options?: PutOptions): Promise<BlobInfo>;
  /** What is known of a blob; undefined when there is none of that name, whatever the name is. */
  info(name: string): Promise<BlobInfo | undefined>;
  /** A blob, to be read; undefined when there is none of that name, whatever the name is. */
  get(name: string): Promise<StoredBlob | undefined>;
  /** @returns whether there was one */
  delete(name: string): Promise<boolean>;
  /** What is known of each blob whose name begins so, in no order. It opens every file of the store. */
  list(beginning?: string): AsyncIterableIterator<BlobInfo>;
  /**
   * A link to download a blob (`GET`, the default) or to upload one (`PUT`, `POST`). The disk is not looked at.
   *
   * @throws KeyturnError `blob_name_invalid`, `blob_type_refused`, `blob_too_large`, `link_invalid`, `bind_invalid`,
   * `purpose_lifetime`, `duration_invalid`
   */
  signedUrl(name: string, options?: LinkOptions): string;
  /** Answers a request below {@link path}, whatever the framework. Adapters do so; see `blobRoutes`. */
  handle(request: BlobRequest): Promise<BlobAnswer>;
}

/** The class behind {@link BlobStore}. */
class DiskBlobStore implements BlobStore, BlobWriter {
  readonly #parts: BlobParts;

  constructor(parts: BlobParts) {
    this.#parts = parts;
  }

  get path(): string {
    return this.#parts.path;
  }

  async put(name: string, source: BlobSource, options: PutOptions = {}): Promise<BlobInfo> {
    requireOptions(options, 'put(name, source, options) of a blob store', PUT_OPTIONS);
    for (const limit of ['size', 'maxSize'] as const)
      if (options[limit] !== undefined) requireBytes(options[limit], `${limit} of a blob`);
    return await this.putIf(name, source, options, options.overwrite === true);
  }

  async putIf(name: string, source: BlobSource, options: PutOptions, replaces: Replaces): Promise<BlobInfo> {
    // A stream may break before it is read, while the folder is looked at: reading it then fails with what it broke
    // of, and without a listener the process would end.
    if (source instanceof Readable) source.on('error', () => {});
    try {
      return await this.#put(requireBlobName(name), source, options, replaces);
    } catch (error) {
      if (source instanceof Readable) source.destroy();
      throw error;
    }
  }

  async #put(name: string, source: BlobSource, options: PutOptions, replaces: Replaces): Promise<BlobInfo> {
    const { files, clock, types } = this.#parts;
    const type = readType(options.type ?? OCTETS);
    if (type === undefined || (types !== undefined && !isOneOf(type, types)))
      throw new KeyturnError(
        'blob_type_refused',
        type === undefined ? 'type is not a media type' : 'blobs of that type are not taken',
        'write a media type that the store takes, such as "application/pdf"',
      );
    if (replaces === false && (await files.has(name))) throw exists();
    const limit = Math.min(this.#parts.maxSize, options.maxSize ?? Number.POSITIVE_INFINITY);
    const { size: agreed } = options;
    if (agreed !== undefined && agreed > limit) throw tooLarge(limit);
    const part = await files.newPart(name);
    try {
      let size = 0;
      for await (const chunk of chunksOf(source)) {
        size += chunk.length;
        if (size > (agreed ?? limit)) throw tooLarge(agreed ?? limit);
        await part.write(chunk);
      }
      if (agreed !== undefined && size < agreed)
        throw new KeyturnError(
          'blob_incomplete',
          `there are ${size} bytes and not the ${agreed} that were agreed on`,
          'send all of them',
        );
      const info = { name, size, type, etag: `"${randomId(15)}"`, modifiedAt: new Date(clock()) };
      const outcome = await part.commit(info, replaces);
      if (outcome === 'exists') throw exists();
      if (outcome === 'changed')
        throw new KeyturnError(
          'blob_changed',
          'another version of the blob was stored while this one was being sent',
          'look at the new one, and send yours again if it still matters',
        );
      return info;
    } finally {
      await part.close();
    }
  }

  async info(name: string): Promise<BlobInfo | undefined> {
    const found = await this.#open(name);
    await found?.file.close();
    return found?.info;
  }

  async get(name: string): Promise<StoredBlob | undefined> {
    const info = await this.info(name);
    if (info === undefined) return undefined;
    const reopen = async () => {
      const found = await this.#open(name);
      if (found?.info.etag === info.etag) return found.file;
      await found?.file.close();
      throw new Error('the blob was replaced or deleted before it was read');
    };
    const all = { start: 0, end: info.size - 1 };
    return { ...info, stream: (range = all) => new FileReader(reopen, within(range, info.size)) };
  }

  async delete(name: string): Promise<boolean> {
    return isBlobName(name) && (await this.#parts.files.delete(name));
  }

  async *list(beginning = ''): AsyncGenerator<BlobInfo> {
    for await (const info of this.#parts.files.list()) if (info.name.startsWith(beginning)) yield info;
  }

  signedUrl(name: string, options: LinkOptions = {}): string {
    return signedPath(this.#parts, requireBlobName(name), options);
  }

  async handle(request: BlobRequest): Promise<BlobAnswer> {
    return await serveBlob(this.#parts, this, request);
  }

  async #open(name: unknown): Promise<OpenBlob | undefined> {
    return isBlobName(name) ? await this.#parts.files.openBlob(name) : undefined;
  }
}

/**
 * Opens a store of blobs on the local disk. Any number of processes of this host can use the same folder at once.
 *
 * @example
 * const blobs = await createBlobStore(keyturn, { folder: 'data/blobs', types: ['image/*'] });
 * await app.register(blobRoutes, { store: blobs });
 * await blobs.put('portraits/ada.png', bytes, { type: 'image/png' });
 * const url = blobs.signedUrl('portraits/ada.png', { maxAge: '15min' });
 *
 * @throws KeyturnError `link_invalid`, `argument_invalid`; the file system's own error when the folder cannot be used
 */
export async function createBlobStore(keyturn: Keyturn, options: BlobStoreOptions): Promise<BlobStore> {
  const { clock, keeper, ownLinks } = internalsOf(keyturn);
  requireOptions(options ?? null, 'createBlobStore(keyturn, options)', STORE_OPTIONS);
  const { base = '', stripped = false, prefix = '/blobs', maxSize = DEFAULT_MAX_SIZE } = options;
  if (!/^(\/[\w.~-]+)+$/.test(prefix) || /\/\.\.?(\/|$)/.test(prefix))
    throw new KeyturnError(
      'link_invalid',
      'prefix is not a valid path',
      'write a path of letters and digits, such as "/blobs"',
    );
  const { resourcePolicy = 'same-origin' } = options;
  if (!['same-origin', 'same-site', 'cross-origin'].includes(resourcePolicy))
    throw new KeyturnError(
      'argument_invalid',
      'the option resourcePolicy is not a known word',
      'write "same-origin", "same-site" or "cross-origin"',
    );
  const links = ownLinks(base === '' ? {} : { base, stripped });
  const basePath = stripped || base === '' ? '' : (readUrl(base)?.path ?? '');
  const files = await BlobFiles.open(options.folder);
  return new DiskBlobStore({
    files,
    links,
    path: basePath.replace(/\/+$/, '') + prefix,
    front: base.replace(/\/+$/, '') + prefix,
    maxSize: requireBytes(maxSize, 'maxSize of a blob store'),
    types: options.types,
    resourcePolicy,
    clock,
    uploads: new Uploads(),
    keeper,
  });
}

/** Of anything else a comparison would let every size pass. @throws KeyturnError `argument_invalid` */
function requireBytes(given: unknown, what: string): number {
  return requireCount(given, what, 0, 'write a whole number of bytes: 10 * 1024 * 1024');
}

function chunksOf(source: BlobSource): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (source instanceof Uint8Array) return [source];
  return {
    async *[Symbol.asyncIterator]() {
      for await (const chunk of source) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    },
  };
}

function within({ start, end }: ByteRange, size: number): ByteRange {
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end + 1)
    return { start, end: Math.min(end, size - 1) };
  throw new RangeError('a range has whole numbers for "start" and "end", from 0 on');
}

function exists(): KeyturnError {
  return new KeyturnError(
    'blob_exists',
    'there is a blob of that name already',
    'choose another name, or allow it to be replaced with overwrite: true',
  );
}

function tooLarge(limit: number): KeyturnError {
  return new KeyturnError(
    'blob_too_large',
    `the blob has more than the ${limit} bytes that are allowed`,
    'send a smaller one, or raise maxSize',
  );
}
