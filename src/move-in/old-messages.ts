// Messages for the next page that connect-flash and @fastify/flash keep in the session: texts by type. A replica on the old
// library looks for them there, and leaves them there. So what is told next is told from both places; and while such replicas
// are about, new ones are left in the session, where every replica finds them.
import type { Messages } from '../sessions/counterpart.js';
import type { SessionState } from '../sessions/state.js';

/** The name that those libraries have for them in the session. */
export const MESSAGES = 'flash';

type ByType = Readonly<Record<string, readonly string[]>>;

interface How {
  /** Replicas on the old library are about. */
  readonly isBeside: boolean;
  /** Whether anybody sees the page: otherwise messages are told and stay. */
  readonly shown: boolean;
}

export class OldMessages implements Messages {
  readonly #own: Messages;
  readonly #state: () => SessionState;
  readonly #how: How;

  constructor(own: Messages, state: () => SessionState, how: How) {
    this.#own = own;
    this.#state = state;
    this.#how = how;
  }

  get #data(): Record<string, unknown> {
    return this.#state().session as unknown as Record<string, unknown>;
  }

  /** Undefined where the app has something else of that name, or messages that are not texts. */
  get #left(): ByType | undefined {
    const left = Object.hasOwn(this.#data, MESSAGES) ? (this.#data[MESSAGES] ?? {}) : {};
    if (typeof left !== 'object' || Array.isArray(left)) return undefined;
    return Object.values(left).every(isTexts) ? (left as ByType) : undefined;
  }

  /** What is left in the session from now on. */
  #leave(messages: ByType): void {
    if (Object.keys(messages).length > 0) this.#data[MESSAGES] = messages;
    else delete this.#data[MESSAGES];
  }

  add(type: string, text: string): void {
    const left = this.#how.isBeside && !this.#state().ended ? this.#left : undefined;
    // What has ended keeps nothing.
    if (left === undefined) this.#own.add(type, text);
    else this.#leave({ ...left, [type]: [...textsOf(left, type), text] });
  }

  take(type: string): readonly string[] {
    const own = this.#own.take(type);
    const left = this.#left ?? {};
    const texts = textsOf(left, type);
    if (texts.length === 0) return own;
    const { [type]: _, ...others } = left;
    if (this.#how.shown) this.#leave(others);
    return [...texts, ...own];
  }

  takeAll(): ByType {
    const own = this.#own.takeAll();
    const left = Object.entries(this.#left ?? {});
    if (left.length === 0) return own;
    if (this.#how.shown) this.#leave({});
    const all: Record<string, readonly string[]> = Object.assign(Object.create(null), own);
    for (const [type, texts] of left) all[type] = [...texts.map(String), ...(all[type] ?? [])];
    return all;
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string' || typeof text === 'number');
}

function textsOf(left: ByType, type: string): readonly string[] {
  return Object.hasOwn(left, type) ? (left[type] ?? []).map(String) : [];
}
