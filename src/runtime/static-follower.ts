// Where the source of the keyring cannot change by itself.
import type { Follower } from '../resolve/follow.js';

/** What keeps the ring in force up to date: a source that is looked at, or a store that tells. */
export interface RingFollower {
  /** Whether a newer ring may appear while the process runs. */
  readonly possible: boolean;
  readonly lostLines?: number;
  start(): void | Promise<void>;
  close(): void | Promise<void>;
  ask(): Promise<void>;
  reload(): Promise<void>;
}

/** For a source that cannot change by itself. It is read again where the app asks for that, and not before. */
export class StaticFollower implements RingFollower {
  readonly possible = false;
  readonly #parts: ConstructorParameters<typeof Follower>;
  #follower: Follower | undefined;

  constructor(...parts: ConstructorParameters<typeof Follower>) {
    this.#parts = parts;
  }

  start(): void {}

  close(): void {
    this.#follower?.close();
  }

  async ask(): Promise<void> {}

  async reload(): Promise<void> {
    const { Follower } = await import('../resolve/follow.js');
    this.#follower ??= new Follower(...this.#parts);
    await this.#follower.reload();
  }
}
