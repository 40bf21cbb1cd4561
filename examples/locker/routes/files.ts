// Keeping files: upload, list, download, delete. The bytes of a download come from Keyturn's own routes, behind links
// that are signed here.
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { LockerParts } from '../app.js';
import { Refusal } from '../errors.js';
import type { Files, KeptFile } from '../files.js';
import { keepPrivate, prefersJson } from '../negotiate.js';
import { sizeText } from '../pages/format.js';
import { signedInUser } from './sign-in.js';

/** What a form has besides the file itself. */
const FORM_OVERHEAD = 16 * 1024;
/**
 * The parser keeps every field that stands before the file, and by default up to a thousand of a mebibyte each. The form
 * has one, with a token in it; programs may send a few of their own. Bytes, where it is not a number of things. The
 * store counts those of the file, and keeps nothing of one that has too many.
 */
const LIMITS = {
  files: 1,
  fields: 8,
  fieldNameSize: 100,
  fieldSize: 1024,
  headerPairs: 20,
  headerSize: FORM_OVERHEAD,
  fileSize: Number.POSITIVE_INFINITY,
};

/** A file in the path of a route. */
export interface FilePath {
  readonly Params: { readonly id: string; readonly name: string };
}

export const fileRoutes: FastifyPluginAsync<LockerParts> = async (app, options) => {
  const { files, maxFileSize, tokens } = options;
  /** For programs: with a link that works without a session, so that any tool can fetch it. */
  const described = ({ blob, id, name, size, type, uploadedAt }: KeptFile) => {
    const url = files.blobs.signedUrl(blob, { ...tokens.download, download: true });
    return { id, name, size, type, uploadedAt: uploadedAt.toISOString(), url };
  };

  app.get('/files', async (request, reply) => {
    keepPrivate(reply);
    // The page is the start.
    if (!prefersJson(request)) return reply.redirect('/', 303);
    const kept = await files.list(signedInUser(request));
    return { files: kept.map(described), csrfToken: reply.csrfToken() };
  });

  // The token stands in the body, and the body is a stream that must not be read before it is checked.
  app.post('/files', { config: { csrf: false } }, async (request, reply) => {
    const file = await upload(request, files, maxFileSize).catch((error: unknown) => {
      dropRest(request);
      throw error;
    });
    if (prefersJson(request)) return reply.code(201).send(described(file));
    request.flash('success', `“${file.name}” is in your locker.`);
    return reply.redirect('/', 303);
  });

  // Pages may be open for long: a link is signed when it is asked for, and only its owner can use it.
  app.get<FilePath>('/files/:id/:name', async (request, reply) => {
    const { blob } = await ownFile(request, files);
    keepPrivate(reply);
    const bind = signedInUser(request);
    return reply.redirect(files.blobs.signedUrl(blob, { ...tokens.download, download: true, bind }), 303);
  });

  app.post<FilePath>('/files/:id/:name/delete', async (request, reply) => {
    const file = await ownFile(request, files);
    await files.delete(file);
    if (prefersJson(request)) return { deleted: file.name };
    request.flash('success', `“${file.name}” is deleted. Links to it have ended.`);
    return reply.redirect('/', 303);
  });
};

/** The file that the path names. @throws Refusal when the visitor has no such file */
export async function ownFile(request: FastifyRequest<FilePath>, files: Files): Promise<KeptFile> {
  const { id, name } = request.params;
  const file = await files.find(signedInUser(request), id, name);
  if (file === undefined) throw new Refusal(404);
  return file;
}

/**
 * Streams the file of a form to the disk. Of strangers nothing is read, of forged requests nothing but a few fields: the
 * token of a form stands in one.
 */
async function upload(request: FastifyRequest, files: Files, maxFileSize: number): Promise<KeptFile> {
  const user = signedInUser(request);
  const token = request.headers['x-csrf-token'];
  if (token !== undefined) request.checkCsrf(token);
  if (!request.isMultipart()) throw noFile();
  if (Number(request.headers['content-length'] ?? 0) > maxFileSize + FORM_OVERHEAD)
    throw tooLarge(maxFileSize);
  const part = await request.file({ limits: LIMITS });
  if (part === undefined || part.filename === '') throw noFile();
  if (token === undefined) request.checkCsrf(tokenBefore(part));
  try {
    return await files.add(user, part.filename, part.mimetype, part.file);
  } catch (error) {
    throw (error as { readonly code?: unknown }).code === 'blob_too_large' ? tooLarge(maxFileSize) : error;
  }
}

/** The field `_csrf`, which the form has in front of the file. */
function tokenBefore({ fields: { _csrf } }: MultipartFile): unknown {
  return (_csrf as { readonly value?: unknown } | undefined)?.value;
}

/** Browsers read an answer only after they have sent everything: what is left is taken from them, and dropped. */
function dropRest({ raw }: FastifyRequest): void {
  raw.unpipe();
  raw.resume();
}

function noFile(): Refusal {
  return new Refusal(400, { title: 'There was no file', advice: 'Go back, choose one, and try again.' });
}

function tooLarge(maxFileSize: number): Refusal {
  const advice = `Files may have up to ${sizeText(maxFileSize)}.`;
  return new Refusal(413, { title: 'This file is too large', advice });
}
