// The public names of `keyturn/blobs`. No logic here.
export type { RequestHeaders } from './conditions.js';
export type { BlobAnswer, BlobRequest } from './http.js';
export type { DownloadLinkOptions, LinkOptions, UploadLinkOptions } from './link.js';
export { isBlobName } from './names.js';
export type { ByteRange } from './reader.js';
export {
  type BlobSource,
  type BlobStore,
  type BlobStoreOptions,
  createBlobStore,
  type PutOptions,
  type StoredBlob,
} from './store.js';
export type { BlobInfo } from './trailer.js';
