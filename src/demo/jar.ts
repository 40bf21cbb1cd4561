// The cookies of one visitor, kept as a browser keeps them.
import { KID_END, KID_START } from '../signing/token.js';

interface Cookie {
  readonly value: string;
  /** When the browser drops it, by the clock that nobody sets; milliseconds. */
  readonly dropsAt: number;
}

/** Production's name for the cookie of a session. */
const SESSION = '__Host-keyturn.sid';
/** Tokens count whole seconds, so that one may end so much earlier than its cookie; milliseconds. */
const ROUNDED = 1000;

export class Jar {
  readonly #cookies = new Map<string, Cookie>();

  /** The field of a request; undefined where there is nothing to send. */
  header(now: number): string | undefined {
    const kept = [...this.#cookies].filter(([, { dropsAt }]) => now < dropsAt);
    return kept.length === 0 ? undefined : kept.map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  /** @param askedAt when the request was sent: a lifetime begins then at the earliest */
  take(setCookies: readonly string[], askedAt: number): void {
    for (const field of setCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
      const maxAge = /; Max-Age=(\d+)/i.exec(field)?.[1];
      const dropsAt = maxAge === undefined ? Number.POSITIVE_INFINITY : askedAt + Number(maxAge) * 1000;
      if (maxAge === '0') this.#cookies.delete(name);
      else this.#cookies.set(name, { value, dropsAt });
    }
  }

  /** Whether the session may have ended by itself at a moment. One that was taken away has not. */
  sessionIsOver(at: number): boolean {
    const session = this.#cookies.get(SESSION);
    return session !== undefined && at >= session.dropsAt - ROUNDED;
  }

  /** The id of the key that the session is signed with; undefined where there is none. */
  get kid(): string | undefined {
    return this.#cookies.get(SESSION)?.value.slice(KID_START, KID_END);
  }
}
