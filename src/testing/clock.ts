// A clock that a test moves.

/**
 * Stands still until it is moved. Hand `clock.read` to `createKeyturn({ clock })`:
 *
 *     const clock = new ManualClock(Date.UTC(2026, 0, 1));
 *     const kt = await createKeyturn({ clock: clock.read });
 *     clock.advance(3600);
 */
export class ManualClock {
  /** Milliseconds since 1970. */
  now: number;

  /** @param start milliseconds since 1970 */
  constructor(start: number) {
    this.now = start;
  }

  /** Milliseconds since 1970; bound, so that it can be handed on. */
  readonly read = (): number => this.now;

  /** Moves the clock by so many seconds. */
  advance(seconds: number): void {
    this.now += seconds * 1000;
  }
}
