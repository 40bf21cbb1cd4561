// Libraries that keep sessions in a store of express-session's kind, and their id in a signed cookie.
import { merge } from '../sessions/edits.js';
import type { SessionValues } from '../sessions/session.js';
import { fromJson } from '../signing/token.js';
import { lifeOf, type OldCookie, renewed } from './attributes.js';
import type { OldCookies } from './old-cookies.js';
import type { OldDraft, OldLibrary, OldSession } from './old-library.js';
import type { OldRecord, OldStore } from './old-store.js';

/** Milliseconds: what connect-redis and connect-pg-simple give a session whose cookie ends with the browser. */
const DAY = 86_400_000;

interface Parts {
  readonly name: string;
  readonly cookies: OldCookies;
  readonly store: OldStore;
  /** Of a session that begins. */
  readonly cookie: OldCookie;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export class OldInStore implements OldLibrary {
  readonly name: string;
  readonly cookies: OldCookies;
  readonly hasIds = true;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.name = parts.name;
    this.cookies = parts.cookies;
    this.#parts = parts;
  }

  refOf(payload: string): string {
    return payload;
  }

  /** Whether it has expired only its store knows: what stands in the record is not moved by `touch` in most of them. */
  async load(sid: string): Promise<OldSession | undefined> {
    const record = await this.#parts.store.get(sid);
    return record && this.#read(sid, record);
  }

  async lives(ref: string): Promise<boolean> {
    return (await this.#parts.store.get(ref)) !== undefined;
  }

  #read(sid: string, record: OldRecord): OldSession {
    const { cookie, ...data } = record;
    const old = (typeof cookie === 'object' ? (cookie ?? {}) : {}) as OldCookie;
    const life = lifeOf(old);
    const end = life === undefined ? undefined : Math.floor((this.#parts.clock() + life) / 1000);
    return { ref: sid, data, cookie: old, end };
  }

  draft(
    ref: string,
    data: SessionValues,
    old: OldSession | undefined,
    basis: Readonly<Record<string, unknown>> | undefined,
  ): OldDraft {
    const { store, clock, cookies } = this.#parts;
    const sid = old?.ref ?? ref;
    const cookie = renewed(old?.cookie ?? this.#parts.cookie, clock());
    // A browser that has a cookie without an end keeps it.
    const isSent = old === undefined || old.isGoingOut === true || lifeOf(cookie) !== undefined;
    const record = (values: SessionValues): OldRecord => recordOf(cookie, values, clock);
    return {
      ref: sid,
      session: { ref: sid, data: data as OldSession['data'], cookie, end: undefined },
      setCookies: isSent ? cookies.set(sid, cookie) : [],
      keep: async () => {
        if (old === undefined) {
          await store.set(sid, record(data));
          return true;
        }
        const mine = fromJson(JSON.stringify(data))?.value as Record<string, unknown>;
        return await store.change(sid, ({ cookie: _, ...theirs }) =>
          // What a replica on the old library has written meanwhile stays, but where both have changed the same.
          record(merge(basis ?? old.data, mine, theirs, 'mine') as SessionValues),
        );
      },
    };
  }

  isDue({ cookie }: OldSession, sentAt: number): boolean {
    const life = lifeOf(cookie);
    if (life === undefined && this.#parts.store.touches) return false;
    return this.#parts.clock() - sentAt * 1000 >= (life ?? DAY) / 10;
  }

  async touch({ ref, cookie, data }: OldSession): Promise<void> {
    const { store, clock } = this.#parts;
    if (store.touches)
      await store.touch(ref, recordOf(renewed(cookie, clock()), data as SessionValues, clock));
  }

  async end(ref: string): Promise<void> {
    await this.#parts.store.destroy(ref);
  }

  clear(old: OldSession | undefined): readonly string[] {
    return this.#parts.cookies.clear(old?.cookie ?? this.#parts.cookie);
  }
}

/** As express-session hands it to its store. Some read `maxAge` of it, which is none of what is kept. */
function recordOf(given: OldCookie, data: SessionValues, clock: () => number): OldRecord {
  const cookie = { ...given };
  const expires = given.expires instanceof Date ? given.expires : undefined;
  const maxAge = { get: () => (expires === undefined ? null : expires.getTime() - clock()) };
  return { cookie: Object.defineProperty(cookie, 'maxAge', maxAge), ...data };
}
