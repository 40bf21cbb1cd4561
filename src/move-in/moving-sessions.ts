// Sessions of an app that moves in from another library: of Keyturn's kind, each of which may have a counterpart there.
//
// - beside: some replicas still run the old library, and it may come back. The old record, or the old cookie, decides: a
//   session of Keyturn that has a counterpart is good together with it only, and has its data. What changes is written to both.
// - over: every replica runs Keyturn. What the old library has left is taken over when it is first seen; from then on
//   Keyturn's session decides alone.
//
// Which of the two decides stands with each session (`Counterpart.decides`), and not in the phase alone: so a replica that is
// late in either direction judges right. One that Keyturn decided and that comes to a replica in the phase beside gets a
// counterpart anew, with Keyturn's data. But where the old record has changed since Keyturn began to decide, the library has
// served the visitor meanwhile, as after a rollback: then the old one decides again.
import type { Counterpart, Messages } from '../sessions/counterpart.js';
import { adopt } from '../sessions/edits.js';
import type { CookieSessions } from '../sessions/in-cookie.js';
import type { StoreSessions } from '../sessions/in-store.js';
import type { ResponseTraits, SessionKind } from '../sessions/kind.js';
import type { SessionEnd, WatchedSession } from '../sessions/outside.js';
import type { SessionState } from '../sessions/state.js';
import type { Awaitable } from '../sessions/stores/contract.js';
import type { Checked } from '../signing/purpose-keyring.js';
import type { ReceivedToken } from '../signing/received.js';
import type { Refusal } from '../signing/result.js';
import { Move, type MoveParts } from './move.js';
import type { FoundCookie } from './old-cookies.js';
import type { OldSession } from './old-library.js';
import { OldMessages } from './old-messages.js';
import { markOf, wasEndedThere } from './own-id.js';
import { epochOf, type TakeOver, textOf } from './take-over.js';

/** What one request carries of the old library. */
class Received {
  readonly #find: () => readonly FoundCookie[];
  #found: readonly FoundCookie[] | undefined;

  constructor(find: () => readonly FoundCookie[]) {
    this.#find = find;
  }

  /** Its genuine cookies. */
  get found(): readonly FoundCookie[] {
    this.#found ??= this.#find();
    return this.#found;
  }
}

const signedBy = ({ isGoingOut }: FoundCookie, old: OldSession): OldSession =>
  isGoingOut ? { ...old, isGoingOut } : old;

/** Whether the library has written an old session since Keyturn's began to decide. */
const hasChanged = ({ mark }: Counterpart, left: OldSession): boolean => mark !== 0 && mark !== markOf(left);

export class MovingSessions implements SessionKind {
  readonly #inner: StoreSessions | CookieSessions;
  readonly #parts: MoveParts;
  readonly #takeOver: TakeOver;
  /** Until when what an old secret has signed is accepted: milliseconds since 1970. */
  readonly #until: number;

  constructor(inner: StoreSessions | CookieSessions, parts: MoveParts, takeOver: TakeOver, until: number) {
    this.#inner = inner;
    this.#parts = parts;
    this.#takeOver = takeOver;
    this.#until = until;
  }

  open(cookies: readonly ReceivedToken[], header?: string): Awaitable<SessionState> {
    const { library } = this.#parts;
    const received = new Received(() => library.cookies.find(header, this.#isOver));
    // Of what is still accepted then a bridge has signed each with a key of the ring.
    if (this.#isOver && received.found.length === 0) return this.#inner.open(cookies);
    if (cookies.length > 0 || header?.includes(library.cookies.name)) return this.#open(cookies, received);
    const opened = this.#inner.open(cookies);
    return opened instanceof Promise
      ? opened.then((state) => this.#with(state, received))
      : this.#with(opened, received);
  }

  get #isOver(): boolean {
    return this.#parts.phase === 'over' && this.#parts.clock() >= this.#until;
  }

  #with(state: SessionState, received: Received, old?: OldSession, isShared = false): SessionState {
    const refs = () => received.found.map(({ payload }) => this.#parts.library.refOf(payload));
    state.moving = new Move(this.#parts, state, refs, old && { session: old, isShared });
    return state;
  }

  async #open(cookies: readonly ReceivedToken[], received: Received): Promise<SessionState> {
    const own = await this.#own(cookies);
    if (own.carried !== undefined) {
      const judged = await this.#judge(own, received);
      if (judged !== undefined) return judged;
    }
    if (await this.#wasEnded(own)) {
      this.#with(own, received);
      // Not at once: the browser may have the cookie of a new sign-in by now.
      if (own.overtaken === undefined) (own.moving as Move).refuse();
      return own;
    }
    for (const found of received.found) {
      const taken = await this.#takeOver.session(found.payload, cookies);
      if (taken === undefined) continue;
      // A sign-in or a sign-out was faster.
      if (taken.state.carried === undefined) return this.#with(taken.state, received);
      if (taken.isNew) {
        this.#parts.library.cookies.used(found);
        return this.#with(taken.state, received, signedBy(found, taken.old), true);
      }
      const judged = await this.#judge(taken.state, received);
      if (judged !== undefined) return judged;
    }
    const empty = own.carried === undefined ? own : await this.#inner.open([]);
    return this.#with(empty, received);
  }

  /** As Keyturn alone would have it; but whom the old library has signed out goes on as a visitor at once. */
  async #own(cookies: readonly ReceivedToken[]): Promise<SessionState> {
    const own = await this.#inner.open(cookies);
    const { former, overtaken } = own;
    if (former === undefined || overtaken === undefined || !wasEndedThere(former, overtaken)) return own;
    return await this.#inner.open([]);
  }

  /**
   * Whether a session of Keyturn that the request carries has been signed out. An old cookie without an id cannot be told
   * from another: the one that came with that session goes with it.
   */
  async #wasEnded({ carried, former }: SessionState): Promise<boolean> {
    if (this.#parts.library.hasIds || carried !== undefined || former === undefined) return false;
    return await this.#takeOver.wasEnded(former);
  }

  /**
   * A session of Keyturn in the light of what the old library says.
   *
   * @returns undefined where it is none for this request
   */
  async #judge(state: SessionState, received: Received): Promise<SessionState | undefined> {
    const { library, phase } = this.#parts;
    const { counterpart } = state;
    if (counterpart?.name !== library.name || !counterpart.decides) {
      const left = counterpart?.name === library.name ? await this.#left(counterpart) : undefined;
      if (left === undefined || counterpart === undefined || !hasChanged(counterpart, left)) {
        if (!(await this.#hasNewer(received, counterpart?.ref)))
          return this.#with(state, received, phase === 'over' ? left : undefined);
        // A copy of its cookie is worth nothing any more, either.
        if (library.hasIds) await this.#parts.endOwn(state.id, 'library');
        return undefined;
      }
      state.counterpart = { ...counterpart, decides: true, mark: 0 };
    }
    const { ref } = counterpart;
    const found = received.found.find(({ payload }) => library.refOf(payload) === ref);
    // Without the old cookie the old library knows nobody. It is not ended: the cookie may come with the next request, as
    // where it has a path of its own, or is SameSite=Strict.
    if (found === undefined) return undefined;
    const old = await library.load(found.payload);
    if (old === undefined) {
      // Signed out there, or expired.
      await this.#parts.endOwn(state.id, 'library');
      return undefined;
    }
    library.cookies.used(found);
    const text = textOf(old.data);
    const isShared = text === state.base;
    if (!isShared) {
      adopt(state.session, JSON.parse(text));
      state.base = text;
      state.epoch = await epochOf(this.#inner.parts, text);
    }
    return this.#with(state, received, signedBy(found, old), isShared);
  }

  /** The old session that Keyturn's was taken over from, as it is by now. Without its cookie only one with an id is found. */
  async #left({ ref }: Counterpart): Promise<OldSession | undefined> {
    const { library } = this.#parts;
    return library.hasIds ? await library.load(ref) : undefined;
  }

  /**
   * Whether a cookie of another session was handed out by a replica on the old library since: what is newer counts. One that
   * Keyturn has had a hand in would have come with a counterpart. In the phase over one without an id may be a late answer's.
   */
  async #hasNewer(received: Received, ref: string | undefined): Promise<boolean> {
    const { library, phase } = this.#parts;
    if (phase === 'over' && !library.hasIds) return false;
    if (received.found.some(({ payload }) => library.refOf(payload) === ref)) return false;
    for (const { payload } of received.found) {
      const old = await library.load(payload);
      if (old !== undefined && Object.keys(old.data).length > 0) return true;
    }
    return false;
  }

  check(cookie: ReceivedToken): Checked | Refusal {
    return this.#inner.check(cookie);
  }

  async commit(state: SessionState, response: ResponseTraits): Promise<string | undefined> {
    const { moving } = state;
    if (!(moving instanceof Move)) return await this.#inner.commit(state, response);
    moving.begin(response);
    return await moving.after(await this.#inner.commit(state, response));
  }

  messages(own: Messages, state: () => SessionState, shown: boolean): Messages {
    const { phase, library } = this.#parts;
    return new OldMessages(own, state, { isBeside: phase === 'beside' && library.cookies.canSign, shown });
  }

  async endOf(watched: WatchedSession, state: SessionState): Promise<SessionEnd | undefined> {
    const ended = await this.#inner.endOf(watched, state);
    const { counterpart } = state;
    if (ended !== undefined || counterpart?.decides !== true || watched.id !== state.id) return ended;
    // Only a store can tell.
    return (await this.#parts.library.lives(counterpart.ref)) ? undefined : 'signed_out';
  }
}
