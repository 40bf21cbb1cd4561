// Waiting for what happens soon, and measuring how long something takes.

/** Asks again and again. @throws when it has not come true in time */
export async function until(condition: () => unknown, milliseconds = 5000): Promise<void> {
  const end = Date.now() + milliseconds;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((done) => setTimeout(done, 10));
  }
}

export async function took(work: () => Promise<unknown>): Promise<{ ms: number; failed: boolean }> {
  const began = performance.now();
  const failed = await work().then(
    () => false,
    () => true,
  );
  return { ms: performance.now() - began, failed };
}
