// How long sessions live. Times in seconds since 1970, and lengths in seconds.
import type { Settings } from '../config/layers.js';
import { requireLifetime } from '../config/lifetime.js';
import { KeyturnError } from '../errors.js';

/** That a session was given a longer life: from when on, and how long. */
export interface Remembered {
  readonly at: number;
  readonly seconds: number;
}

/** What of a session its end depends on. */
interface Life {
  /** Undefined: it begins now. */
  readonly createdAt: number | undefined;
  readonly remembered: Remembered | undefined;
  /** With the end that another library had given it, in seconds since 1970. */
  readonly counterpart?: { readonly until: number | undefined } | undefined;
}

/** The longest that any session may live, in seconds. */
export function longestSession(settings: Settings): number {
  return Math.max(settings.get('session.max_age'), settings.get('session.remember') ?? 0);
}

/** The times of an app's sessions. */
export class SessionTimes {
  readonly idle: number;
  readonly rollAfter: number;
  /** The longest that any session lives. */
  readonly longest: number;
  readonly #maxAge: number;
  readonly #remember: number | undefined;
  readonly #clock: () => number;

  /** @param clock milliseconds since 1970 */
  constructor(settings: Settings, clock: () => number) {
    this.idle = settings.get('session.idle');
    this.rollAfter = settings.get('session.roll_after') ?? Math.ceil(this.idle / 10);
    this.longest = longestSession(settings);
    this.#maxAge = settings.get('session.max_age');
    this.#remember = settings.get('session.remember');
    this.#clock = clock;
  }

  /** Whether any session may be remembered. */
  get canRemember(): boolean {
    return this.#remember !== undefined;
  }

  get now(): number {
    return Math.floor(this.#clock() / 1000);
  }

  /** Whether a session is over, whatever its token says. */
  isOver({ createdAt = this.now, remembered }: Life): boolean {
    return this.now >= (this.#rememberedUntil(remembered) ?? createdAt + this.#maxAge);
  }

  /**
   * When a token ends by the settings of now: where nobody may be remembered any more one of a remembered session ends
   * like any other. A rotation keeps keys no longer than that.
   */
  tokenEnd(
    life: Life,
    { issuedAt, expiresAt }: { readonly issuedAt: number; readonly expiresAt: number },
  ): number {
    const isForgotten = life.remembered !== undefined && !this.isRemembered(life);
    return isForgotten ? Math.min(expiresAt, issuedAt + this.idle) : expiresAt;
  }

  /** When a session that is used now ends, unless it is used again. */
  expiry({ createdAt = this.now, remembered, counterpart }: Life): number {
    const idleEnd = Math.max(this.now + this.idle, counterpart?.until ?? 0);
    return this.#rememberedUntil(remembered) ?? Math.min(idleEnd, createdAt + this.#maxAge);
  }

  /** The new expiry of a session that the request carried, where it is due to be extended. */
  dueExpiry(
    life: Life,
    { issuedAt, expiresAt }: { readonly issuedAt: number; readonly expiresAt: number },
  ): number | undefined {
    const expiry = this.expiry(life);
    const isDue = this.now - issuedAt >= this.rollAfter || this.isRemembered(life);
    return isDue && expiry > expiresAt ? expiry : undefined;
  }

  /** Whether its end stands, so that it has no idle end. */
  isRemembered({ remembered }: Life): boolean {
    return this.#rememberedUntil(remembered) !== undefined;
  }

  /**
   * What `session.remember()` was given, in seconds; undefined where the session is not to be remembered.
   *
   * @throws KeyturnError `purpose_lifetime`, `duration_invalid`
   */
  requireRemember(asked: boolean | number | string): number | undefined {
    if (asked === false) return undefined;
    const cure = 'set remember under [session] in keyturn.toml';
    if (this.#remember === undefined)
      throw new KeyturnError(
        'purpose_lifetime',
        'no session may be remembered: session.remember is not set',
        `${cure}, to the longest that one may live: remember = "30d"`,
      );
    return requireLifetime(asked === true ? undefined : asked, this.#remember, 'a remembered session', cure);
  }

  /** Undefined where nobody may be remembered any more: the session is one like any other then. */
  #rememberedUntil(remembered: Remembered | undefined): number | undefined {
    if (remembered === undefined || this.#remember === undefined) return undefined;
    return remembered.at + Math.min(remembered.seconds, this.#remember);
  }
}
