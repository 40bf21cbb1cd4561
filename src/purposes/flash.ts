// Flash messages: a few words for the next page, kept in a signed cookie across one redirect.
import { KeyturnError } from '../errors.js';
import type { Signer } from '../signing/signer.js';
import { fromJson } from '../signing/token.js';
import { type AppCookie, COOKIE_LIMIT } from './cookie.js';

type Message = readonly [type: string, text: string];

/** Messages by type. */
export type FlashMessages = Readonly<Record<string, readonly string[]>>;

/**
 * `flash('info', 'Saved')` leaves a message for the next page, `flash('info')` takes those of a type,
 * `flash()` takes all. Taken messages are gone; untaken ones wait for a few minutes.
 */
export interface Flash {
  (type: string, text: string): void;
  (type: string): readonly string[];
  (): FlashMessages;
}

/** The messages of one request. */
export class FlashBox {
  readonly #signer: Signer<readonly Message[]>;
  readonly #cookie: AppCookie;
  #messages: Message[];
  #changed = false;
  readonly #carried: boolean;

  constructor(signer: Signer<readonly Message[]>, cookie: AppCookie, cookieHeader: string | undefined) {
    this.#signer = signer;
    this.#cookie = cookie;
    const token = cookie.find(cookieHeader);
    const checked = token === undefined ? undefined : signer.check(token);
    const value = checked?.ok === true ? fromJson(checked.json)?.value : undefined;
    this.#messages = Array.isArray(value) ? value.filter(isMessage) : [];
    this.#carried = this.#messages.length > 0;
  }

  add(type: string, text: string): void {
    this.#messages.push([String(type), String(text)]);
    this.#changed = true;
  }

  take(type: string): readonly string[] {
    const taken = this.#messages.filter((message) => message[0] === type);
    if (taken.length === 0) return [];
    this.#messages = this.#messages.filter((message) => message[0] !== type);
    this.#changed = true;
    return taken.map((message) => message[1]);
  }

  takeAll(): FlashMessages {
    const all: Record<string, string[]> = Object.create(null);
    for (const [type, text] of this.#messages) {
      all[type] ??= [];
      all[type].push(text);
    }
    if (this.#messages.length > 0) this.#changed = true;
    this.#messages = [];
    return all;
  }

  /** Whether the page shows, or hands on, what is one visitor's own. */
  get touched(): boolean {
    return this.#changed;
  }

  /** The `Set-Cookie` header to send, if any. */
  commit(): string | undefined {
    if (!this.#changed) return undefined;
    if (this.#messages.length === 0) return this.#carried ? this.#cookie.clear() : undefined;
    const header = this.#cookie.set(this.#signer.sign(this.#messages), this.#signer.maxAge);
    if (header === undefined) {
      // The answer that tells of the error must not fail for the same reason.
      this.#messages = [];
      this.#changed = false;
      throw new KeyturnError(
        'flash_too_large',
        `the flash messages need more than the ${COOKIE_LIMIT} bytes of a cookie`,
        'leave shorter messages, and take them on the next page',
      );
    }
    return header;
  }
}

function isMessage(value: unknown): value is Message {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}
