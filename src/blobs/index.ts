// The public names of `keyturn/blobs`. No logic here.
export type { RequestHeaders } from './conditions.js';
export type { BlobAnswer, BlobRequest } from './http.js';
export type { DownloadLinkOptions, LinkOptions, UploadLinkOptions } from './link.js';
export { isBlobName } from './names.js';
export type { BlobSource, PutOptions } from './parts.js';
export type { ByteRange } from './reader.js';
export {
  type BlobStore,
  type BlobStoreOptions,
  createBlobStore,
  type StoredBlob,
} from './store.js';
export type { BlobInfo } from './trailer.js';
