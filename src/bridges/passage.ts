// One request through an upgrader and its response back, whatever the framework.
import type { Incoming, Upgrader } from './upgrader.js';

/**
 * The cookies that a library signs: their names, or by name the attributes that one is sent with when it is signed again
 * because its key is going out: `{ remember: 'Path=/; HttpOnly; Max-Age=2592000' }`. What is only named is never sent by
 * itself: nobody can tell from a request which attributes a cookie has.
 */
export type CookiesToWatch = readonly string[] | Readonly<Record<string, string>>;

const isList = (cookies: CookiesToWatch): cookies is readonly string[] => Array.isArray(cookies);

/** The names that an upgrader is to look at; all where nothing is said. */
export function namesOf(cookies: CookiesToWatch | undefined): readonly string[] | (() => true) {
  if (cookies === undefined) return () => true;
  return isList(cookies) ? cookies : Object.keys(cookies);
}

export class Passages {
  readonly #upgrader: Upgrader;
  /** The attributes of those that are sent again. */
  readonly #again: readonly (readonly [name: string, attributes: string])[];
  readonly #isBeside: boolean;

  /** @param isBeside whether signatures stand in cookies of their own */
  constructor(upgrader: Upgrader, cookies: CookiesToWatch | undefined, isBeside: boolean) {
    this.#upgrader = upgrader;
    this.#again = cookies === undefined || isList(cookies) ? [] : Object.entries(cookies);
    this.#isBeside = isBeside;
  }

  /** What comes in. */
  open(cookieHeader: string | undefined): Incoming {
    return this.#upgrader.incoming(cookieHeader);
  }

  /**
   * What goes out.
   *
   * @param mayAdd whether a cookie may go with the response that nobody has set
   */
  close({ seen }: Incoming, setCookies: readonly string[], mayAdd: () => boolean): readonly string[] {
    const sent = this.#upgrader.outgoing(setCookies, seen);
    if (this.#again.length === 0 || seen.size === 0 || !mayAdd()) return sent;
    return [
      ...sent,
      ...this.#again.flatMap(([name, attributes]) => this.#lines(name, attributes, seen, setCookies)),
    ];
  }

  #lines(
    name: string,
    attributes: string,
    seen: Incoming['seen'],
    setCookies: readonly string[],
  ): readonly string[] {
    // What the app has set anew, or taken away, is not brought back.
    if (setCookies.some((line) => line.startsWith(`${name}=`) || line.startsWith(`${name}.sig=`))) return [];
    const value = this.#upgrader.again(name, seen);
    if (value === undefined) return [];
    const end = attributes === '' ? '' : `; ${attributes}`;
    if (!this.#isBeside) return [`${name}=${value}${end}`];
    return [`${name}=${seen.get(name)?.payload}${end}`, `${name}.sig=${value}${end}`];
  }
}
