// The clock of the machine. It is asked anew each time: tests that replace Date do so after this was loaded.

/** Milliseconds since 1970. */
export const systemClock = (): number => Date.now();
