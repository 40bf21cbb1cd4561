// Libraries whose session is the signed cookie itself: cookie-session, and koa-session without a store.
import type { SessionValues } from '../sessions/session.js';
import { digest } from '../signing/digest.js';
import { fromJson } from '../signing/token.js';
import { lifeOf, type OldCookie, renewed } from './attributes.js';
import type { OldCookies } from './old-cookies.js';
import type { OldDraft, OldLibrary, OldSession } from './old-library.js';

interface Parts {
  readonly name: string;
  readonly cookies: OldCookies;
  readonly cookie: OldCookie;
  /** Whether the end stands among the data, as koa-session has it. */
  readonly hasEnd: boolean;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export class OldInCookie implements OldLibrary {
  readonly name: string;
  readonly cookies: OldCookies;
  readonly hasIds = false;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.name = parts.name;
    this.cookies = parts.cookies;
    this.#parts = parts;
  }

  /** Of the whole value: there is no id, and two devices of one person may have the same. */
  refOf(payload: string): string {
    return digest(payload);
  }

  async load(payload: string): Promise<OldSession | undefined> {
    const value = fromJson(Buffer.from(payload, 'base64').toString('utf8'))?.value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const { _expire, _maxAge, _session, ...others } = value as Record<string, unknown>;
    const ref = this.refOf(payload);
    if (!this.#parts.hasEnd)
      return { ref, data: value as Record<string, unknown>, cookie: this.#parts.cookie, end: undefined };
    if (typeof _expire === 'number' && _expire < this.#parts.clock()) return undefined;
    const cookie = {
      ...this.#parts.cookie,
      originalMaxAge: _session === true ? null : (_maxAge ?? this.#parts.cookie.originalMaxAge),
    };
    return {
      ref,
      data: others,
      cookie,
      end: typeof _expire === 'number' ? Math.floor(_expire / 1000) : undefined,
    };
  }

  async lives(): Promise<boolean> {
    return true;
  }

  draft(_ref: string, data: SessionValues, old: OldSession | undefined): OldDraft {
    const { cookies, clock, hasEnd } = this.#parts;
    const now = clock();
    const cookie = renewed(old?.cookie ?? this.#parts.cookie, now);
    const value = hasEnd ? { ...data, ...endIn(lifeOf(cookie), now) } : data;
    const payload = Buffer.from(JSON.stringify(value)).toString('base64');
    const ref = this.refOf(payload);
    const session = { ref, data: data as OldSession['data'], cookie, end: undefined };
    return { ref, session, setCookies: cookies.set(payload, cookie), keep: async () => true };
  }

  isDue({ cookie }: OldSession, sentAt: number): boolean {
    const life = lifeOf(cookie);
    return life !== undefined && this.#parts.clock() - sentAt * 1000 >= life / 10;
  }

  async touch(): Promise<void> {}

  async end(): Promise<void> {}

  clear(): readonly string[] {
    return this.#parts.cookies.clear(this.#parts.cookie);
  }
}

function endIn(life: number | undefined, now: number): Record<string, unknown> {
  return life === undefined ? { _session: true } : { _expire: life + now, _maxAge: life };
}
