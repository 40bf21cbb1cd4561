// What happens to the counterpart of one session while a request has it: what its record says of it, and what is written for
// the old library.
import type { MoveInPhase } from '../config/move-in.js';
import { KeyturnError } from '../errors.js';
import type { Counterpart, Moving } from '../sessions/counterpart.js';
import { dataText } from '../sessions/data.js';
import type { ResponseTraits } from '../sessions/kind.js';
import type { SessionValues } from '../sessions/session.js';
import type { SessionState } from '../sessions/state.js';
import { fromJson } from '../signing/token.js';
import type { OldDraft, OldLibrary, OldSession } from './old-library.js';
import { idOf, markOf } from './own-id.js';

/** What is the same for all sessions of an app. */
export interface MoveParts {
  readonly library: OldLibrary;
  readonly phase: MoveInPhase;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Removes Keyturn's own cookie: a `Set-Cookie` header. */
  readonly clearOwn: () => string;
  /** Ends a session of Keyturn by its id, so that nothing brings it back. @param by who has ended it first */
  readonly endOwn: (id: string, by: 'keyturn' | 'library') => Promise<void>;
  /** Remembers that an old session was left behind: see `leftBehind`. */
  readonly leave: (ref: string, mark: number, end: number | undefined) => Promise<void>;
}

export class Move implements Moving {
  readonly #parts: MoveParts;
  readonly #state: SessionState;
  /** What the request carries of the old library: references that its genuine cookies lead to. */
  readonly #refs: () => readonly string[];
  /** The session as the old library had it when the request came; undefined where it has none, or does not decide. */
  #old: OldSession | undefined;
  #former: Counterpart | undefined;
  /** The data that both sides have. */
  #shared: string | undefined;
  #draft: OldDraft | undefined;
  /** What was kept last. */
  #last: OldSession | undefined;
  #isKept = false;
  #isLost = false;
  #isRefused = false;
  changed = false;
  basis: Readonly<Record<string, unknown>> | undefined = undefined;
  setCookies: readonly string[] = [];

  constructor(
    parts: MoveParts,
    state: SessionState,
    refs: () => readonly string[],
    old?: { readonly session: OldSession; readonly isShared: boolean },
  ) {
    this.#parts = parts;
    this.#state = state;
    this.#refs = refs;
    this.#old = old?.session;
    this.#former = state.counterpart;
    this.#shared = old?.isShared ? state.base : undefined;
  }

  get #isBeside(): boolean {
    return this.#parts.phase === 'beside' && this.#parts.library.cookies.canSign;
  }

  /** Whether it goes on as the session that the request carried. */
  get #goesOn(): boolean {
    return !this.#state.fresh && !this.#state.ended && !this.#state.regenerated;
  }

  /** The old cookie is one that is to sign nobody in any more: only the browser can forget it, and both cookies go. */
  refuse(): void {
    this.#isRefused = true;
  }

  /** Call it before the session is saved. */
  begin(response: ResponseTraits): void {
    const state = this.#state;
    // A session that begins has nothing of the one before.
    if (!this.#goesOn) state.counterpart = undefined;
    this.changed = this.#goesOn && this.#isToBeNoted && response.canSign() && !response.isPubliclyCacheable();
  }

  get #isToBeNoted(): boolean {
    const former = this.#former;
    if (!this.#isBeside) return former?.decides === true || (former?.mark === 0 && this.#old !== undefined);
    return former?.decides !== true || this.#shared === undefined || this.#isDue;
  }

  get #isDue(): boolean {
    const { library } = this.#parts;
    const old = this.#old;
    if (old === undefined) return false;
    return old.isGoingOut === true || library.isDue(old, this.#former?.mark ?? 0);
  }

  note(data: string): Counterpart | undefined {
    const { library, clock } = this.#parts;
    const former = this.#former;
    this.#draft = undefined;
    if (!this.#isBeside) {
      if (!this.#goesOn || former === undefined) return undefined;
      if (!former.decides && former.mark !== 0) return former;
      return { ...former, decides: false, mark: this.#leftAt, until: former.until ?? this.#old?.end };
    }
    if (this.#goesOn && former?.decides && data === this.#shared && !this.#isDue) return former;
    const ref = (this.#goesOn ? former?.ref : undefined) ?? this.#state.id;
    const values = fromJson(data)?.value as SessionValues;
    // What both have already is only noted.
    const isSame = this.#goesOn && former?.decides && this.#old !== undefined && !this.#isDue;
    if (isSame && data === JSON.stringify(this.#old?.data)) return former;
    this.#draft = library.draft(ref, values, this.#goesOn ? this.#old : undefined, this.basis);
    const mark = Math.floor(clock() / 1000);
    return { name: library.name, ref: this.#draft.ref, decides: true, mark, until: undefined };
  }

  /**
   * What is left behind. Where another request has saved the session since, it may have written the old one, too: then the
   * next request notes what there is.
   */
  get #leftAt(): number {
    const isAlone = this.basis === undefined || dataText(this.basis as SessionValues) === this.#state.base;
    return this.#old !== undefined && isAlone ? markOf(this.#old) : 0;
  }

  async follow(data: string): Promise<boolean> {
    const draft = this.#draft;
    if (!this.#isBeside) await this.#leave();
    if (draft === undefined) return true;
    this.#draft = undefined;
    if (!(await draft.keep())) {
      // Signed out by a replica on the old library, while this request went on.
      this.#isLost = true;
      await this.#parts.endOwn(this.#state.id, 'library');
      return false;
    }
    this.#shared = data;
    this.#isKept = true;
    this.#last = draft.session;
    // What was to be sent of an earlier one is so still.
    if (draft.setCookies.length > 0) this.setCookies = draft.setCookies;
    return true;
  }

  /** What was saved says that the old session is left behind. */
  async #leave(): Promise<void> {
    const former = this.#former;
    const now = this.#state.counterpart;
    if (!this.#goesOn || former === undefined || now === undefined || now === former) return;
    this.#former = now;
    if (now.mark !== 0) await this.#parts.leave(now.ref, now.mark, this.#old?.end);
  }

  goOn(): void {
    this.#old = this.#last ?? this.#old;
    this.#former = this.#state.counterpart;
  }

  /**
   * Call it when the session is saved.
   *
   * @param sent what Keyturn's own cookie becomes
   * @returns the same, or undefined where it must not be sent
   */
  async after(sent: string | undefined): Promise<string | undefined> {
    const state = this.#state;
    if (!this.#goesOn && (state.ended || state.regenerated || state.destroyed)) await this.#endFormer();
    if (state.ended) return sent;
    if (this.#isRefused && sent === undefined) {
      this.setCookies = this.#parts.library.clear(undefined);
      return this.#parts.clearOwn();
    }
    // Sessions in a store that go on have been followed when they were saved; of one that was not there is nothing.
    if (sent === undefined) this.#draft = undefined;
    await this.follow(dataText(state.session));
    if (this.#isLost) return undefined;
    if (this.#goesOn && this.#isBeside && this.#old !== undefined && !this.#isKept)
      await this.#touch(this.#old);
    return sent;
  }

  /** Nobody waits for a page because of it: a later request does it. */
  async #touch(old: OldSession): Promise<void> {
    try {
      await this.#parts.library.touch(old);
    } catch (error) {
      if (!(error instanceof KeyturnError)) throw error;
    }
  }

  /** The session that the request carried is over, in the old library too, and by whichever cookie it comes again. */
  async #endFormer(): Promise<void> {
    const { library, endOwn } = this.#parts;
    const state = this.#state;
    const refs = new Set(this.#refs());
    if (this.#former !== undefined) refs.add(this.#former.ref);
    for (const ref of refs) {
      if (library.hasIds && idOf(ref) !== state.carried?.id) await endOwn(idOf(ref), 'keyturn');
      await library.end(ref);
    }
    // Not where somebody else has ended it: the browser may have the cookie of a new sign-in by now.
    const isOwn = state.carried === undefined || state.cleared !== undefined || state.regenerated;
    if (refs.size > 0 && isOwn && (state.ended || !this.#isBeside))
      this.setCookies = library.clear(this.#old);
  }
}
