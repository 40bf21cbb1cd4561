// Headers that every answer carries, pages and errors alike.
import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { STYLE } from './pages/style.js';

/** Nothing may be loaded but our own style sheet and icon, and no script at all. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function setSecurityHeaders(reply: FastifyReply): FastifyReply {
  return reply.headers({
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    // Programs get JSON from the same addresses: a cache must tell the two apart.
    vary: 'accept',
  });
}
