// A clock that nobody sets, and its name: what it showed can be written down, and whoever finds the same clock again
// knows how much time has passed, however wrong the time of day is.
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { uptime } from 'node:os';

export interface ClockReading {
  /** No other clock has it. */
  readonly clock: string;
  /** Milliseconds. */
  readonly shows: number;
}

const boot = bootId();
const ofThisProcess = privateClock(() => performance.now());

/** The clock of this boot of the machine; where nothing names the boot, one that this process alone can read again. */
export function monotonicClock(): ClockReading {
  return boot === undefined ? ofThisProcess() : { clock: `boot ${boot}`, shows: Math.floor(uptime() * 1000) };
}

/** A clock that nobody else knows of. @param shows milliseconds */
export function privateClock(shows: () => number): () => ClockReading {
  // Named when it is first read: a worker draws no random bytes while its modules are evaluated.
  let clock: string | undefined;
  return () => {
    clock ??= `process ${randomBytes(12).toString('base64url')}`;
    return { clock, shows: Math.floor(shows()) };
  };
}

function bootId(): string | undefined {
  try {
    // Some containers see an uptime of their own, from another file system, beside the boot id of their host.
    if (statSync('/proc/uptime').dev !== statSync('/proc').dev) return undefined;
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return /^[\da-f-]{36}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
