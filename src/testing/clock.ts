// A clock that a test moves.

/**
 * Stands still until it is moved. Hand `clock.read` to `createKeyturn({ clock })`:
 *
 *     const clock = manualClock(Date.UTC(2026, 0, 1));
 *     const kt = await createKeyturn({ clock: clock.read });
 *     clock.advance(3600);
 */
export function manualClock(start: number): ManualClock {
  const clock: ManualClock = {
    now: start,
    read: () => clock.now,
    advance: (seconds) => {
      clock.now += seconds * 1000;
    },
  };
  return clock;
}

/** A clock that stands still until it is moved. Made by {@link manualClock}. */
export interface ManualClock {
  /** Milliseconds since 1970. */
  now: number;
  /** The same, to be handed on to `createKeyturn({ clock })`. */
  readonly read: () => number;
  /** Moves the clock by so many seconds. */
  readonly advance: (seconds: number) => void;
}
