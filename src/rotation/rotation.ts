// Rotation as a library: what the commands do, for programs. It finds the keyring in force through the one
// resolver, gathers the facts, applies a pure transition and writes the result back whole.
import type { Engines } from '../engines/engines.js';
import { KeyturnError } from '../errors.js';
import type { HeardReport } from '../fleet/authentic.js';
import type { Counts, CountsSpan } from '../fleet/counts.js';
import { otherApps } from '../fleet/other-apps.js';
import { type CountsBy, replicasIn } from '../fleet/silent.js';
import { parseDocument } from '../keyring/document.js';
import { Material } from '../keyring/key.js';
import type { HistoryEntry, Keyring } from '../keyring/keyring.js';
import { merge } from '../keyring/merge.js';
import { applyScheduled } from '../keyring/scheduled.js';
import { promote, retire, revoke, rollback, stage } from '../keyring/transitions.js';
import type { RingPlaces } from '../keyring-stores/places.js';
import { PurposeRegistry } from '../purposes/registry.js';
import type { Resolution } from '../resolve/resolve.js';
import { generateSecret } from '../secret/generate.js';
import type { AssumedProfile } from './assumed-profile.js';
import { type Deploy, deploysOf } from './deploys.js';
import { Gathering } from './gathering.js';
import { findHidden, type HiddenDocument, stillHidden } from './hidden-document.js';
import { type Impact, impactOf, type Step } from './impact.js';
import { type OpenedRotation, openParts, type RotationOptions } from './opening.js';
import { refuseOtherSource, refuseUnchangeable } from './refusals.js';
import { RingAccess } from './ring-access.js';
import { type Status, statusOf } from './status.js';
import type { Outcome, StageOptions, StepOptions } from './step.js';
import { strongMaterial } from './strong-secret.js';
import {
  BY_THE_FLEET,
  type Change,
  JOIN,
  REVOKE,
  type StepParts,
  type StepRules,
  takeStep,
} from './take-step.js';
import { type WaitOptions, whenSafe } from './wait.js';

/** The keyring in force, and the steps of its life. */
export class Rotation {
  readonly resolution: Resolution;
  readonly registry: PurposeRegistry;
  readonly #options: RotationOptions;
  readonly #engines: Engines;
  readonly #places: RingPlaces;
  readonly #gathering: Gathering;
  readonly #access: RingAccess;

  private constructor(options: RotationOptions, { resolution, engines, places }: OpenedRotation) {
    this.#options = options;
    this.#access = new RingAccess(resolution, places, options.document);
    this.#engines = engines;
    this.#places = places;
    this.resolution = resolution;
    this.registry = new PurposeRegistry(resolution.settings, resolution.profile.profile === 'prod');
    this.#gathering = new Gathering({ ...options, resolution, places, registry: this.registry });
  }

  /** Finds the keyring in force. @throws KeyturnError see {@link openParts} */
  static async open(options: RotationOptions): Promise<Rotation> {
    return new Rotation(options, await openParts(options));
  }

  /** The same, read anew: source, configuration, and the document as the last step left it. */
  async again(): Promise<Rotation> {
    return await this.#anew({ document: this.document });
  }

  /** Over the same connections. */
  async #anew(changes: Partial<RotationOptions>): Promise<Rotation> {
    return await Rotation.open({ ...this.#options, found: undefined, engines: this.#engines, ...changes });
  }

  /** Ends the connections to an engine, where the keyring or its replicas are in one. */
  async close(): Promise<void> {
    if (this.#options.engines === undefined) await this.#engines.close();
  }

  /** Where the ring is kept that steps change, as an operator calls it; undefined where no step can change it. */
  get place(): string | undefined {
    return this.#access.place;
  }

  get assumed(): AssumedProfile | undefined {
    return this.#options.assumed;
  }

  get countsBy(): CountsBy {
    return this.#gathering.countsBy;
  }

  /** The ids of the secrets that each open a shared keyring; none where there is no such ring. */
  async sealedUnder(): Promise<readonly string[]> {
    return (await this.#places.shared?.find())?.roots ?? [];
  }

  /** Whether replicas share the ring in an engine. */
  get shared(): boolean {
    return this.#places.shared !== undefined;
  }

  /** The ring as it is now, scheduled changes that are due included. */
  async ring(): Promise<Keyring> {
    return applyScheduled(await this.#access.read(), this.#gathering.now());
  }

  /** The document after the last step, where one was given. Holds secrets. */
  get document(): string | undefined {
    return this.#access.document;
  }

  /** The reports of live replicas, where they have a place to report in. */
  async replicas(): Promise<readonly HeardReport[]> {
    return await this.#gathering.heard(await this.#access.readOrNone());
  }

  /** What replicas verified over time; undefined where nobody keeps it. Whoever can write there can forge it. */
  async counts(span: CountsSpan): Promise<Counts | undefined> {
    return await this.#places.fleet?.counted(span);
  }

  /**
   * Every key, every replica, and what is safe when.
   *
   * @param ring default: the one in force
   * @param regardless where replicas cannot be asked it is told without them
   */
  async status(ring?: Keyring, regardless = false): Promise<Status> {
    const shown = ring ?? (await this.ring());
    const reports = await this.#gathering.heard(shown, { regardless });
    return statusOf(shown, {
      resolution: this.resolution,
      place: this.place,
      profileSaid: this.assumed === undefined,
      writable: await this.#access.writable(),
      shared: this.shared,
      reports,
      otherApps: await otherApps(reports, this.#places.others, {
        app: this.resolution.settings.get('app'),
        ring: shown,
        kids: (this.resolution.keyring ?? shown).live.map(({ id }) => id),
      }),
      silence: this.#gathering.silence?.message,
      countsBy: this.countsBy,
      facts: await this.#gathering.facts(shown, reports, {}, { regardless, timed: true }),
      clockAhead: this.#gathering.clockAhead,
      lostDocument: await this.#gathering.lostDocument(),
    });
  }

  /** The three deploys of a rotation, where only a deploy can change the secret. */
  async deploys(): Promise<readonly Deploy[]> {
    if (this.shared) return [];
    const ring = await this.#access.readOrNone();
    const replicas = await this.#gathering.heard(ring);
    // In production a program may only shorten what variables and files say; elsewhere a process that reports says it.
    const isProd = this.resolution.profile.profile === 'prod';
    const known = isProd || replicasIn(replicas).some(({ authentic }) => authentic);
    return deploysOf(this.resolution, await this.#gathering.facts(ring, replicas), known);
  }

  /** When, what, which key, who, why; the oldest first. */
  async history(): Promise<readonly HistoryEntry[]> {
    return (await this.ring()).history;
  }

  /**
   * What a step would do to each purpose.
   *
   * @param of the ring; default: the one in force. What a rotation does depends on no key
   * @throws KeyturnError `key_unknown`, `key_state`
   */
  async impact(step: Step, of?: Keyring): Promise<Impact> {
    const ring = step.step === 'rotate' ? undefined : (of ?? (await this.ring()));
    const rules = { regardless: step.step === 'revoke' };
    const heard = await this.#gathering.heard(ring, rules);
    const facts = await this.#gathering.facts(ring, heard, {}, rules);
    return impactOf(step, ring, this.registry, facts, { ...this.resolution, heard });
  }

  /** The document that holds the keys in force, where a variable hides it. */
  async hiddenDocument(): Promise<HiddenDocument<Rotation> | undefined> {
    return await findHidden(this, this.#options.machine, (machine) => this.#anew({ machine }));
  }

  /** Adds a key that verifies and does not sign yet. @throws KeyturnError `source_differs`, and see `stage` in the transitions */
  async stage(options: StageOptions = {}): Promise<Outcome> {
    const { secret, activateIn } = options;
    const material = secret === undefined ? new Material(generateSecret()) : strongMaterial(secret);
    return await this.#step(material.kid, options, (ring, facts, replicas) => {
      if (activateIn === undefined) return stage(ring, material, facts);
      // It is scheduled: whoever takes its keys from elsewhere then would refuse what it signs.
      refuseOtherSource(ring, replicas, undefined);
      return stage(ring, material, facts, facts.now + activateIn * 1000);
    });
  }

  /**
   * Lets a key sign.
   *
   * @param kid default: the staged one
   * @throws KeyturnError `source_differs`, and see `promote` in the transitions
   */
  async promote(kid?: string, options: StepOptions = {}): Promise<Outcome> {
    await this.#refuseHidden();
    const here = this.document === undefined ? undefined : this.resolution;
    return await this.#step(undefined, options, (ring, facts, replicas) => {
      refuseOtherSource(ring, replicas, here);
      return promote(ring, kid, facts);
    });
  }

  /** Lets the former key sign again. @throws KeyturnError `source_differs`, and see `rollback` in the transitions */
  async rollback(options: StepOptions = {}): Promise<Outcome> {
    await this.#refuseHidden();
    return await this.#step(undefined, options, rollback);
  }

  /** Removes a key whose tokens have expired. @throws KeyturnError `source_differs`, and see `retire` in the transitions */
  async retire(kid?: string, options: StepOptions = {}): Promise<Outcome> {
    await this.#refuseHidden();
    return await this.#step(kid, options, (ring, facts) => retire(ring, kid, facts));
  }

  /**
   * Refuses a key at once.
   *
   * @param look called with the ring that it is about to be done to, while nobody else changes that; nothing is done if
   *   it throws
   * @throws KeyturnError see `revoke` in the transitions
   */
  async revoke(kid: string, options: StepOptions = {}, look?: (former: Keyring) => void): Promise<Outcome> {
    const fresh = new Material(generateSecret());
    const change: Change = (ring, facts) => {
      look?.(applyScheduled(ring, facts.now));
      return revoke(ring, kid, fresh, facts);
    };
    return await this.#step(kid, options, change, REVOKE);
  }

  /**
   * Makes one keyring of the one in force and another copy of it: every key in its furthest state. Whoever holds either
   * follows.
   *
   * @param text a keyring document
   * @throws KeyturnError `keyring_exists` for another keyring, and what is wrong with the document
   */
  async join(text: string, options: StepOptions = {}): Promise<Outcome> {
    const other = parseDocument(text, 'the document to import');
    const fresh = new Material(generateSecret());
    const change: Change = (ring, facts) => {
      if (ring.id === other.id) return merge(ring, other, { ...facts, fresh });
      throw new KeyturnError(
        'keyring_exists',
        `the document is of the keyring ${other.id}, and ${ring.id ?? 'one without an id'} is in force`,
        'only copies of one keyring can be joined; to go over to another one, stop every process that holds the old one',
      );
    };
    return await this.#step(undefined, options, change, JOIN);
  }

  /** Promotes the staged key as soon as that is safe. @throws KeyturnError `too_early`, `replica_behind` when patience ends */
  async promoteWhenSafe(options: WaitOptions): Promise<Outcome> {
    return await whenSafe<Rotation>(this, options, this.#options.machine, async (again) => {
      const outcome = await again.promote(options.kid, options);
      this.#access.document = again.document;
      return outcome;
    });
  }

  /** A step of the document would be none of the keys in force. */
  async #refuseHidden(): Promise<void> {
    const hidden = await this.hiddenDocument();
    if (hidden !== undefined) throw stillHidden(hidden);
  }

  async #step(
    about: string | undefined,
    options: StepOptions,
    change: Change,
    rules: StepRules = BY_THE_FLEET,
  ): Promise<Outcome> {
    if (this.place === undefined)
      refuseUnchangeable(this.resolution, rules.byHand, await this.#gathering.lostDocument());
    const { profile } = this.resolution.profile;
    const parts: StepParts = {
      gathering: this.#gathering,
      places: this.#places,
      // Where none was given it is that of the replicas: the waits are the longest there are, and reports tell lifetimes.
      profile: this.assumed === undefined ? profile : undefined,
      assumed: profile,
      access: this.#access,
    };
    return await takeStep(parts, about, options, change, rules);
  }
}
