// Preloaded into a command (`node --import`): for it, time stands still at the moment that a test gives it, and the
// machine has been up since 1970.
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

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

os.uptime = () => stopped / 1000;
syncBuiltinESMExports();
