import type { RequestHandler } from 'express';

export default function multer(): { single(field: string): RequestHandler } {
  return { single: () => (_req, _res, next) => next() };
}
