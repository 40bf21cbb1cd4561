// One writer at a time: a lock file beside the file, which a crashed writer does not hold for ever.
//
// The lock names its holder: its process and a random text. A holder whose process is seen to be gone is dead,
// and so is one whose lock is a minute old, wherever it runs; its lock is broken. Since that may be a mistake, and
// two waiters may break at once, a holder looks whether the lock is still its own right before it changes anything (`stillMine`).
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError } from '../errors.js';
import { hasEnded, type ProcessIdentity, thisProcess } from './identity.js';
import { readNow } from './read.js';

const PATIENCE_MS = 15_000;
const LOOK_MS = 15;
/** Far more than a host name and a number. */
const LIMIT_BYTES = 4096;
/** A writer holds the lock for milliseconds. */
const DEAD_AFTER_MS = 60_000;
const GUARD_DEAD_AFTER_MS = 5_000;

interface Holder extends ProcessIdentity {
  readonly mark: string;
}

/** What a lock holder is handed. */
interface HeldLock {
  /** Whether the lock is still this holder's. */
  readonly stillMine: () => boolean;
}

/**
 * Runs `work` while no other process does so for the same path.
 *
 * @throws KeyturnError `keyring_locked` when another writer does not let go
 */
export async function withLock<T>(path: string, work: (lock: HeldLock) => Promise<T>): Promise<T> {
  const lock = new LockFile(path);
  while (!lock.take()) await sleep(pause());
  try {
    return await work(lock);
  } finally {
    lock.letGo();
  }
}

/**
 * The same in place, for a start: it sleeps, and so does the whole thread. Nothing in this process may hold that lock and
 * wait for something.
 *
 * @throws KeyturnError `keyring_locked`
 */
export function withLockNow<T>(path: string, work: () => T): T {
  const lock = new LockFile(path);
  while (!lock.take()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause());
  try {
    return work();
  } finally {
    lock.letGo();
  }
}

const pause = () => LOOK_MS * (0.5 + Math.random());

/** One try after another to hold a lock, and what its holder does with it. */
class LockFile implements HeldLock {
  readonly #path: string;
  readonly #mine: Holder = { ...thisProcess(), mark: randomBytes(9).toString('base64url') };
  readonly #patient: number = performance.now() + PATIENCE_MS;

  constructor(path: string) {
    this.#path = `${path}.lock`;
  }

  /** @throws KeyturnError `keyring_locked` after the last try */
  take(): boolean {
    if (create(this.#path, JSON.stringify(this.#mine))) return true;
    const holder = readHolder(this.#path);
    if (holder !== undefined && isDead(this.#path, holder)) breakLock(this.#path, holder);
    else if (performance.now() >= this.#patient) throw locked(this.#path, holder);
    return false;
  }

  readonly stillMine = (): boolean => readHolder(this.#path)?.mark === this.#mine.mark;

  letGo(): void {
    if (this.stillMine()) attempt(() => unlinkSync(this.#path));
  }
}

function create(lock: string, content: string): boolean {
  let file: number;
  try {
    file = openSync(lock, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
  try {
    try {
      writeFileSync(file, content);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    // On a full disk: empty or half, it would hold up the next writer.
    attempt(() => unlinkSync(lock));
    throw error;
  }
}

/** Undefined when there is no lock. An empty one has no host: its writer is about to fill it, or died before it could. */
function readHolder(lock: string): Holder | undefined {
  const text = attempt(() => String(readNow(lock, LIMIT_BYTES)));
  if (text === undefined) return undefined;
  try {
    const { host, pid, boot, namespace, mark } = JSON.parse(text) as Holder;
    if (typeof host === 'string' && typeof pid === 'number' && typeof mark === 'string')
      return { host, pid, boot, namespace, mark };
  } catch {
    // Half written.
  }
  return { host: '', pid: 0, mark: text };
}

function isDead(lock: string, holder: Holder): boolean {
  if (hasEnded(holder)) return true;
  // An empty lock has no host: its writer needs microseconds to fill it.
  return ageOf(lock) > (holder.host === '' ? 1000 : DEAD_AFTER_MS);
}

/** In milliseconds; 0 for what is not there. */
function ageOf(path: string): number {
  return attempt(() => Date.now() - statSync(path).mtimeMs) ?? 0;
}

/** Removes the lock of a dead holder, one breaker at a time, and only if it is still that holder's. */
function breakLock(lock: string, dead: Holder): void {
  const guard = `${lock}.breaking`;
  try {
    mkdirSync(guard);
  } catch {
    // A breaker that died in the act is cleared away after a while.
    if (ageOf(guard) > GUARD_DEAD_AFTER_MS) attempt(() => rmdirSync(guard));
    return;
  }
  try {
    if (readHolder(lock)?.mark === dead.mark) {
      const aside = `${lock}.${randomBytes(6).toString('hex')}.tmp`;
      renameSync(lock, aside);
      unlinkSync(aside);
    }
  } catch {
    // Gone already: what was wanted.
  } finally {
    attempt(() => rmdirSync(guard));
  }
}

/** Undefined where it fails. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function locked(lock: string, holder: Holder | undefined): KeyturnError {
  const who =
    holder === undefined || holder.host === '' ? 'another writer' : `process ${holder.pid} on ${holder.host}`;
  return new KeyturnError(
    'keyring_locked',
    `${who} is changing the keyring and does not let go`,
    `let it finish; if nothing runs any more, remove ${lock}`,
  );
}
