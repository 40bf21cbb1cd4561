// Tells of the end of sessions that live outside of requests. An end by this process is heard of at once, as is the
// revocation of a key; for any other the store is asked now and then, once for each session and one look at a time.
import { LONGEST_TIMER } from '../config/options.js';
import type { SteadyRing } from '../keyring/steady-ring.js';
import type { SessionKind } from '../sessions/kind.js';
import type { SessionEnd, WatchedSession } from '../sessions/outside.js';
import type { SessionState } from '../sessions/state.js';

type Listener = (why: SessionEnd) => void;

/** All sessions of an app that somebody wants to hear the end of. */
export class SessionWatches {
  readonly #watches = new Set<SessionWatch>();
  readonly #ring: SteadyRing;
  #stop: (() => void) | undefined;

  constructor(ring: SteadyRing) {
    this.#ring = ring;
  }

  /** A session has been ended, or goes on under another id: whoever watches it looks. */
  ended(id: string): void {
    for (const watch of this.#watches) if (watch.id === id) watch.look();
  }

  add(watch: SessionWatch): void {
    this.#watches.add(watch);
    // Only a revocation ends a session. A key that is staged must not send all of them to the store at once.
    this.#stop ??= this.#ring.onChange(() => {
      for (const each of this.#watches) if (this.isRevoked(each.kid)) each.look();
    });
  }

  delete(watch: SessionWatch): void {
    this.#watches.delete(watch);
    if (this.#watches.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  isRevoked(kid: string): boolean {
    return this.#ring.found?.get(kid)?.state === 'revoked';
  }
}

interface Watching {
  readonly watches: SessionWatches;
  readonly kind: SessionKind;
  /** Milliseconds. */
  readonly every: number;
  /** Told of an error that a listener has thrown. */
  readonly failed: (error: unknown) => void;
}

/** One session. It is looked at while somebody listens. */
export class SessionWatch {
  readonly #parts: Watching;
  readonly #state: SessionState;
  readonly #watched: WatchedSession;
  readonly #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking = false;
  #again = false;
  #end: SessionEnd | undefined;

  constructor(parts: Watching, state: SessionState) {
    this.#parts = parts;
    this.#state = state;
    this.#watched = { id: state.id, expiresAt: state.carried?.expiresAt ?? 0 };
  }

  get id(): string {
    return this.#watched.id;
  }

  /** Of the key that its token is signed with. */
  get kid(): string {
    return this.#state.carried?.kid ?? '';
  }

  readonly onEnd = (listener: Listener): (() => void) => {
    // Each call counts by itself, also of one function.
    const own: Listener = (why) => listener(why);
    if (this.#end !== undefined) queueMicrotask(() => this.#tell(own));
    else this.#begin(own);
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#rest();
    };
  };

  #begin(listener: Listener): void {
    this.#listeners.add(listener);
    if (this.#listeners.size > 1) return;
    this.#parts.watches.add(this);
    // It may have ended since it was opened.
    this.look();
  }

  look(): void {
    if (this.#looking) this.#again = true;
    else void this.#look();
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    this.#looking = true;
    do {
      this.#again = false;
      // Where the store is out of reach nobody knows: it is asked again.
      this.#end = await this.#found().catch(() => undefined);
    } while (this.#again && this.#end === undefined);
    this.#looking = false;
    if (this.#end !== undefined) this.#over();
    else if (this.#listeners.size > 0) this.#wait();
  }

  async #found(): Promise<SessionEnd | undefined> {
    const { watches, kind } = this.#parts;
    if (watches.isRevoked(this.kid)) return 'revoked';
    return await kind.endOf(this.#watched, this.#state);
  }

  /** Not all of them at the same moment. A longer pause than a timer can take Node.js would make one of a millisecond. */
  #wait(): void {
    const pause = Math.min(this.#parts.every * (0.75 + Math.random() / 2), LONGEST_TIMER);
    this.#timer = setTimeout(() => this.look(), pause);
    this.#timer.unref?.();
  }

  #over(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    this.#rest();
    for (const listener of listeners) this.#tell(listener);
  }

  #tell(listener: Listener): void {
    try {
      listener(this.#end as SessionEnd);
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#parts.watches.delete(this);
  }
}
