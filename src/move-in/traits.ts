// The libraries that sessions can move in from.
import { COOKIE_SIGNATURE, type CookieFormat, EXPRESS, keygrip } from '../codecs/cookies.js';
import type { MoveInFormat } from '../config/move-in.js';
import { LOWER, type Style, TITLED } from './attributes.js';
import type { OldCookieOptions } from './options.js';

/** What each library does by itself. */
export interface Traits {
  readonly cookie: string;
  readonly codec: CookieFormat;
  readonly style: Style;
  readonly defaults: OldCookieOptions;
  /** Whether sessions are in a store. */
  readonly stores: boolean;
}

const DAY = 86_400_000;
const defaults: OldCookieOptions = { path: '/', httpOnly: true };
const inStore = { style: TITLED, stores: true };
const inCookie = { codec: keygrip('sha1'), style: LOWER, stores: false };

export const TRAITS: Partial<Record<MoveInFormat, Traits>> = {
  'express-session': { ...inStore, cookie: 'connect.sid', codec: EXPRESS, defaults },
  'fastify-session': {
    ...inStore,
    cookie: 'sessionId',
    codec: COOKIE_SIGNATURE,
    defaults: { ...defaults, secure: true },
  },
  'cookie-session': { ...inCookie, cookie: 'session', defaults },
  'koa-session': { ...inCookie, cookie: 'koa.sess', defaults: { ...defaults, maxAge: DAY } },
};
