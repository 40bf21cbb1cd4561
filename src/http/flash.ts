// Flash messages: a few words for the next page, kept in a signed cookie across one redirect.
import { KeyturnError } from '../errors.js';
import { type AppCookie, COOKIE_LIMIT } from '../sessions/cookie.js';
import type { Messages } from '../sessions/counterpart.js';
import type { ReceivedToken } from '../signing/received.js';
import type { TokenSigner } from '../signing/signer.js';
import { fromJson } from '../signing/token.js';
import type { RequestCookies } from './request-cookies.js';

type Message = readonly [type: string, text: string];

/** Messages by type. */
export type FlashMessages = Readonly<Record<string, readonly string[]>>;

/**
 * `flash('info', 'Saved')` leaves a message for the next page, `flash('info')` takes those of a type,
 * `flash()` takes all. Taken messages are gone; untaken ones wait for a few minutes. A HEAD request reads them without
 * taking them: nobody sees its page.
 */
export interface Flash {
  (type: string, text: string): void;
  (type: string): readonly string[];
  (): FlashMessages;
}

/**
 * {@link Flash}, for whatever a program calls it with.
 *
 * @param used called when something has been done, and with what it gives
 * @throws KeyturnError `argument_invalid`
 */
export function flashFor(box: Messages, used: <T>(answer: T) => T): Flash {
  return ((...given: readonly unknown[]) => {
    if (given.length === 0) return used(box.takeAll());
    const [type, text] = given;
    if (typeof type !== 'string')
      throw misread('the type of a message is not a text', 'write flash("info", "Saved")');
    if (given.length === 1) return used(box.take(type));
    if (given.length > 2)
      throw misread('flash() takes one text', 'put it together first, as in flash("info", "Hello " + name)');
    if (Array.isArray(text))
      throw misread(
        'flash() takes one text, and was given a list',
        'for (const text of texts) request.flash(type, text)',
      );
    if (typeof text === 'string' || typeof text === 'number') return used(box.add(type, String(text)));
    throw misread(
      `the text of a message is ${text === undefined ? 'undefined' : 'not a text'}`,
      'pass a text; to take the messages of a type write flash(type)',
    );
  }) as Flash;
}

function misread(message: string, hint: string): KeyturnError {
  return new KeyturnError('argument_invalid', message, hint);
}

/** The messages of one request. */
export class FlashBox implements Messages {
  readonly #signer: TokenSigner<readonly Message[]>;
  readonly #cookie: AppCookie;
  #messages: Message[];
  #changed = false;
  #personal: boolean;
  readonly #carried: boolean;
  readonly #shown: boolean;

  /** @param shown whether anybody sees the page: otherwise messages are told and stay */
  constructor(
    signer: TokenSigner<readonly Message[]>,
    cookie: AppCookie,
    cookies: RequestCookies,
    shown: boolean,
  ) {
    this.#signer = signer;
    this.#cookie = cookie;
    this.#messages = read(signer, cookies.tokens(cookie));
    this.#carried = this.#messages.length > 0;
    this.#shown = shown;
    this.#personal = this.#carried;
  }

  add(type: string, text: string): void {
    this.#messages.push([type, text]);
    this.#changed = true;
    this.#personal = true;
  }

  take(type: string): readonly string[] {
    const taken = this.#messages.filter((message) => message[0] === type);
    this.#keep(this.#messages.filter((message) => message[0] !== type));
    return taken.map((message) => message[1]);
  }

  takeAll(): FlashMessages {
    const all: Record<string, string[]> = Object.create(null);
    for (const [type, text] of this.#messages) {
      all[type] ??= [];
      all[type].push(text);
    }
    this.#keep([]);
    return all;
  }

  /** What is left when some have been taken. */
  #keep(messages: Message[]): void {
    if (!this.#shown || messages.length === this.#messages.length) return;
    this.#messages = messages;
    this.#changed = true;
  }

  /** Whether there are, or were, messages: what one visitor alone may see. */
  get personal(): boolean {
    return this.#personal;
  }

  /** Whether messages were left or taken that the browser has not been told of. */
  get changed(): boolean {
    return this.#changed;
  }

  /** What {@link commit} has made is on its way. */
  sent(): void {
    this.#changed = false;
  }

  /** The `Set-Cookie` header to send, if any. */
  commit(): string | undefined {
    if (!this.#changed) return undefined;
    if (this.#messages.length === 0) return this.#carried ? this.#cookie.clear() : undefined;
    let header: string | undefined;
    try {
      header = this.#cookie.set(this.#signer.sign(this.#messages), this.#signer.maxAge);
    } finally {
      // The answer that tells of the error must not fail for the same reason.
      if (header === undefined) this.#forget();
    }
    if (header !== undefined) return header;
    throw new KeyturnError(
      'flash_too_large',
      `the flash messages need more than the ${COOKIE_LIMIT} bytes of a cookie`,
      'leave shorter messages, and take them on the next page',
    );
  }

  #forget(): void {
    this.#messages = [];
    this.#changed = false;
    this.#personal = this.#carried;
  }
}

/** Of several cookies the first that is genuine. */
function read(signer: TokenSigner<readonly Message[]>, tokens: readonly ReceivedToken[]): Message[] {
  for (const token of tokens) {
    const checked = signer.checkReceived(token);
    if (!checked.ok) continue;
    const value = fromJson(checked.json)?.value;
    return Array.isArray(value) ? value.filter(isMessage) : [];
  }
  return [];
}

function isMessage(value: unknown): value is Message {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}
