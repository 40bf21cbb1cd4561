// Saves the session of a request before there is a response, as users of express-session know it. What is to be sent for it
// waits for the response, and what is changed afterwards is saved with that.
//
// Apart from the visit itself: most adapters do without.
import { KeyturnError } from '../errors.js';
import { dataText } from '../sessions/data.js';
import { endedMeanwhile } from '../sessions/ended-meanwhile.js';
import { goOnAfterSaving } from '../sessions/saved-early.js';
import type { SessionState } from '../sessions/state.js';
import { receive } from '../signing/received.js';
import { isRead } from './methods.js';
import type { Visit } from './visit.js';
import type { EarlySaves, VisitParts } from './visit-parts.js';

export class EarlySave implements EarlySaves {
  readonly #visit: Visit;
  readonly #parts: VisitParts;
  /** What is to be sent of what was saved. */
  #sent: string | undefined;
  #saving: Promise<void> | undefined;
  #isBeingSaved = false;

  constructor(visit: Visit) {
    this.#visit = visit;
    this.#parts = visit.parts;
    visit.early = this;
  }

  get saving(): Promise<void> | undefined {
    return this.#saving;
  }

  /** The session as it stands. */
  get state(): SessionState {
    // Looking at it opens it.
    void this.#visit.session;
    return this.#parts.own.opened as SessionState;
  }

  /** @throws KeyturnError while it is being saved: no other session may take its place then */
  requireSettled(): void {
    if (!this.#isBeingSaved) return;
    throw new KeyturnError(
      'session_invalid',
      'the session was replaced while it was being saved',
      'wait for the promise, or the callback, of req.session.save() first',
    );
  }

  /**
   * Saves the session now.
   *
   * @throws KeyturnError `session_ended` where it was signed out meanwhile; `session_invalid` once the response is out; and
   * as saving with the response does
   */
  async save(): Promise<void> {
    if (this.#visit.isPast)
      throw new KeyturnError(
        'session_invalid',
        'the response is out, and the session cannot be saved any more',
        'change the session before the response begins, or with await session.update(fn)',
      );
    dataText(this.#visit.session);
    // Of an empty one nothing is kept.
    if (this.#parts.own.isEmpty) return;
    // Whatever the app does with it before the next turn is saved, too.
    const saved = (this.#saving ?? Promise.resolve()).then(() => this.#save());
    const settled = saved
      .catch(() => {})
      .then(() => {
        this.#isBeingSaved = false;
        if (this.#saving === settled) this.#saving = undefined;
      });
    this.#saving = settled;
    await saved;
  }

  async #save(): Promise<void> {
    this.#isBeingSaved = true;
    const { core, request, own, csrf } = this.#parts;
    const state = await own.open();
    if (state.keepsCookie) return;
    csrf.adoptId(state);
    const sent = await own.commit(state, {
      safe: isRead(request.method),
      // Nobody knows yet how the response may be cached: what need not be sent is not.
      isPubliclyCacheable: () => true,
      canSign: () => core.ring.fresh,
      early: true,
    });
    if (state.dropped) throw endedMeanwhile();
    this.#sent = sent ?? this.#sent;
    goOnAfterSaving(state);
  }

  toSend(sent: string | undefined): string | undefined {
    const { opened } = this.#parts.own;
    return sent ?? (opened?.ended || opened?.dropped ? undefined : this.#sent);
  }

  /**
   * Opens the session anew, as it is kept by now: what this request has changed is gone.
   *
   * @returns false where none is kept: it stays as it was
   */
  async reload(): Promise<boolean> {
    await this.#saving;
    const { core, own } = this.#parts;
    const cookie = core.cookies.session;
    const saved = this.#sent;
    const token = own.isInHeader ? saved : cookie.find(saved ?? '')[0];
    const former = own.opened;
    // As the browser will send it, with what is to be sent of a library that the app moves in from.
    const setCookies = former?.moving?.setCookies ?? [];
    const header = [...setCookies.map((field) => field.split(';')[0]), own.cookies.header ?? ''].join('; ');
    const state = await own.kind.open(saved === undefined ? own.tokens : [receive(token ?? '')], header);
    if (state.fresh) return false;
    state.begun = former?.begun === true;
    if (state.moving !== undefined) state.moving.setCookies = setCookies;
    own.opened = state;
    return true;
  }
}
