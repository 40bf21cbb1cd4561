// Noticing that this process stood still: frozen between two requests (Lambda, Cloud Run), stopped, or asleep with its
// laptop. Meanwhile the network may have forgotten its connections without a sign, and whoever asks over one of them
// waits for nothing. Timers that are due come before what has arrived, so this is known before the first request after.

/** How often the clocks are looked at, in milliseconds. */
const TICK = 1000;
/** A busy machine hesitates for a second or two. A connection too many costs little. */
const STOOD_STILL = 3000;

/**
 * Calls `resumed` after this process has stood still for more than three seconds. Holds no process up.
 *
 * @returns a function that ends it
 */
export function onResume(resumed: () => void): () => void {
  // While a machine sleeps one of the clocks stands still as well.
  let last = { now: Date.now(), steady: performance.now() };
  const timer = setInterval(() => {
    const at = { now: Date.now(), steady: performance.now() };
    const passed = Math.max(at.now - last.now, at.steady - last.steady);
    last = at;
    if (passed > TICK + STOOD_STILL) resumed();
  }, TICK).unref();
  return () => clearInterval(timer);
}
