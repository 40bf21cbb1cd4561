// Keeps the keyring in force up to date: follows its source, reports what this process knows, and says how it is.
import { join } from 'node:path';
import type { KeyturnError } from '../errors.js';
import { type FleetTimes, timesOf } from '../fleet/fleet-times.js';
import { PendingReporter } from '../fleet/pending-reporter.js';
import type { ReplicaReport, ScheduledKey } from '../fleet/report.js';
import type { Reporter } from '../fleet/reporter.js';
import type { Keyring } from '../keyring/keyring.js';
import { LiveKeyring, type Moment } from '../keyring/live.js';
import type { RingStore } from '../keyring-stores/contract.js';
import type { RingPlaces } from '../keyring-stores/places.js';
import type { SharedRingStore } from '../keyring-stores/shared.js';
import type { PurposeRegistry } from '../purposes/registry.js';
import type { Follower, FollowerListener } from '../resolve/follow.js';
import { onHangup, thisProcess, unitIn } from '../resolve/machine.js';
import { canChange, goesBySecrets, type Resolution, type ResolveOptions } from '../resolve/resolve.js';
import { FARTHEST_AHEAD } from '../signing/purpose-keyring.js';
import { randomId } from '../signing/random.js';
import type { Usage } from '../signing/usage.js';
import type { AutomaticRotation } from './automatic.js';
import { RingLease } from './lease.js';
import type { Logger } from './log.js';
import type { SharedFollower } from './shared-follower.js';

/** How a process is as far as its keyring goes. Nothing in it is secret. */
export interface RingHealth {
  /** Whether the process should be sent requests: it has a keyring, and has heard of it within its lease. */
  readonly ready: boolean;
  /** Why it goes by an older keyring than its source holds; undefined when all is well. */
  readonly degraded: string | undefined;
  readonly profile: string;
  /** Where the secret comes from, as an operator calls it. */
  readonly source: string;
  /** Where the keyring is kept that steps change; undefined for secrets by themselves. */
  readonly store: string | undefined;
  /** Undefined while there is no keyring yet. */
  readonly fingerprint: string | undefined;
  readonly generation: number;
  /** Id of the key that signs; undefined while none does: there is no keyring yet, or its lease has ended. */
  readonly signs: string | undefined;
  /** Id and state of every key. */
  readonly keys: ReadonlyArray<{ readonly id: string; readonly state: string }>;
  /** When the keyring in force was loaded, in milliseconds since 1970. */
  readonly loadedAt: number;
  /** Whether the process reports itself where its keyring is. */
  readonly reporting: boolean;
  /** How often the connection was lost that brings news of the keyring; undefined where it is not shared. */
  readonly lostLines: number | undefined;
}

const CLOCK_IS_OFF =
  "not ready: this process's clock is more than a day off that of the engine, and other replicas would refuse what it signs";

export interface KeeperParts {
  readonly options: ResolveOptions;
  readonly resolution: Resolution;
  readonly places: RingPlaces;
  readonly logger: Logger;
  readonly registry: PurposeRegistry;
  readonly usage: Usage;
}

/** What not every process needs, loaded where it is. */
interface LoadedParts {
  readonly following: typeof import('../resolve/follow.js') | undefined;
  readonly sharing: typeof import('./shared-lines.js') | undefined;
  readonly reporting: typeof import('../fleet/reporter.js') | undefined;
  readonly rotating: typeof import('./automatic.js') | undefined;
}

/** What keeps the ring in force up to date: a source that is looked at, or a store that tells. */
interface RingFollower {
  /** Whether a newer ring may appear while the process runs. */
  readonly possible: boolean;
  readonly lostLines?: number;
  start(): void | Promise<void>;
  close(): void | Promise<void>;
  ask(): Promise<void>;
  reload(): Promise<void>;
}

/** What the rest of the package asks of a {@link RingKeeper}. */
export type Keeper = Pick<RingKeeper, 'ring' | 'health' | 'follows' | 'lookForKey' | 'reload' | 'close'>;

export class RingKeeper {
  readonly ring: LiveKeyring;
  readonly #parts: KeeperParts;
  readonly #times: FleetTimes;
  readonly #follower: RingFollower;
  /** Follows the root secrets, where the ring itself is shared. */
  readonly #rootFollower: Follower | undefined;
  readonly #reporter: Reporter | undefined;
  readonly #beside: PendingReporter | undefined;
  readonly #automatic: AutomaticRotation | undefined;
  readonly #instance: string;
  /** As far as a report can tell them. */
  readonly #configFiles: ReplicaReport['configFiles'];
  /** What is wrong with the source of the ring, and with that of the secrets that open a shared one. */
  readonly #wrong: { ring?: KeyturnError | undefined; roots?: KeyturnError | undefined } = {};
  #loadedAt: number;
  #lease: RingLease;
  #closed = false;
  /** Others would refuse what is issued here, or the reverse. */
  #clockIsOff = false;
  /** Whether it was ready when that was last looked at; undefined before it was for the first time. */
  #wasReady: boolean | undefined;
  #stopListening: () => void = () => {};

  static async open(parts: KeeperParts): Promise<RingKeeper> {
    const { shared, store, fleet } = parts.places;
    const turns =
      store !== undefined && parts.resolution.settings.get('security.rotation.every') !== undefined;
    const follows = shared !== undefined || canChange(parts.resolution);
    return new RingKeeper(parts, {
      following: follows ? await import('../resolve/follow.js') : undefined,
      sharing: shared && (await import('./shared-lines.js')),
      reporting: fleet && (await import('../fleet/reporter.js')),
      rotating: turns ? await import('./automatic.js') : undefined,
    });
  }

  private constructor(parts: KeeperParts, loaded: LoadedParts) {
    const { sharing, reporting, rotating } = loaded;
    this.#parts = parts;
    const { options, resolution, places } = parts;
    const { now } = options.machine;
    const { shared, store, fleet } = places;
    const { settings } = resolution;
    this.#times = timesOf(settings);
    this.#lease = new RingLease(this.#times);
    // Without an error there is a keyring: a missing one is an error, and development makes its own.
    this.ring = new LiveKeyring(shared === undefined ? (resolution.keyring as Keyring) : undefined, now);
    this.#loadedAt = now();
    this.#instance = nameOfProcess();
    this.#configFiles = reporting?.reportedFiles(resolution.configFiles);
    const following: FollowerListener = {
      found: (ring) => this.#found(ring),
      failed: (error) => this.#failed('ring', error),
      passed: () => this.#passed(),
    };
    if (loaded.following === undefined) this.#follower = new Standing(options, resolution, following);
    else if (shared === undefined || sharing === undefined)
      this.#follower = new loaded.following.Follower(options, resolution, following);
    else {
      this.#holdLease();
      this.#follower = this.#sharedFollower(sharing, shared, following);
      this.#rootFollower = new loaded.following.Follower(options, resolution, {
        found: (roots) => {
          shared.roots = roots;
          this.#recovered('roots');
          void this.#follower.reload();
        },
        failed: (error) => this.#failed('roots', error),
        passed: () => {},
      });
    }
    this.#reporter =
      fleet === undefined || reporting === undefined
        ? undefined
        : new reporting.Reporter({
            fleet,
            lease: this.#times.lease,
            describe: () => this.#report(),
            ring: () => this.#current,
            begin: () => {
              const { found } = this.ring;
              return this.#since((begun) =>
                // One of the ring before tells nobody what is signed now.
                found === this.ring.found ? this.#lease.reported(begun, this.ring.moment) : this.#lease,
              );
            },
          });
    // `keyturn init` could make a document of what it goes by. Tests leave nothing behind.
    const mayHaveDocument = goesBySecrets(resolution) && resolution.profile.profile !== 'test';
    this.#beside = mayHaveDocument ? this.#besideDocument() : undefined;
    this.#automatic = store && rotating && this.#automaticRotation(rotating, store);
    this.ring.onChange((ring, former) => this.#changed(ring, former));
  }

  async start(): Promise<void> {
    if (this.#follower.possible || this.#rootFollower?.possible === true) {
      await this.#follower.start();
      this.#rootFollower?.start();
      this.#stopListening = onHangup(() => void this.reload());
    }
    const reporting = Promise.all([this.#reporter?.start(), this.#beside?.start()]);
    // Whoever is not ready need not wait until it is known.
    if (this.ring.fresh) await reporting;
    this.#automatic?.start();
  }

  /** Whether a newer ring may appear while the process runs. */
  get follows(): boolean {
    return this.#follower.possible;
  }

  /**
   * Looks for a newer ring on behalf of a request with a token of an unknown key, which another process may have signed
   * that heard of the ring first. One look for all that ask within a second: a courtesy, no guarantee rests on it.
   *
   * @param isUnknown whether the ring in force does not know the key
   * @returns undefined where there is nothing to wait for; else verify once it is fulfilled
   */
  lookForKey(isUnknown: () => boolean): Promise<void> | undefined {
    return this.follows && isUnknown() ? this.#follower.ask() : undefined;
  }

  /** Reads the source again now, as SIGHUP does. */
  async reload(): Promise<void> {
    await this.#rootFollower?.reload();
    await this.#follower.reload();
  }

  get health(): RingHealth {
    const { resolution, places } = this.#parts;
    const ring = this.#current;
    const { fresh } = this.ring;
    return {
      // Having said goodbye it hears of nothing any more, and finishes what it was at.
      ready: fresh && !this.#clockIsOff && !(this.#closed && places.shared !== undefined),
      degraded: this.#whyDegraded,
      profile: resolution.profile.profile,
      source: resolution.source?.name ?? '',
      store: places.store?.name,
      fingerprint: ring?.fingerprint,
      generation: ring?.generation ?? 0,
      signs: fresh ? ring?.active.id : undefined,
      keys: (ring?.keys ?? []).map(({ id, state }) => ({ id, state })),
      loadedAt: this.#loadedAt,
      reporting: this.#reporter?.working ?? false,
      lostLines: this.#follower.lostLines,
    };
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.#automatic?.close();
    this.#rootFollower?.close();
    await this.#follower.close();
    // Without a report nobody is held up any more: what goes on signing does so for as long as that is safe.
    this.#closed = true;
    this.#lease = this.#lease.silent();
    this.#holdLease();
    await Promise.all([this.#reporter?.close(), this.#beside?.close()]);
  }

  #sharedFollower(
    { SharedFollower, firstRing, mergeLines }: typeof import('./shared-lines.js'),
    store: SharedRingStore,
    following: FollowerListener,
  ): SharedFollower {
    const { options, resolution, registry, logger } = this.#parts;
    const { now } = options.machine;
    const begin = () => firstRing(store.roots, now());
    return new SharedFollower({
      store,
      ring: this.ring,
      listener: following,
      report: () => this.#report(),
      hear: () => this.#since((begun) => this.#lease.heard(begun)),
      merge: (mine, other) => mergeLines(mine, other, now(), registry.lifetimes),
      compareClock: (engine) => this.#compareClock(now() - engine),
      // In production an emptied store must not look like a new one: whoever starts a ring there says so.
      first: resolution.profile.profile === 'prod' ? undefined : begin,
      maxLag: this.#times.maxLag,
      logger,
    });
  }

  /** What is certain when it returns was so when it was begun; what came of it may be told late, or never. */
  #since(told: (begun: Moment) => RingLease): () => void {
    const begun = this.ring.moment;
    return () => {
      if (this.#closed) return;
      this.#lease = told(begun);
      this.#holdLease();
    };
  }

  #holdLease(): void {
    if (this.#parts.places.shared === undefined) return;
    this.ring.holdUntil(this.#lease.until);
    this.#tellReadiness();
  }

  #passed(): void {
    if (this.ring.found === undefined) return;
    void this.ring.current;
    this.#tellReadiness();
  }

  /** That a process signs no more wants to be known, and that it does again. */
  #tellReadiness(): void {
    const ready = this.ring.fresh;
    const before = this.#wasReady;
    if (ready) this.#wasReady = true;
    else if (before === true) this.#wasReady = false;
    if (this.#closed || before === undefined || before === this.#wasReady) return;
    const { logger } = this.#parts;
    if (ready) logger.info({ event: 'keyring.ready' }, 'ready again');
    else if (this.ring.stopped !== undefined)
      logger.error({ event: 'keyring.stopped' }, `not ready from now on: ${this.#unready}`);
    else logger.error({ event: 'keyring.lease_ended' }, `not ready from now on: ${this.#unready}`);
  }

  /** @param ahead by how many milliseconds this clock is ahead of the engine's */
  #compareClock(ahead: number): void {
    const off = Math.abs(ahead) > FARTHEST_AHEAD * 1000;
    if (off === this.#clockIsOff) return;
    this.#clockIsOff = off;
    const { logger } = this.#parts;
    if (off) logger.error({ event: 'clock.off', hint: 'set the clock of this machine right' }, CLOCK_IS_OFF);
    else logger.info({ event: 'clock.right' }, "this process's clock is near that of the engine again");
  }

  get #whyDegraded(): string | undefined {
    if (this.#clockIsOff) return CLOCK_IS_OFF;
    return this.ring.fresh || this.ring.found === undefined ? this.#degraded?.message : this.#unready;
  }

  get #unready(): string {
    if (this.ring.stopped !== undefined) return this.ring.stopped.message;
    const why = this.#degraded === undefined ? '' : `: ${this.#degraded.message}`;
    return `the shared keyring was not heard of for its lease, and nothing is signed${why}`;
  }

  #automaticRotation(
    { AutomaticRotation }: typeof import('./automatic.js'),
    store: RingStore,
  ): AutomaticRotation | undefined {
    const { resolution, registry, options, places, logger } = this.#parts;
    const every = resolution.settings.get('security.rotation.every');
    if (every === undefined) return undefined;
    return new AutomaticRotation({
      store,
      plan: { every, lease: this.#times.lease },
      ring: () => this.ring.found,
      facts: () => ({
        times: this.#times,
        lifetimes: registry.lifetimes,
        off: registry.off,
        now: options.machine.now(),
      }),
      self: () => ({
        profile: resolution.profile.profile,
        roots: places.shared?.roots,
      }),
      logger,
    });
  }

  #found(keyring: Keyring): void {
    const former = this.ring.found;
    const known = former === undefined || keyring.live.some((key) => former.get(key.id)?.live === true);
    const replaced = this.ring.replace(keyring);
    if (replaced) {
      this.#lease = this.#lease.silent();
      this.#holdLease();
    }
    if (replaced && !known) {
      this.#parts.logger.warn(
        { event: 'keyring.replaced', kids: kids(keyring) },
        'the new keyring shares no key with the former: whatever was signed before is refused; stage a key instead',
      );
    }
    this.#recovered('ring');
  }

  get #degraded(): KeyturnError | undefined {
    return this.#wrong.ring ?? this.#wrong.roots;
  }

  #recovered(what: 'ring' | 'roots'): void {
    if (this.#wrong[what] === undefined) return;
    this.#wrong[what] = undefined;
    this.#parts.logger.info({ event: 'keyring.recovered' }, 'the source of the keyring is good again');
    this.#tellOthers();
  }

  #failed(what: 'ring' | 'roots', error: KeyturnError): void {
    this.#wrong[what] = error;
    this.#parts.logger.error(
      { event: 'keyring.reload_failed', code: error.code, hint: error.hint },
      this.ring.found === undefined
        ? `there is no keyring yet, and this process is not ready: ${error.message}`
        : `the last good keyring stays in force: ${error.message}`,
    );
    // A ring that cannot be taken may have revoked a key that signs here.
    this.#tellReadiness();
    this.#tellOthers();
  }

  #changed(ring: Keyring, former: Keyring | undefined): void {
    this.#loadedAt = this.#parts.options.machine.now();
    this.#parts.logger.info(
      {
        event: 'keyring.changed',
        count: ring.keys.length,
        kids: kids(ring),
        generation: ring.generation,
        ...(former === undefined ? {} : { former: kids(former) }),
      },
      former === undefined ? 'the shared keyring is in force' : 'another keyring is in force',
    );
    this.#tellOthers();
  }

  #tellOthers(): void {
    void this.#reporter?.update();
    void this.#beside?.update();
  }

  #besideDocument(): PendingReporter {
    const { resolution, options } = this.#parts;
    return new PendingReporter({
      path: join(resolution.dataDir, 'keyring.json'),
      lease: this.#times.lease,
      now: options.machine.now,
      describe: () => this.#report(),
      configFiles: resolution.configFiles,
      ring: () => this.#current,
    });
  }

  /** Undefined while there is none. */
  get #current(): Keyring | undefined {
    return this.ring.found === undefined ? undefined : this.ring.current;
  }

  #report(): ReplicaReport {
    const { resolution, registry, usage, options, places } = this.#parts;
    const ring = this.#current;
    return {
      instance: this.#instance,
      unit: unitIn(options.machine.env),
      ...thisProcess(),
      at: options.machine.now(),
      profile: resolution.profile.profile,
      app: resolution.settings.get('app'),
      configFiles: this.#configFiles,
      source: resolution.source?.name ?? '',
      ring: ring?.id,
      generation: ring?.generation ?? 0,
      mark: ring?.id === undefined ? undefined : ring.mark,
      fingerprint: ring?.fingerprint ?? 'none',
      verifies: ring?.live.map((key) => key.id) ?? [],
      // One that must not sign is not ready, and holds up nothing.
      signs: this.ring.stopped === undefined ? ring?.active.id : undefined,
      scheduled: ring === undefined ? undefined : this.#scheduledKeys(ring),
      roots: places.shared?.roots.live.map((key) => key.id),
      loadedAt: this.#loadedAt,
      // Of a key that the ring has forgotten nobody needs to know any more.
      uses: usage.uses.filter(
        ({ kid, signed, verified }) => signed + verified > 0 && ring?.get(kid) !== undefined,
      ),
      lifetimes: registry.lifetimes,
      maxLag: this.#times.maxLag,
      lease: this.#times.lease,
      degraded: this.#degraded?.message,
    };
  }

  #scheduledKeys(ring: Keyring): readonly ScheduledKey[] | undefined {
    const scheduled = ring.keys.flatMap(({ id, scheduledFor }) =>
      scheduledFor === undefined
        ? []
        : [{ kid: id, from: Math.max(0, scheduledFor - this.#times.skew * 1000) }],
    );
    return scheduled.length === 0 ? undefined : scheduled;
  }
}

/** For a source that cannot change by itself. It is read again where the app asks for that, and not before. */
class Standing implements RingFollower {
  readonly possible = false;
  readonly #parts: ConstructorParameters<typeof Follower>;
  #follower: Follower | undefined;

  constructor(...parts: ConstructorParameters<typeof Follower>) {
    this.#parts = parts;
  }

  start(): void {}

  close(): void {
    this.#follower?.close();
  }

  async ask(): Promise<void> {}

  async reload(): Promise<void> {
    const { Follower } = await import('../resolve/follow.js');
    this.#follower ??= new Follower(...this.#parts);
    await this.#follower.reload();
  }
}

/** Nobody else's, on whatever machine: containers share host names and process ids. Fit for the name of a file. */
function nameOfProcess(): string {
  const { host, pid } = thisProcess();
  return `${host.replace(/[^\w.-]/g, '_').slice(0, 64)}-${pid}-${randomId(6)}`;
}

function kids(ring: Keyring): readonly string[] {
  return ring.keys.map((key) => `${key.id}:${key.state}`);
}
