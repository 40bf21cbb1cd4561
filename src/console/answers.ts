// Answers, and the header fields of every one of them. The browser is told to load nothing but what the console gives, to
// run no script that stands in a page, and to show it in no frame of another site.
import type { ConsoleAnswer, Frame } from './contract.js';
import { messagePage } from './pages/index.js';

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  ...['style-src', 'script-src', 'connect-src', 'img-src', 'form-action'].map((name) => `${name} 'self'`),
  ...['frame-ancestors', 'base-uri'].map((name) => `${name} 'none'`),
].join('; ');

const FIELDS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  // With `no-referrer` browsers send a form with "Origin: null", which says no more that it is one of ours.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow',
};

export function htmlAnswer(body: string, status = 200): ConsoleAnswer {
  return { status, headers: { ...FIELDS, 'content-type': 'text/html; charset=utf-8' }, body };
}

/** For programs: a script, or whoever writes a stream. */
export function textAnswer(body: string, status: number, more: ConsoleAnswer['headers'] = {}): ConsoleAnswer {
  return { status, headers: { ...FIELDS, ...more, 'content-type': 'text/plain; charset=utf-8' }, body };
}

/** @param location relative to what was asked for: a proxy in front may have another address */
export function redirect(location: string, status: 303 | 308): ConsoleAnswer {
  return { status, headers: { ...FIELDS, location }, body: '' };
}

/** What has a digest of itself in its name. Of everybody who may see it the browser alone may keep it. */
export function assetAnswer(body: string, type: string): ConsoleAnswer {
  const headers = { 'cache-control': 'private, max-age=31536000, immutable', 'content-type': type };
  return { status: 200, headers: { ...FIELDS, ...headers }, body };
}

/** What compresses answers, or collects them, would hold events back. */
export function streamAnswer(body: ConsoleAnswer['body']): ConsoleAnswer {
  const headers = {
    'cache-control': 'no-store, no-transform',
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
  };
  return { status: 200, headers: { ...FIELDS, ...headers }, body };
}

export function withFields(answer: ConsoleAnswer, more: ConsoleAnswer['headers']): ConsoleAnswer {
  return { ...answer, headers: { ...answer.headers, ...more } };
}

export function notFound(frame: Frame): ConsoleAnswer {
  const message = 'The console has no page at this address.';
  return htmlAnswer(messagePage(frame, { title: 'There is nothing here', message }), 404);
}
