// Keeps the keyring in force up to date: follows its source, reports what this process knows, and says how it is.
import type { KeyturnError } from '../errors.js';
import { type FleetTimes, timesOf } from '../fleet/fleet-times.js';
import type { PendingReporter } from '../fleet/pending-reporter.js';
import type { ReplicaReport } from '../fleet/report.js';
import type { Reporter } from '../fleet/reporter.js';
import type { Keyring } from '../keyring/keyring.js';
import { LiveKeyring, type Moment } from '../keyring/live.js';
import type { SteadyRing } from '../keyring/steady-ring.js';
import type { Follower, FollowerListener } from '../resolve/follow.js';
import { onHangup } from '../resolve/machine.js';
import type { AutomaticRotation } from './automatic.js';
import { reporterBesideDocument } from './beside-document.js';
import { Readiness, type RingHealth, type SourceOf } from './health.js';
import { type KeeperParts, type LoadedParts, loadParts, type RingFollower } from './keeper-parts.js';
import { RingLease } from './lease.js';
import { describeReplica, instanceName, usesOf } from './replica-report.js';
import { kidsOf, logRingChanged } from './ring-changed.js';

/** What the rest of the package asks of what keeps the ring: a {@link RingKeeper}, or one that has less to do. */
export interface Keeper extends Pick<RingKeeper, 'health' | 'follows' | 'lookForKey' | 'reload' | 'close'> {
  readonly ring: SteadyRing;
}

/** A ring that is in force already. */
interface FormerKeeper {
  readonly ring: SteadyRing;
  /** Milliseconds since 1970. */
  readonly loadedAt: number;
}

export class RingKeeper {
  readonly ring: LiveKeyring;
  readonly #parts: KeeperParts;
  readonly #times: FleetTimes;
  readonly #listener: FollowerListener = {
    found: (ring) => this.#found(ring),
    failed: (error) => this.#failed('ring', error),
    passed: () => this.#passed(),
  };
  /** Undefined where the source cannot change by itself: it is read again where the app asks for that. */
  #follower: RingFollower | undefined;
  /** Follows the root secrets, where the ring itself is shared. */
  readonly #rootFollower: Follower | undefined;
  readonly #reporter: Reporter | undefined;
  readonly #pendingReporter: PendingReporter | undefined;
  readonly #automatic: AutomaticRotation | undefined;
  /** Made for the first report: not every runtime draws random bytes while a module is evaluated. */
  #instance: string | undefined;
  /** As far as a report can tell them. */
  readonly #configFiles: ReplicaReport['configFiles'];
  readonly #readiness: Readiness;
  #loadedAt: number;
  #lease: RingLease;
  #closed = false;
  #stopListening: () => void = () => {};

  /** @param former what has kept the ring until now */
  static async open(parts: KeeperParts, former?: FormerKeeper): Promise<RingKeeper> {
    return new RingKeeper(parts, await loadParts(parts), former);
  }

  private constructor(parts: KeeperParts, loaded: LoadedParts, former: FormerKeeper | undefined) {
    const { following, sharing, reporting, rotating } = loaded;
    this.#parts = parts;
    const { options, resolution, places, logger } = parts;
    const { now } = options.machine;
    const { shared, fleet } = places;
    this.#times = timesOf(resolution.settings);
    this.#lease = new RingLease(this.#times);
    // Without an error there is a keyring: a missing one is an error, and development makes its own.
    const keyring = shared === undefined ? (resolution.keyring as Keyring) : undefined;
    this.ring = new LiveKeyring(former?.ring.found ?? keyring, now);
    former?.ring.giveWayTo(this.ring);
    this.#readiness = new Readiness(this.ring, logger);
    this.#loadedAt = former?.loadedAt ?? now();
    this.#configFiles = reporting?.reportedFiles(resolution.configFiles);
    if (following !== undefined && shared === undefined)
      this.#follower = new following.Follower(options, resolution, this.#listener);
    if (following !== undefined && shared !== undefined && sharing !== undefined) {
      this.#holdLease();
      this.#follower = new sharing.SharedFollower({
        store: shared,
        ring: this.ring,
        listener: this.#listener,
        report: () => this.#report(),
        hear: () => this.#since((begun) => this.#lease.heard(begun)),
        compareClock: (engine) => this.#readiness.compareClock(now() - engine),
        // In production an emptied store must not look like a new one: whoever starts a ring there says so.
        mayCreate: resolution.profile.profile !== 'prod',
        now,
        lifetimes: parts.registry.lifetimes,
        maxLag: this.#times.maxLag,
        logger,
      });
      this.#rootFollower = new following.Follower(options, resolution, {
        found: (roots) => {
          shared.roots = roots;
          this.#recovered('roots');
          void this.#follower?.reload();
        },
        failed: (error) => this.#failed('roots', error),
        passed: () => {},
      });
    }
    const counting = { uses: () => usesOf(parts.usage, this.#current), now };
    this.#reporter =
      fleet &&
      reporting &&
      new reporting.Reporter({
        fleet,
        lease: this.#times.lease,
        describe: () => this.#report(),
        ring: () => this.#current,
        counting,
        begin: () => {
          const { found } = this.ring;
          return this.#since((begun) =>
            // One of the ring before tells nobody what is signed now.
            found === this.ring.found ? this.#lease.reported(begun, this.ring.moment) : this.#lease,
          );
        },
      });
    this.#pendingReporter = reporterBesideDocument(
      parts,
      () => this.#report(),
      () => this.#current,
      counting,
    );
    const every = resolution.settings.get('security.rotation.every');
    if (rotating !== undefined && every !== undefined && places.store !== undefined) {
      const { lifetimes, off } = parts.registry;
      this.#automatic = new rotating.AutomaticRotation({
        store: places.store,
        policy: { every, lease: this.#times.lease },
        ring: () => this.ring.found,
        facts: () => ({ times: this.#times, lifetimes, off, now: now() }),
        self: () => ({ profile: resolution.profile.profile, roots: shared?.roots }),
        logger,
      });
    }
    this.ring.onChange((ring, former) => this.#changed(ring, former));
  }

  async start(): Promise<void> {
    if (this.follows || this.#rootFollower?.possible === true) {
      await this.#follower?.start();
      this.#rootFollower?.start();
      this.#stopListening = onHangup(() => void this.reload());
    }
    const reporting = Promise.all([this.#reporter?.start(), this.#pendingReporter?.start()]);
    // Whoever is not ready need not wait until it is known.
    if (this.ring.fresh) await reporting;
    this.#automatic?.start();
  }

  /** Whether a newer ring may appear while the process runs. */
  get follows(): boolean {
    return this.#follower?.possible === true;
  }

  /**
   * Looks for a newer ring on behalf of a request with a token of an unknown key, which another process may have signed
   * that heard of the ring first. One look for all that ask within a second: a courtesy, no guarantee rests on it.
   *
   * @param isUnknown whether the ring in force does not know the key
   * @returns undefined where there is nothing to wait for; else verify once it is fulfilled
   */
  lookForKey(isUnknown: () => boolean): Promise<void> | undefined {
    return this.follows && isUnknown() ? this.#follower?.ask() : undefined;
  }

  /** Reads the source again now, as SIGHUP does. */
  async reload(): Promise<void> {
    await this.#rootFollower?.reload();
    if (this.#follower === undefined) {
      const { Follower } = await import('../resolve/follow.js');
      this.#follower ??= new Follower(this.#parts.options, this.#parts.resolution, this.#listener);
    }
    await this.#follower.reload();
  }

  get health(): RingHealth {
    const { resolution, places } = this.#parts;
    const ring = this.#current;
    const { fresh } = this.ring;
    return {
      // Having said goodbye it hears of nothing any more, and finishes what it was at.
      ready: this.#readiness.ready && !(this.#closed && places.shared !== undefined),
      degraded: this.#readiness.why,
      profile: resolution.profile.profile,
      source: resolution.source?.name ?? '',
      store: places.store?.name,
      fingerprint: ring?.fingerprint,
      generation: ring?.generation ?? 0,
      signs: fresh ? ring?.active.id : undefined,
      keys: (ring?.keys ?? []).map(({ id, state }) => ({ id, state })),
      loadedAt: this.#loadedAt,
      reporting: this.#reporter?.working ?? false,
      lostLines: this.#follower?.lostLines,
    };
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.#automatic?.close();
    this.#rootFollower?.close();
    await this.#follower?.close();
    // Without a report nobody is held up any more: what goes on signing does so for as long as that is safe.
    this.#closed = true;
    this.#readiness.close();
    this.#lease = this.#lease.silent();
    this.#holdLease();
    await Promise.all([this.#reporter?.close(), this.#pendingReporter?.close()]);
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
    this.#readiness.check();
  }

  #passed(): void {
    if (this.ring.found === undefined) return;
    void this.ring.current;
    this.#readiness.check();
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
        { event: 'keyring.replaced', kids: kidsOf(keyring) },
        'the new keyring shares no key with the former: whatever was signed before is refused; stage a key instead',
      );
    }
    this.#recovered('ring');
  }

  #recovered(what: SourceOf): void {
    if (this.#readiness.recovered(what)) this.#tellOthers();
  }

  #failed(what: SourceOf, error: KeyturnError): void {
    this.#readiness.failed(what, error);
    this.#tellOthers();
  }

  #changed(ring: Keyring, former: Keyring | undefined): void {
    this.#loadedAt = this.#parts.options.machine.now();
    logRingChanged(this.#parts.logger, ring, former);
    this.#tellOthers();
  }

  #tellOthers(): void {
    void this.#reporter?.update();
    void this.#pendingReporter?.update();
  }

  /** Undefined while there is none. */
  get #current(): Keyring | undefined {
    return this.ring.found === undefined ? undefined : this.ring.current;
  }

  #report(): ReplicaReport {
    this.#instance ??= instanceName();
    return describeReplica(this.#parts, {
      instance: this.#instance,
      configFiles: this.#configFiles,
      times: this.#times,
      ring: this.#current,
      maySign: this.ring.stopped === undefined,
      loadedAt: this.#loadedAt,
      degraded: this.#readiness.problem?.message,
    });
  }
}
