// Preloaded into a command (`node --import`): for it, time stands still at the moment that a test gives it.
const stopped = Number(process.env.TEST_CLOCK_MS);
const RealDate = Date;

globalThis.Date = class StoppedDate extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(stopped);
    else super(...parts);
  }

  static now() {
    return stopped;
  }
};
