// Browsers get pages, programs that ask for it get JSON.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Html } from './html.js';

/** Whether the `Accept` header names JSON, and does not like HTML better. Whoever names neither gets a page. */
export function prefersJson(request: FastifyRequest): boolean {
  const ranges = (request.headers.accept ?? '').split(',').map(readRange);
  const wanted = ranges
    .filter(({ type, quality }) => quality > 0 && (type === 'application/json' || type === 'text/html'))
    .sort((a, b) => b.quality - a.quality);
  return wanted[0]?.type === 'application/json';
}

export function sendPage(reply: FastifyReply, page: Html): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(page.toString());
}

/** For what one visitor alone may see: going back after signing out shows nothing of before. */
export function keepPrivate(reply: FastifyReply): void {
  reply.header('cache-control', 'private, no-store');
}

/**
 * Where a visitor finds this app, as they say themselves unless it is configured: for links that they copy. Links that
 * are sent to somebody else must not go by it, since whoever asks may say anything.
 */
export function originFor(request: FastifyRequest, configured: string | undefined): string {
  // In production a proxy in front speaks https.
  const protocol = request.server.keyturn.profile === 'prod' ? 'https' : request.protocol;
  return configured ?? `${protocol}://${request.host}`;
}

function readRange(text: string): { readonly type: string; readonly quality: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
}
