// Follows the source in force: a running process has a new keyring within a second of its appearing.
//
// The file is looked at four times a second by what identifies its content (inode, times, size), following
// symlinks: that sees editors' renames and Kubernetes' swap of a folder alike, on every file system, where
// notifications do not. A look costs a few microseconds.
import { stat } from 'node:fs/promises';
import { KeyturnError } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
import { canChange, type Resolution, type ResolveOptions, resolve } from './resolve.js';

const LOOK_EVERY_MS = 250;
/** A look that somebody asks for, because of a token with an unknown key, comes at most so often. */
const ASKED_EVERY_MS = 1000;
/**
 * So many looks after a change the content is read whether its identity has changed or not. File systems date
 * changes by a clock of their own, some by the second: a change right after another looks like none.
 */
const SETTLING_LOOKS = 8;

export interface FollowerListener {
  /** A good ring was found; it may be the one in force. May throw a KeyturnError, which counts as a failure. */
  readonly found: (keyring: Keyring) => void;
  /** What was found cannot be used. The last good ring stays in force. */
  readonly failed: (error: KeyturnError) => void;
  /** Time has passed: what a ring has scheduled may be due. */
  readonly passed: () => void;
}

export class Follower {
  readonly #options: ResolveOptions;
  readonly #listener: FollowerListener;
  readonly #kind: string | undefined;
  readonly #path: string | undefined;
  readonly #reread: boolean;
  /** Development only warns of weak secrets, but a strong one must not be replaced by a weak one unseen. */
  readonly #strict: boolean;
  /** The keys of the last good ring: a step that keeps a weak one must get through. */
  #running: ReadonlySet<string>;
  /** What identified the content when it was last read; undefined makes the next look read it. */
  #seen: string | undefined;
  /** What identified the content right after it was read and could not be used. That failure has been reported. */
  #failedAs: string | undefined;
  #settling = 0;
  /** Why the last look failed. Until one succeeds all of them read: the cause may lie beside the file. */
  #failure: KeyturnError | undefined;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  /** A look that somebody has asked for and that has not begun. */
  #reloading: Promise<void> | undefined;
  #askedAt = 0;

  /** @param options those that `resolution` was made with */
  constructor(options: ResolveOptions, resolution: Resolution, listener: FollowerListener) {
    // Whatever the surroundings say later: a process does not change its rules while it runs.
    const { profile, place } = resolution;
    this.#options = { ...options, profile: profile.profile, place, create: false };
    this.#listener = listener;
    this.#running = idsOf(resolution.keyring);
    const weak = resolution.problems.some(({ error }) => error.code === 'secret_weak');
    this.#strict = resolution.profile.profile !== 'prod' && !weak;
    this.#kind = resolution.source?.kind;
    this.#path = resolution.source?.kind === 'file' ? resolution.source.path : undefined;
    this.#reread = canChange(resolution);
  }

  /** Whether there is anything that can change while the process runs. */
  get possible(): boolean {
    return this.#reread;
  }

  /** The first look reads in any case: what changed since the ring in force was read would go unseen. */
  start(): void {
    if (this.#path === undefined) return;
    this.#timer = setInterval(() => {
      this.#listener.passed();
      void this.look();
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  /** Reads the source if it has changed since the last look. */
  async look(): Promise<void> {
    await (this.#looking ?? this.#run(false));
  }

  /** A look on behalf of a request; one for all that ask within a second. */
  async ask(): Promise<void> {
    const now = this.#options.machine.now();
    // A clock that was put back must not put this off until it is where it was.
    const lately = Math.abs(now - this.#askedAt) < ASKED_EVERY_MS;
    if (this.#path === undefined || (lately && this.#looking === undefined)) return;
    this.#askedAt = now;
    await this.look();
  }

  /** Reads the source whether it has changed or not: the operator said so. */
  async reload(): Promise<void> {
    // Whoever asks before it begins gets the same: any number of signals costs one look more.
    this.#reloading ??= this.#reloadNext();
    await this.#reloading;
  }

  async #reloadNext(): Promise<void> {
    // One after another: of two at once the one that has read the older content could come in last.
    do await this.#looking;
    while (this.#looking !== undefined);
    this.#reloading = undefined;
    await this.#run(true);
  }

  async #run(always: boolean): Promise<void> {
    this.#looking = this.#lookOnce(always).finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #lookOnce(always: boolean): Promise<void> {
    const identity = this.#path === undefined ? undefined : await identityOf(this.#path);
    const changed = identity !== this.#seen;
    const due = always || changed || this.#settling > 0 || this.#failure !== undefined;
    if (!due || this.#closed) return;
    this.#settling = changed ? SETTLING_LOOKS : Math.max(0, this.#settling - 1);
    // Noted before reading: what is written meanwhile is another identity, and read at the next look.
    this.#seen = identity;
    try {
      const keyring = await this.#read();
      if (this.#closed) return;
      this.#listener.found(keyring);
      this.#running = idsOf(keyring);
      this.#failure = undefined;
    } catch (error) {
      const told = changed && identity === this.#failedAs;
      this.#failedAs = this.#path === undefined ? undefined : await identityOf(this.#path);
      this.#fail(toKeyturnError(error), always || (changed && !told));
    }
  }

  /** Says what is wrong once, and again when something else is, or when somebody asks. */
  #fail(error: KeyturnError, anew: boolean): void {
    if (this.#closed) return;
    const { code, message } = this.#failure ?? {};
    this.#failure = error;
    if (anew || error.code !== code || error.message !== message) this.#listener.failed(error);
  }

  async #read(): Promise<Keyring> {
    const { problems, keyring, source } = await resolve({ ...this.#options, running: this.#running });
    const bad = problems.find(
      ({ severity, error }) => severity === 'error' || (this.#strict && error.code === 'secret_weak'),
    );
    if (bad !== undefined) throw bad.error;
    if (keyring === undefined)
      throw new KeyturnError('secret_missing', 'the signing secret is gone', 'put it back');
    // What keyturn.toml names now is for the next start: nobody looks at whether it changes.
    if (source?.kind !== this.#kind || source?.path !== this.#path) {
      throw new KeyturnError(
        'keyring_outdated',
        'the configuration names another source of keys than when this process started',
        'restart the process to take its keys from there',
      );
    }
    return keyring;
  }
}

function idsOf(keyring: Keyring | undefined): ReadonlySet<string> {
  return new Set(keyring?.live.map((key) => key.id));
}

async function identityOf(path: string): Promise<string> {
  return await stat(path, { bigint: true }).then(
    ({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(' '),
    (error: NodeJS.ErrnoException) => String(error.code),
  );
}

/** What was thrown, as it may be told. A bug here must not end the process that this keeps up to date. */
export function toKeyturnError(error: unknown): KeyturnError {
  if (error instanceof KeyturnError) return error;
  return new KeyturnError(
    'keyring_invalid',
    `the source could not be read (${(error as Error).name})`,
    'the last good keyring stays in force; please report this',
  );
}
