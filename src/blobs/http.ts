// Serving blobs, whatever the framework: a request in, an answer out, and streams on both sides.
//
// The signature is looked at first, before the disk. Whoever has none gets one and the same answer for every name.
import { STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';
import { KeyturnError } from '../errors.js';
import { readRequestUrl } from '../links/canonical-url.js';
import type { VerifiedLink } from '../links/links.js';
import { header, isConditional, judgeDownload, judgeUpload, type RequestHeaders } from './conditions.js';
import { Incoming } from './incoming.js';
import { type Allowed, isBound, readAllowed } from './link.js';
import {
  disposition,
  isForm,
  isHarmless,
  isOneOf,
  isPlayable,
  isSameType,
  isShowable,
  OCTETS,
  readType,
} from './media-type.js';
import { decodeName, isInFolder } from './names.js';
import type { BlobParts, BlobWriter, PutOptions } from './parts.js';
import { FileReader } from './reader.js';
import type { BlobInfo } from './trailer.js';

/** A request for a blob. */
export interface BlobRequest {
  /** As it came: `GET`, `HEAD`, `PUT`, `POST` or another. */
  readonly method: string;
  /** Path and query, as they came in. */
  readonly url: string;
  /** By lower-case name. */
  readonly headers: RequestHeaders;
  /** What is uploaded, not decoded. Read only where the link allows it. */
  readonly body?: AsyncIterable<Uint8Array | string>;
  /** Whom bound links must be bound to; asked only for those. */
  readonly bind?: () => string | undefined | null | Promise<string | undefined | null>;
}

/** What to answer to a request for a blob. */
export interface BlobAnswer {
  /** The HTTP status. */
  readonly status: number;
  /** All headers of the answer, by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is to be sent, or destroyed, however the reply ends: it holds a file open. */
  readonly body: string | Readable | undefined;
}

/** How long a browser may go without asking again, in seconds; never beyond the expiry of the link. */
const FRESH = 300;
const SANDBOX = "default-src 'none'; sandbox";
/** A player loads what it plays once more. From the origin of a sandbox it may not, whatever `media-src` allows. */
const PLAYER = "default-src 'none'; media-src 'self'; sandbox allow-same-origin";

const ALWAYS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** Answers a request for a blob. */
export async function serveBlob(
  parts: BlobParts,
  store: BlobWriter,
  request: BlobRequest,
): Promise<BlobAnswer> {
  const { status, headers, body } = await answer(parts, store, request);
  return { status, headers: { ...headers, 'cross-origin-resource-policy': parts.resourcePolicy }, body };
}

async function answer(parts: BlobParts, store: BlobWriter, request: BlobRequest): Promise<BlobAnswer> {
  const { method } = request;
  if (!['GET', 'HEAD', 'PUT', 'POST'].includes(method)) return refuse(405, { allow: 'GET, HEAD, PUT, POST' });
  const url = readRequestUrl(request.url);
  if (url === undefined) return refuse(403);
  const link = await verify(parts, request, isBound(url.parameters));
  if (link === undefined) return refuse(403);
  const start = `${parts.path}/`;
  const name = url.path.startsWith(start) ? decodeName(url.path.slice(start.length)) : undefined;
  const allowed = readAllowed(url.parameters);
  if (name === undefined || allowed === undefined) return refuse(404);
  return method === 'PUT' || method === 'POST'
    ? await upload(parts, store, request, name, allowed)
    : await download(parts, request, name, allowed, link);
}

async function verify(
  { links, keeper }: BlobParts,
  request: BlobRequest,
  bound: boolean,
): Promise<VerifiedLink | undefined> {
  await keeper.lookForKey(() => !links.knows(request.url));
  const options = bound ? { bind: await request.bind?.() } : {};
  const result = links.verify(request, options, isInFolder);
  return result.ok ? result : undefined;
}

async function download(
  parts: BlobParts,
  request: BlobRequest,
  name: string,
  allowed: Allowed,
  link: VerifiedLink,
): Promise<BlobAnswer> {
  const found = await parts.files.openBlob(name);
  if (found === undefined) return refuse(404);
  const { info, file } = found;
  let body: FileReader | undefined;
  try {
    const now = parts.clock();
    const verdict = judgeDownload(request.method, request.headers, info, now);
    const validators = { etag: info.etag, 'last-modified': info.modifiedAt.toUTCString() };
    if (verdict.status === 412) return refuse(412);
    if (verdict.status === 416)
      return refuse(416, {
        ...validators,
        'accept-ranges': 'bytes',
        'content-range': `bytes */${info.size}`,
      });
    const headers = { ...ALWAYS, ...validators, 'cache-control': caching(link, allowed, now) };
    if (verdict.status === 304) return { status: 304, headers, body: undefined };
    const range = verdict.status === 206 ? verdict.range : { start: 0, end: info.size - 1 };
    const described = {
      ...headers,
      ...presentation(info, allowed),
      'accept-ranges': 'bytes',
      'content-length': String(range.end - range.start + 1),
      ...(verdict.status === 206
        ? { 'content-range': `bytes ${range.start}-${range.end}/${info.size}` }
        : {}),
    };
    // Last: from here on the file is closed by whoever ends the stream.
    if (request.method === 'GET') body = new FileReader(async () => file, range);
    return { status: verdict.status, headers: described, body };
  } finally {
    if (body === undefined) await file.close();
  }
}

/** Nothing but raster images and plain text is shown in place unless the link says so, and nothing can run. */
function presentation(info: BlobInfo, { download: wanted, show }: Allowed): Readonly<Record<string, string>> {
  const fileName = typeof wanted === 'string' ? wanted : (info.name.split('/').at(-1) as string);
  const harmless = isHarmless(info.type);
  const shown = harmless || (show && isShowable(info.type));
  const kind = shown && wanted === undefined ? 'inline' : 'attachment';
  const policy = kind === 'inline' && isPlayable(info.type) ? PLAYER : SANDBOX;
  return {
    'content-type': info.type,
    'content-disposition': disposition(kind, fileName),
    ...(harmless ? {} : { 'content-security-policy': policy }),
  };
}

/** A bound link is asked about each time: somebody else may use the same browser next. */
function caching(link: VerifiedLink, { bound }: Allowed, now: number): string {
  if (bound) return 'private, no-cache';
  const left = Math.floor((link.expiresAt.getTime() - now) / 1000);
  return `private, max-age=${Math.max(0, Math.min(FRESH, left))}`;
}

async function upload(
  parts: BlobParts,
  store: BlobWriter,
  request: BlobRequest,
  name: string,
  allowed: Allowed,
): Promise<BlobAnswer> {
  const { headers } = request;
  const sent = header(headers, 'content-type');
  // Whoever sends no type leaves it to the link.
  const type = sent === undefined ? (allowed.type ?? OCTETS) : readType(sent);
  const length = header(headers, 'content-length');
  if (
    length === undefined &&
    (header(headers, 'transfer-encoding') === undefined || allowed.size !== undefined)
  )
    return refuse(411);
  if (header(headers, 'content-range') !== undefined) return refuse(400);
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return refuse(400);
  if (type === undefined || isForm(type) || header(headers, 'content-encoding') !== undefined)
    return refuse(415);
  if (allowed.type !== undefined && !isSameType(type, allowed.type)) return refuse(415);
  if (parts.types !== undefined && !isOneOf(type, parts.types)) return refuse(415);
  const limit = Math.min(parts.maxSize, allowed.maxSize ?? parts.maxSize, allowed.size ?? parts.maxSize);
  if (length !== undefined && Number(length) > limit) return refuse(413);
  if (length !== undefined && allowed.size !== undefined && Number(length) !== allowed.size)
    return refuse(400);
  const options: PutOptions = {
    type,
    maxSize: limit,
    overwrite: allowed.overwrite,
    ...(allowed.size === undefined ? {} : { size: allowed.size }),
  };
  const stored = await parts.uploads.run(name, () => receive(parts, store, request, name, options));
  return stored ?? refuse(429, { 'retry-after': '1' });
}

/** An upload that is right so far as the request itself tells. */
async function receive(
  { clock }: BlobParts,
  store: BlobWriter,
  { headers, body: sent }: BlobRequest,
  name: string,
  options: PutOptions,
): Promise<BlobAnswer> {
  const holds = (current: BlobInfo | undefined) => judgeUpload(headers, current, clock());
  const before = await store.info(name);
  if (!holds(before)) return refuse(412);
  const overwrite = options.overwrite === true;
  if (before !== undefined && !overwrite) return refuse(409);
  const body = new Incoming(sent);
  try {
    // A condition is looked at again when everything is there: another upload may have been faster.
    const replaces = overwrite && isConditional(headers) ? holds : overwrite;
    const { etag, size, type } = await store.putIf(name, body, options, replaces);
    const text = `${JSON.stringify({ name, size, type, etag })}\n`;
    return {
      status: before === undefined ? 201 : 200,
      headers: {
        ...ALWAYS,
        'cache-control': 'no-store',
        'content-type': 'application/json; charset=utf-8',
        etag,
      },
      body: text,
    };
  } catch (error) {
    const status = statusOf(error, body);
    if (status === undefined) throw error;
    return refuse(status);
  }
}

function statusOf(error: unknown, body: Incoming): number | undefined {
  // The client went away, most likely: nobody may be there to read it.
  if (body.failure === error) return 400;
  if (error instanceof KeyturnError) return error.statusCode < 500 ? error.statusCode : undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 507 : undefined;
}

/** Says nothing but the status: the same for every name. */
function refuse(status: number, headers: Readonly<Record<string, string>> = {}): BlobAnswer {
  return {
    status,
    headers: {
      ...ALWAYS,
      'cache-control': 'no-store',
      'content-security-policy': SANDBOX,
      'content-type': 'text/plain; charset=utf-8',
      ...headers,
    },
    // What 413 is called changed with RFC 9110, and Node's own list has the former name.
    body: `${status === 413 ? 'Content Too Large' : STATUS_CODES[status]}\n`,
  };
}
