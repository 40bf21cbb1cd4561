// Keeps the keyring in force up to date: follows its source, reports what this process knows, and says how it is.
import type { Settings } from '../config/layers.js';
import type { KeyturnError } from '../errors.js';
import type { ReplicaReport } from '../fleet/report.js';
import { Reporter } from '../fleet/reporter.js';
import type { Lifetimes } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import { LiveKeyring } from '../keyring/live.js';
import type { PurposeRegistry } from '../purposes/registry.js';
import { Follower } from '../resolve/follow.js';
import { onHangup, thisProcess } from '../resolve/machine.js';
import type { Resolution, ResolveOptions } from '../resolve/resolve.js';
import { randomId } from '../signing/random.js';
import type { Usage } from '../signing/usage.js';
import type { Logger } from './log.js';

/** How a process is, for health checks. Nothing in it is secret. */
export interface Health {
  /** Whether the process should be sent requests. */
  readonly ready: boolean;
  /** Why it goes by an older keyring than its source holds; undefined when all is well. */
  readonly degraded: string | undefined;
  readonly profile: string;
  /** Where the keyring comes from, as an operator calls it. */
  readonly source: string;
  readonly fingerprint: string;
  readonly generation: number;
  /** Id of the key that signs. */
  readonly signs: string;
  /** Id and state of every key. */
  readonly keys: ReadonlyArray<{ readonly id: string; readonly state: string }>;
  /** When the keyring in force was loaded, in milliseconds since 1970. */
  readonly loadedAt: number;
  /** Whether the process reports itself beside the keyring file. */
  readonly reporting: boolean;
}

export interface KeeperParts {
  readonly options: ResolveOptions;
  readonly resolution: Resolution;
  readonly logger: Logger;
  readonly registry: PurposeRegistry;
  readonly usage: Usage;
}

export class RingKeeper {
  readonly ring: LiveKeyring;
  readonly #parts: KeeperParts;
  readonly #follower: Follower;
  readonly #reporter: Reporter | undefined;
  readonly #instance: string;
  #degraded: KeyturnError | undefined;
  #loadedAt: number;
  #stopListening: () => void = () => {};

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    const { options, resolution } = parts;
    const { now } = options.machine;
    // Without an error there is a keyring: a missing one is an error, and development makes its own.
    this.ring = new LiveKeyring(resolution.keyring as Keyring, now);
    this.#loadedAt = now();
    const { host, pid } = thisProcess();
    this.#instance = `${host}-${pid}-${randomId(3)}`;
    this.#follower = new Follower(options, resolution, {
      found: (ring) => this.#found(ring),
      failed: (error) => this.#failed(error),
      passed: () => void this.ring.current,
    });
    const { source, settings } = resolution;
    const path = source?.kind === 'file' && source.format === 'document' ? source.path : undefined;
    this.#reporter =
      path === undefined
        ? undefined
        : new Reporter(path, settings.get('security.keyring.lease'), () => this.#report(settings));
    this.ring.onChange((ring, former) => this.#changed(ring, former));
  }

  async start(): Promise<void> {
    if (this.#follower.possible) {
      this.#follower.start();
      this.#stopListening = onHangup(() => void this.#follower.reload());
    }
    await this.#reporter?.start();
  }

  /** Whether a newer ring may appear while the process runs. */
  get follows(): boolean {
    return this.#follower.possible;
  }

  /** Looks for a newer ring on behalf of a request; one look for all that ask within a second. */
  async ask(): Promise<void> {
    await this.#follower.ask();
  }

  /** Reads the source again now, as SIGHUP does. */
  async reload(): Promise<void> {
    await this.#follower.reload();
  }

  get health(): Health {
    const { resolution } = this.#parts;
    const ring = this.ring.current;
    return {
      ready: true,
      degraded: this.#degraded?.message,
      profile: resolution.profile.profile,
      source: resolution.source?.name ?? '',
      fingerprint: ring.fingerprint,
      generation: ring.generation,
      signs: ring.active.id,
      keys: ring.keys.map(({ id, state }) => ({ id, state })),
      loadedAt: this.#loadedAt,
      reporting: this.#reporter?.working ?? false,
    };
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#follower.close();
    await this.#reporter?.close();
  }

  #found(keyring: Keyring): void {
    const former = this.ring.current;
    if (this.ring.replace(keyring) && !keyring.live.some((key) => former.get(key.id)?.live === true)) {
      this.#parts.logger.warn(
        { event: 'keyring.replaced', kids: kids(keyring) },
        'the new keyring shares no key with the former: whatever was signed before is refused; stage a key instead',
      );
    }
    if (this.#degraded === undefined) return;
    this.#degraded = undefined;
    this.#parts.logger.info({ event: 'keyring.recovered' }, 'the source of the keyring is good again');
    void this.#reporter?.update();
  }

  #failed(error: KeyturnError): void {
    this.#degraded = error;
    this.#parts.logger.error(
      { event: 'keyring.reload_failed', code: error.code, hint: error.hint },
      `the last good keyring stays in force: ${error.message}`,
    );
    void this.#reporter?.update();
  }

  #changed(ring: Keyring, former: Keyring): void {
    this.#loadedAt = this.#parts.options.machine.now();
    this.#parts.logger.info(
      {
        event: 'keyring.changed',
        count: ring.keys.length,
        kids: kids(ring),
        generation: ring.generation,
        former: kids(former),
      },
      'another keyring is in force',
    );
    void this.#reporter?.update();
  }

  #report(settings: Settings): ReplicaReport {
    const { resolution, registry, usage, options } = this.#parts;
    const ring = this.ring.current;
    return {
      instance: this.#instance,
      ...thisProcess(),
      at: options.machine.now(),
      profile: resolution.profile.profile,
      source: resolution.source?.name ?? '',
      ring: ring.id,
      generation: ring.generation,
      fingerprint: ring.fingerprint,
      verifies: ring.live.map((key) => key.id),
      signs: ring.active.id,
      loadedAt: this.#loadedAt,
      uses: usage.uses.filter((use) => use.signed + use.verified > 0),
      lifetimes: lifetimesOf(registry),
      maxLag: settings.get('security.keyring.max_lag'),
      degraded: this.#degraded?.message,
    };
  }
}

/** The longest lifetime of each purpose, in seconds. */
export function lifetimesOf(registry: PurposeRegistry): Lifetimes {
  return Object.fromEntries(registry.all.map(({ name, maxAge }) => [name, maxAge]));
}

function kids(ring: Keyring): readonly string[] {
  return ring.keys.map((key) => `${key.id}:${key.state}`);
}
