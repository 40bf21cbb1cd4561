// Signed links to blobs. What a link allows beyond the name stands in its query, in the clear and bound by the
// signature: nothing of it can be changed, and a look at the link tells what it is for.
import { type OptionHints, type OptionNames, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { Parameter } from '../links/canonical-url.js';
import { isForm, isOneOf, readType } from './media-type.js';
import { encodeName } from './names.js';
import type { BlobParts } from './parts.js';

interface AnyLinkOptions {
  /** How long the link works: seconds, or a text such as `"15min"`. Default: the longest of the purpose `url`. */
  readonly maxAge?: number | string;
  /** Ties the link to a session or a user: it works only where the routes are told the same text. */
  readonly bind?: string;
}

/** What a link to download a blob allows. */
export interface DownloadLinkOptions extends AnyLinkOptions {
  /** `GET`, which allows `HEAD` too. */
  readonly method?: 'GET';
  /** To be saved and not shown, under this file name; true: under the last part of the blob's name. */
  readonly download?: string | true;
  /**
   * To be shown in place where its type is one that cannot harm: PDF (in a sandbox), audio and video, beside raster images
   * and plain text, which are so without it. Any other is saved all the same.
   */
  readonly show?: boolean;
  /** The link is good for every blob whose name begins with this one and a slash: add its query to each. */
  readonly folder?: boolean;
}

/** What a link to upload a blob allows. */
export interface UploadLinkOptions extends AnyLinkOptions {
  /** `PUT` sends the bytes as they are; so does `POST`. */
  readonly method: 'PUT' | 'POST';
  /** The media type that must be sent. Default: whatever the store takes. */
  readonly type?: string;
  /** How many bytes must be sent, no more and no fewer. */
  readonly size?: number;
  /** How many may be sent. Default: as many as the store takes. */
  readonly maxSize?: number;
  /** Whether a blob of that name may be replaced. Default: false. */
  readonly overwrite?: boolean;
}

/** What `signedUrl()` takes: a link to download without `method`, one to upload with it. */
export type LinkOptions = DownloadLinkOptions | UploadLinkOptions;

const ANY: OptionNames<AnyLinkOptions> = { maxAge: true, bind: true };
const DOWNLOAD_OPTIONS: OptionNames<DownloadLinkOptions> = {
  ...ANY,
  method: true,
  download: true,
  show: true,
  folder: true,
};
const UPLOAD_OPTIONS: OptionNames<UploadLinkOptions> = {
  ...ANY,
  method: true,
  type: true,
  size: true,
  maxSize: true,
  overwrite: true,
};
const DOWNLOAD_HINTS: OptionHints = {
  filename: 'write download',
  type: 'leave it out, or write method: "PUT" for a link to upload: a download has the type of the blob',
};
const UPLOAD_HINTS: OptionHints = { download: 'leave it out: it belongs to a link for GET' };

/** What the query of a link says. */
export interface Allowed {
  readonly download: string | true | undefined;
  readonly show: boolean;
  readonly type: string | undefined;
  readonly size: number | undefined;
  readonly maxSize: number | undefined;
  readonly overwrite: boolean;
  readonly bound: boolean;
}

/** A link to one blob. */
export function signedPath(parts: BlobParts, name: string, options: LinkOptions): string {
  const { method = 'GET', maxAge, bind } = options;
  const call = `signedUrl(name, options) for ${method === 'GET' ? 'a download' : 'an upload'}`;
  if (method === 'GET') requireOptions(options, call, DOWNLOAD_OPTIONS, DOWNLOAD_HINTS);
  else requireOptions(options, call, UPLOAD_OPTIONS, UPLOAD_HINTS);
  const parameters = method === 'GET' ? ofDownload(options as DownloadLinkOptions) : ofUpload(parts, options);
  if ('bind' in options) parameters.push(['bound', '1']);
  const query = parameters.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
  const folder = (options as DownloadLinkOptions).folder === true;
  const path = `${parts.front}/${encodeName(name)}${folder ? '/' : ''}`;
  return parts.links.sign(`${path}${query === '' ? '' : `?${query}`}`, {
    method,
    folder,
    ...(maxAge === undefined ? {} : { maxAge }),
    ...('bind' in options ? { bind: bind as string } : {}),
  });
}

function ofDownload({ download, show }: DownloadLinkOptions): Parameter[] {
  if (download !== undefined) return [['download', download === true ? '' : download.toWellFormed()]];
  return show === true ? [['show', '1']] : [];
}

function ofUpload(parts: BlobParts, options: LinkOptions): Parameter[] {
  const { type, size, maxSize, overwrite } = options as UploadLinkOptions;
  const parameters: Parameter[] = [];
  if (type !== undefined) {
    const read = readType(type);
    if (read === undefined || isForm(read) || (parts.types !== undefined && !isOneOf(read, parts.types)))
      throw new KeyturnError(
        'blob_type_refused',
        'an upload link for a type that the store does not take would never work',
        'write a media type that the store takes, such as "application/pdf"',
      );
    parameters.push(['type', read]);
  }
  for (const [key, bytes] of [
    ['size', size],
    ['max', maxSize],
  ] as const) {
    if (bytes === undefined) continue;
    if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > parts.maxSize)
      throw new KeyturnError(
        'blob_too_large',
        `an upload link for ${bytes} bytes would never work: the store takes ${parts.maxSize}`,
        'write a whole number of bytes, or raise maxSize of the store',
      );
    parameters.push([key, String(bytes)]);
  }
  if (overwrite === true) parameters.push(['overwrite', '1']);
  return parameters;
}

/** Whether a link says that it is bound to somebody. Before it verified that is only what it says. */
export function isBound(parameters: readonly Parameter[]): boolean {
  return parameters.some(([name, value]) => name === 'bound' && value === '1');
}

/** Reads the query of a link that verified; undefined when `signedUrl` cannot have written it. */
export function readAllowed(parameters: readonly Parameter[]): Allowed | undefined {
  let said: ReadonlyMap<string, string>;
  try {
    said = new Map(parameters.map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    return undefined;
  }
  const download = said.get('download');
  const bytes = (name: string) => (said.has(name) ? Number(said.get(name)) : undefined);
  return {
    download: download === '' ? true : download,
    show: said.get('show') === '1',
    type: said.get('type'),
    size: bytes('size'),
    maxSize: bytes('max'),
    overwrite: said.get('overwrite') === '1',
    bound: isBound(parameters),
  };
}
