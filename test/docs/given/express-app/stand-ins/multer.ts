import { Readable } from 'node:stream';
import type { RequestHandler } from 'express';

declare global {
  namespace Express {
    interface Request {
      file?: { readonly buffer: Buffer; readonly size: number };
    }
  }
}

/** Reads a form with one file into memory, as multer does without a place to put it. */
export default function multer(_options: { readonly limits: { readonly fileSize: number } }): {
  single(field: string): RequestHandler;
} {
  return {
    single: (field) => async (req, _res, next) => {
      const headers = { 'content-type': req.headers['content-type'] ?? '' };
      const form = await new Response(Readable.toWeb(req) as ReadableStream, { headers }).formData();
      const file = form.get(field);
      if (file instanceof File) req.file = { buffer: Buffer.from(await file.arrayBuffer()), size: file.size };
      req.body = Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'));
      next();
    },
  };
}
