// A session while a request has it: where it stands, and the object that the app holds.
import { requireFunction } from '../config/options.js';
import { randomId } from '../signing/random.js';
import { Base } from './base.js';
import type { Counterpart, Moving } from './counterpart.js';
import { ELSEWHERE, fill, isEmpty, NOT_HERE, refuseReserved } from './data.js';
import { endedMeanwhile } from './ended-meanwhile.js';
import { foreignCalls } from './foreign.js';
import { type Carried, type LoadedSession, nothing, type Written } from './loaded.js';
import type { Session, SessionValues } from './session.js';
import type { EndedSession } from './stores/contract.js';
import type { Remembered, SessionTimes } from './times.js';

/** How a session in a store is changed at once; sessions in the cookie have none. */
export type Updater = (
  state: SessionState,
  change: (data: SessionValues) => void | Promise<void>,
) => Promise<void>;

/** Where a session stands, kept beside the object that the app holds. Times in seconds since 1970. */
export class SessionState {
  /** What the app holds. */
  readonly session: Session;
  id: string;
  /** When the session began; undefined: it begins when it is saved. */
  createdAt: number | undefined;
  #base: Base;
  /** The id that CSRF tokens were bound to before there was a session, until `regenerate`. */
  csrf: string | undefined;
  /** The user's epoch when the session was saved. */
  epoch: string | undefined;
  /** Present when it was given a longer life. */
  remembered: Remembered | undefined;
  /** Where it has one in the library that the app moves in from. */
  counterpart: Counterpart | undefined;
  /** Present where the app moves in. */
  moving: Moving | undefined = undefined;
  /** `remember` was called. */
  rememberChanged = false;
  /** Present when the request carried a valid session, or one was saved before its response: see `saved-early.ts`. */
  carried: Carried | undefined;
  /** The id that CSRF tokens of that session are bound to. */
  carriedBinding: string | undefined;
  /** The same of the session that the request itself carried. */
  readonly brought: string | undefined;
  /** It began with this request, and was saved before the response. */
  begun = false;
  /** How it was written last, where a token was made for that. */
  written: Written | undefined = undefined;
  /** It could not be saved, since it was ended meanwhile. */
  dropped = false;
  readonly updater: Updater | undefined;
  /** The id of an ended session, where the request carried the cookie of one. */
  readonly former: string | undefined;
  /** Present when it ended a moment ago: see {@link SessionState.willBe}. */
  overtaken: EndedSession | undefined;
  readonly times: SessionTimes;
  /** The id of a session that `regenerate` has replaced. */
  replaced: string | undefined = undefined;
  /** Names of data that `regenerate` has taken over from it. */
  kept: readonly string[] = [];
  /** The user's epoch that the request says it has begun. */
  ownEpoch: string | number | undefined = undefined;
  /** `regenerate` was called: there will be a session, even an empty one. */
  regenerated = false;
  fresh: boolean;
  ended = false;
  /** `destroy` was called: what the request carried ends, whatever comes after. */
  destroyed = false;
  /** That it has been ended, as a `Set-Cookie` header: for an answer, too, that tells of an error. */
  cleared: string | undefined = undefined;
  /** The data as JSON text, as it was last saved. */
  saved: string | undefined = undefined;
  /** Saving it has failed, or is still going on: the browser keeps the one it has. */
  unsaved = false;
  /** The request carries a session that begins in the future. It is not accepted, and its cookie stays until a sign-in. */
  early = false;
  /** Told of what comes too late. No function: a closure of each request would stay until a full collection. */
  late: { changedLate(): void } | undefined = undefined;

  private constructor(
    times: SessionTimes,
    from: LoadedSession,
    carried: Carried | undefined,
    update: Updater | undefined,
    former?: string,
    overtaken?: EndedSession,
  ) {
    this.times = times;
    this.id = from.id;
    this.createdAt = from.createdAt;
    this.#base = from.base;
    this.csrf = from.csrf;
    this.epoch = from.epoch;
    this.remembered = from.remembered;
    this.counterpart = from.counterpart;
    this.carried = carried;
    this.brought = carried && (from.csrf ?? carried.id);
    this.carriedBinding = this.brought;
    this.updater = update;
    this.fresh = carried === undefined;
    this.former = former;
    this.overtaken = overtaken;
    this.session = new SessionObject(this, from) as unknown as Session;
  }

  /** A session that the request did not carry, or only the cookie of one that has ended. */
  static fresh(
    times: SessionTimes,
    update?: Updater,
    former?: string,
    overtaken?: EndedSession,
  ): SessionState {
    return new SessionState(times, nothing(newSessionId()), undefined, update, former, overtaken);
  }

  /** The session that the request carried. */
  static loaded(times: SessionTimes, from: LoadedSession, carried: Carried, update?: Updater): SessionState {
    return new SessionState(times, from, carried, update);
  }

  /** The data as JSON text, as it was loaded; `{}` for a new one. */
  get base(): string {
    return this.#base.text;
  }

  set base(text: string) {
    this.#base = new Base(text);
  }

  /** The data as JSON text, as the app has it by now. @throws KeyturnError `session_invalid` */
  get text(): string {
    return this.#base.textOf(this.session);
  }

  /** When it ends, unless it is used again. */
  get expiresAt(): number {
    const { times, carried } = this;
    if (this.ended) return times.now;
    if (carried === undefined || this.regenerated || this.rememberChanged) return times.expiry(this);
    return times.dueExpiry(this, carried) ?? carried.expiresAt;
  }

  /** Nothing is taken over from the session that `regenerate` has replaced: the app has it no more either. */
  takeNothing(): void {
    for (const name of this.kept) this.session.delete(name as never);
    if (this.saved !== undefined) this.saved = this.text;
    this.kept = [];
    if (!this.rememberChanged) this.remembered = undefined;
  }

  /** When the clock is right again the visitor is signed in as before: only a new sign-in is worth that. */
  get keepsCookie(): boolean {
    return this.early && !this.regenerated;
  }

  /**
   * Whether there will be a session after the response. What a request merely writes that was overtaken by a sign-in,
   * or a sign-out, begins none: its cookie would take the place of the newer one.
   */
  get willBe(): boolean {
    if (this.ended) return false;
    return !this.fresh || this.regenerated || (this.overtaken === undefined && !isEmpty(this.session));
  }
}

/** A random session id: 128 bits, 22 characters. */
function newSessionId(): string {
  return randomId(16);
}

/** The class behind {@link Session}. Data stands in own properties; everything else is private or on the prototype. */
class SessionObject {
  readonly #state: SessionState;

  constructor(state: SessionState, { base, data }: LoadedSession) {
    this.#state = state;
    fill(this as unknown as Record<string, unknown>, base.given(data));
  }

  get id(): string {
    return this.#state.id;
  }

  set id(_: unknown) {
    throw foreignCalls.module.cannotBeSet('id');
  }

  get isNew(): boolean {
    return this.#state.fresh || this.#state.begun;
  }

  set isNew(_: unknown) {
    throw foreignCalls.module.cannotBeSet('isNew');
  }

  get expiresAt(): Date {
    return new Date(this.#state.expiresAt * 1000);
  }

  set expiresAt(_: unknown) {
    throw foreignCalls.module.cannotBeSet('expiresAt');
  }

  remember(...given: readonly unknown[]): void {
    const state = this.#state;
    const seconds = state.times.requireRemember(
      given.length === 0 || foreignCalls.module.rememberLength(given),
    );
    // A box that is not ticked takes nothing back from a session like any other.
    if (seconds === undefined && state.remembered === undefined) return;
    state.late?.changedLate();
    state.remembered = seconds === undefined ? undefined : { at: state.times.now, seconds };
    state.rememberChanged = true;
  }

  regenerate(...given: readonly unknown[]): void {
    const options = given.length === 0 ? {} : foreignCalls.module.regenerateOptions(given);
    const state = this.#state;
    state.late?.changedLate();
    const data = this as unknown as Record<string, unknown>;
    const before = state.regenerated ? state.kept : Object.keys(data);
    const { keep = false } = options;
    if (keep !== true) {
      for (const key of Object.keys(data)) if (keep === false || !keep.includes(key)) delete data[key];
    }
    state.kept = before.filter((key) => Object.hasOwn(data, key));
    // A list of names is how somebody signs in, who may be another person than the one that was remembered.
    if (keep !== true) state.remembered = undefined;
    state.rememberChanged = false;
    state.ownEpoch = options.epoch;
    state.replaced ??= state.carried?.id ?? state.former;
    state.regenerated = true;
    state.id = newSessionId();
    state.createdAt = undefined;
    state.csrf = undefined;
    if (state.kept.length === 0) state.epoch = undefined;
    state.fresh = true;
    state.ended = false;
    state.dropped = false;
  }

  destroy(...given: readonly unknown[]): void {
    if (given.length > 0) throw foreignCalls.module.misread(given, 'destroy');
    const state = this.#state;
    state.late?.changedLate();
    fill(this as unknown as Record<string, unknown>, {});
    state.ended = true;
    state.destroyed = true;
  }

  async update(change: (data: SessionValues) => void | Promise<void>): Promise<void> {
    requireFunction(change ?? null, 'what update() was given', 'write await session.update((data) => { … })');
    const state = this.#state;
    if (state.overtaken !== undefined && !state.regenerated && !state.ended) throw endedMeanwhile();
    if (state.updater === undefined || state.carried === undefined || state.regenerated || state.ended) {
      state.late?.changedLate();
      await change(state.session);
    } else {
      await state.updater(state, change);
    }
  }

  get(key: string): unknown {
    if (typeof key !== 'string') throw foreignCalls.module.withoutName('get');
    return Object.hasOwn(this, key) ? (this as unknown as Record<string, unknown>)[key] : undefined;
  }

  set(...given: readonly [key: string, value: unknown]): void {
    const [key, value] = given;
    if (typeof key !== 'string') throw foreignCalls.module.withoutName('set');
    if ((given as readonly unknown[]).length !== 2) throw foreignCalls.module.withoutValue();
    refuseReserved(key);
    this.#state.late?.changedLate();
    (this as unknown as Record<string, unknown>)[key] = value;
  }

  delete(key: string): void {
    if (typeof key !== 'string') throw foreignCalls.module.withoutName('delete');
    this.#state.late?.changedLate();
    if (Object.hasOwn(this, key)) delete (this as unknown as Record<string, unknown>)[key];
  }
}

for (const name of ELSEWHERE) {
  const value = () => {
    throw foreignCalls.module.notNeeded(name);
  };
  Object.defineProperty(SessionObject.prototype, name, { value, writable: true, configurable: true });
}
for (const name of NOT_HERE) {
  const refuse = () => {
    throw foreignCalls.module.notHere(name);
  };
  Object.defineProperty(SessionObject.prototype, name, { get: refuse, set: refuse, configurable: true });
}
