// One writer at a time: a lock file beside the file, which a crashed writer does not hold for ever.
//
// The lock names its holder: its process and a random text. A holder whose process is seen to be gone is dead,
// and so is one whose lock is a minute old, wherever it runs; its lock is broken. Since that may be a mistake, and
// two waiters may break at once, a holder looks whether the lock is still its own right before it changes anything (`stillMine`).
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError } from '../errors.js';
import { hasEnded, type ProcessIdentity, thisProcess } from './identity.js';
import { readBounded } from './read.js';

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
  readonly stillMine: () => Promise<boolean>;
}

/**
 * Runs `work` while no other process does so for the same path.
 *
 * @throws KeyturnError `keyring_locked` when another writer does not let go
 */
export async function withLock<T>(path: string, work: (lock: HeldLock) => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const mark = randomBytes(9).toString('base64url');
  await acquire(lock, mark);
  const stillMine = async () => (await readHolder(lock))?.mark === mark;
  try {
    return await work({ stillMine });
  } finally {
    if (await stillMine()) await unlink(lock).catch(() => {});
  }
}

async function acquire(lock: string, mark: string): Promise<void> {
  const mine: Holder = { ...thisProcess(), mark };
  const patient = performance.now() + PATIENCE_MS;
  for (;;) {
    if (await create(lock, JSON.stringify(mine))) return;
    const holder = await readHolder(lock);
    if (holder !== undefined && (await isDead(lock, holder))) await breakLock(lock, holder);
    else if (performance.now() >= patient) throw locked(lock, holder);
    await sleep(LOOK_MS * (0.5 + Math.random()));
  }
}

async function create(lock: string, content: string): Promise<boolean> {
  const file = await open(lock, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (file === undefined) return false;
  try {
    await file.writeFile(content).finally(() => file.close());
    return true;
  } catch (error) {
    // On a full disk: empty or half, it would hold up the next writer.
    await unlink(lock).catch(() => {});
    throw error;
  }
}

/** Undefined when there is no lock. An empty one has no host: its writer is about to fill it, or died before it could. */
async function readHolder(lock: string): Promise<Holder | undefined> {
  const text = await readBounded(lock, LIMIT_BYTES).then(String, () => undefined);
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

async function isDead(lock: string, holder: Holder): Promise<boolean> {
  if (hasEnded(holder)) return true;
  const age = await ageOf(lock);
  // An empty lock has no host: its writer needs microseconds to fill it.
  return age > (holder.host === '' ? 1000 : DEAD_AFTER_MS);
}

/** In milliseconds; 0 for what is not there. */
async function ageOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
}

/** Removes the lock of a dead holder, one breaker at a time, and only if it is still that holder's. */
async function breakLock(lock: string, dead: Holder): Promise<void> {
  const guard = `${lock}.breaking`;
  try {
    await mkdir(guard);
  } catch {
    // A breaker that died in the act is cleared away after a while.
    if ((await ageOf(guard)) > GUARD_DEAD_AFTER_MS) await rmdir(guard).catch(() => {});
    return;
  }
  try {
    if ((await readHolder(lock))?.mark === dead.mark) {
      const aside = `${lock}.${randomBytes(6).toString('hex')}.tmp`;
      await rename(lock, aside);
      await unlink(aside);
    }
  } catch {
    // Gone already: what was wanted.
  } finally {
    await rmdir(guard).catch(() => {});
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
