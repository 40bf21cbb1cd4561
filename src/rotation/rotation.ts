// Rotation as a library: what the commands do, for programs. It finds the keyring in force through the one
// resolver, gathers the facts, applies a pure transition and writes the result back whole.
import { elsewhereBelow } from '../config/places-below.js';
import { Engines } from '../engines/engines.js';
import { KeyturnError } from '../errors.js';
import type { HeardReport } from '../fleet/authentic.js';
import { type FactParts, factsOf } from '../fleet/facts.js';
import { timesOf } from '../fleet/fleet-times.js';
import { otherApps } from '../fleet/other-apps.js';
import { refuseDisagreement } from '../fleet/refusals.js';
import { endedFacts, lastSignedByAll } from '../fleet/replica-facts.js';
import { heardAfter } from '../fleet/report-interval.js';
import { type CountsBy, replicasIn, saySilence } from '../fleet/silent.js';
import { parseDocument, writeDocument } from '../keyring/document.js';
import { type ClockReadings, Material } from '../keyring/key.js';
import type { HistoryEntry, Keyring } from '../keyring/keyring.js';
import { merge } from '../keyring/merge.js';
import { applyScheduled } from '../keyring/scheduled.js';
import { requireSpareRoom, shrinkToFit } from '../keyring/size-limit.js';
import type { ReplicaFacts, TransitionFacts } from '../keyring/step-facts.js';
import { promote, retire, revoke, rollback, stage } from '../keyring/transitions.js';
import { madeAt } from '../keyring/waits.js';
import { FileRingStore } from '../keyring-stores/file.js';
import { openRingPlaces } from '../keyring-stores/open.js';
import { NOWHERE, type RingPlaces } from '../keyring-stores/places.js';
import { PurposeRegistry } from '../purposes/registry.js';
import type { Machine } from '../resolve/machine.js';
import { type Resolution, resolve } from '../resolve/resolve.js';
import { generateSecret } from '../secret/generate.js';
import { cleanSecret } from '../secret/text.js';
import { type AssumedProfile, withProductionWaits } from './assumed-profile.js';
import { type Deploy, deploysOf } from './deploys.js';
import { isNamed, withGone } from './gone-processes.js';
import { type Impact, impactOf, type Step } from './impact.js';
import {
  type ByHand,
  COMMAND_WORDS,
  NO_KEYRING_HINT,
  REVOKE_BY_HAND,
  refuseOtherSource,
  refuseUnchangeable,
  STEP_BY_HAND,
  stillHidden,
  variablesOfKeys,
} from './refusals.js';
import { type Status, statusOf } from './status.js';
import type { Outcome, StageOptions, StepOptions } from './step.js';
import { strongSecret } from './strong-secret.js';
import { type WaitOptions, whenSafe } from './wait.js';

export interface RotationOptions {
  readonly machine: Machine;
  /** A profile that the caller insists on. */
  readonly profile?: string | undefined;
  /** Where no profile was said: what `profile` was chosen from. The waits are those of production then. */
  readonly assumed?: AssumedProfile | undefined;
  /** Settings written in the program, as `createKeyturn({ config })` takes them. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** A keyring document to work on instead of the source in force: nothing is written, see `document`. */
  readonly document?: string | undefined;
  /** Only to look: what processes that are gone have left behind is not cleared away. */
  readonly readOnly?: boolean | undefined;
  /** Connections to use; whoever made them closes them. Default: its own, closed by {@link Rotation.close}. */
  readonly engines?: Engines | undefined;
}

/** A keyring document that a variable hides. */
export interface Beneath {
  readonly rotation: Rotation;
  /** As an operator calls it. */
  readonly place: string;
  /** The variables that hide it. */
  readonly takeAway: readonly string[];
}

/** How a step goes by what replicas say. */
interface StepRules {
  readonly byHand: ByHand;
  /** Whatever they say, and whether they can be asked or not. */
  readonly regardless: boolean;
  /** It makes peace between lines of the ring: what comes of it is what replicas must be able to follow. */
  readonly joins: boolean;
}

const BY_THE_FLEET: StepRules = { byHand: STEP_BY_HAND, regardless: false, joins: false };
const JOIN: StepRules = { byHand: STEP_BY_HAND, regardless: false, joins: true };
/** Somebody may have the secret: nothing that others write may stand in the way. */
const REVOKE: StepRules = { byHand: REVOKE_BY_HAND, regardless: true, joins: false };

/** The keyring in force, and the steps of its life. */
export class Rotation {
  readonly resolution: Resolution;
  readonly registry: PurposeRegistry;
  readonly #options: RotationOptions;
  readonly #engines: Engines;
  readonly #places: RingPlaces;
  /** The document given instead of a file; changed by each step. */
  #document: string | undefined;
  #silence: KeyturnError | undefined;

  private constructor(
    options: RotationOptions,
    resolution: Resolution,
    engines: Engines,
    places: RingPlaces,
  ) {
    this.#options = options;
    this.#document = options.document;
    this.#engines = engines;
    this.#places = places;
    this.resolution = resolution;
    this.registry = new PurposeRegistry(resolution.settings, resolution.profile.profile === 'prod');
  }

  /**
   * Finds the keyring in force.
   *
   * A weak key does not keep one from rotating away from it; a configuration that is wrong does, since waits are
   * computed from it.
   *
   * @throws KeyturnError whatever keeps a process from starting, weak secrets apart
   */
  static async open(options: RotationOptions): Promise<Rotation> {
    const { machine, profile, config } = options;
    const found = await resolve({ machine, profile, config, create: false });
    const resolution =
      options.assumed !== undefined ? { ...found, settings: withProductionWaits(found.settings) } : found;
    const wrong = resolution.problems.find(
      ({ severity, area, error }) =>
        severity === 'error' &&
        error.code !== 'secret_weak' &&
        (options.document === undefined || area === 'configuration' || area === 'profile'),
    );
    if (wrong !== undefined) throw wrong.error;
    const engines = options.engines ?? new Engines(resolution.settings);
    try {
      const places =
        options.document === undefined ? await openRingPlaces(resolution, engines, machine.now) : NOWHERE;
      return new Rotation(options, resolution, engines, places);
    } catch (error) {
      if (options.engines === undefined) await engines.close();
      throw error;
    }
  }

  /** The same, read anew: source, configuration, and the document as the last step left it. */
  async again(): Promise<Rotation> {
    return await Rotation.open({ ...this.#options, document: this.#document, engines: this.#engines });
  }

  /** Ends the connections to an engine, where the keyring or its replicas are in one. */
  async close(): Promise<void> {
    if (this.#options.engines === undefined) await this.#engines.close();
  }

  /** Where the ring is kept that steps change, as an operator calls it; undefined where no step can change it. */
  get place(): string | undefined {
    return this.#document === undefined ? this.#places.store?.name : 'the document';
  }

  /** Set where no profile was said. */
  get assumed(): AssumedProfile | undefined {
    return this.#options.assumed;
  }

  /** By what the reports of replicas count. */
  get countsBy(): CountsBy {
    const { lease, skew } = timesOf(this.resolution.settings);
    return { lease, skew, inFile: this.#places.store !== undefined && !this.shared };
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
    return applyScheduled(await this.#found(), this.#now());
  }

  /** The ring as it was found. */
  async #found(): Promise<Keyring> {
    if (this.#document !== undefined) return parseDocument(this.#document, 'the document', cleanSecret);
    const ring =
      this.#places.shared === undefined ? this.resolution.keyring : await this.#places.shared.read();
    if (ring !== undefined) return ring;
    const below = await elsewhereBelow(this.resolution.cwd);
    const what = below === undefined ? 'there is no keyring yet' : `there is no keyring here; ${below.what}`;
    throw new KeyturnError('secret_missing', what, below?.hint ?? NO_KEYRING_HINT);
  }

  /** Replicas may be waiting where no ring is yet. */
  async #foundOrNone(): Promise<Keyring | undefined> {
    return await this.#found().catch((error) => {
      if (error instanceof KeyturnError && ['keyring_missing', 'secret_missing'].includes(error.code))
        return undefined;
      throw error;
    });
  }

  /** The document after the last step, where one was given. Holds secrets. */
  get document(): string | undefined {
    return this.#document;
  }

  /** The reports of live replicas, where they have a place to report in. */
  async replicas(): Promise<readonly HeardReport[]> {
    return await this.#heard(await this.#foundOrNone());
  }

  /**
   * @param ring whose keys vouch for them; undefined where there is none yet
   * @param regardless nothing depends on what is heard, and what cannot be heard stops nothing
   */
  async #heard(ring: Keyring | undefined, regardless = false): Promise<readonly HeardReport[]> {
    const { fleet, store } = this.#places;
    try {
      return (await fleet?.read(ring, this.#options.readOnly !== true)) ?? [];
    } catch (error) {
      // Where they only report beside their sessions no step depends on it, and the rest can be told.
      if (!(error instanceof KeyturnError) || (store !== undefined && !regardless)) throw error;
      this.#silence = error;
      return [];
    }
  }

  /**
   * Every key, every replica, and what is safe when.
   *
   * @param ring default: the one in force
   * @param regardless where replicas cannot be asked it is told without them
   */
  async status(ring?: Keyring, regardless = false): Promise<Status> {
    const shown = ring ?? (await this.ring());
    const replicas = await this.#heard(shown, regardless);
    const { store } = this.#places;
    return statusOf(shown, {
      resolution: this.resolution,
      place: this.place,
      profileSaid: this.assumed === undefined,
      writable: store instanceof FileRingStore ? await store.writable() : true,
      shared: this.shared,
      replicas,
      otherApps: await otherApps(replicas, this.#places.others, {
        app: this.resolution.settings.get('app'),
        ring: shown,
        kids: (this.resolution.keyring ?? shown).live.map(({ id }) => id),
      }),
      silence: this.#silence,
      countsBy: this.countsBy,
      facts: await this.#facts(shown, replicas, {}, regardless, true),
    });
  }

  /** The three deploys of a rotation, where only a deploy can change the secret. */
  async deploys(): Promise<readonly Deploy[]> {
    if (this.shared) return [];
    const ring = await this.#foundOrNone();
    const replicas = await this.#heard(ring);
    // In production a program may only shorten what variables and files say; elsewhere a process that reports says it.
    const reported = replicasIn(replicas).some(({ authentic }) => authentic);
    const known = reported || this.resolution.profile.profile === 'prod';
    return deploysOf(this.resolution, await this.#facts(ring, replicas, {}), known);
  }

  /** When, what, which key, who, why; the oldest first. */
  async history(): Promise<readonly HistoryEntry[]> {
    return (await this.ring()).history;
  }

  /**
   * What a step would do to each purpose.
   *
   * @param of the ring; default: the one in force
   * @throws KeyturnError `key_unknown`, `key_state`
   */
  async impact(step: Step, of?: Keyring): Promise<Impact> {
    // What a rotation does depends on no key: it can be asked before there is one.
    const ring = step.step === 'rotate' ? undefined : (of ?? (await this.ring()));
    const regardless = step.step === 'revoke';
    const facts = await this.#facts(ring, await this.#heard(ring, regardless), {}, regardless);
    return impactOf(step, ring, this.registry, facts);
  }

  /**
   * The document that holds the keys in force, where a variable hides it: so it is between `init` and the restart
   * without that variable. What is staged there is there when processes come to it.
   */
  async beneath(): Promise<Beneath | undefined> {
    const { source, keyring } = this.resolution;
    const { machine } = this.#options;
    const takeAway = variablesOfKeys(machine.env);
    if (this.place !== undefined || source === undefined || keyring === undefined || takeAway.length === 0)
      return undefined;
    const env = Object.fromEntries(Object.entries(machine.env).filter(([name]) => !takeAway.includes(name)));
    const options = { ...this.#options, machine: { ...machine, env }, engines: this.#engines };
    const rotation = await Rotation.open(options).catch((error) => {
      if (error instanceof KeyturnError) return undefined;
      throw error;
    });
    if (rotation?.place === undefined || rotation.shared) return undefined;
    const ring = await rotation.ring();
    const holds = keyring.live.every(({ id }) => ring.get(id)?.live === true);
    return holds ? { rotation, place: rotation.place, takeAway } : undefined;
  }

  /** Adds a key that verifies and does not sign yet. @throws KeyturnError `source_differs`, and see `stage` in the transitions */
  async stage(options: StageOptions = {}): Promise<Outcome> {
    const material = new Material(
      options.secret === undefined ? generateSecret() : strongSecret(options.secret),
    );
    return await this.#step(material.kid, options, (ring, facts, replicas) => {
      // It signs by itself, whoever goes by something else then.
      if (options.activateIn !== undefined) refuseOtherSource(ring, replicas, undefined);
      const scheduledFor =
        options.activateIn === undefined ? undefined : facts.now + options.activateIn * 1000;
      return stage(ring, material, facts, scheduledFor);
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
    const here = this.#document === undefined ? undefined : this.resolution;
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
    const change = (ring: Keyring, facts: TransitionFacts): Keyring => {
      look?.(applyScheduled(ring, facts.now));
      return revoke(ring, kid, fresh, facts);
    };
    return await this.#step(kid, options, change, REVOKE);
  }

  /**
   * Makes one keyring of the one in force and another copy of it, which was edited, or is older, or has gone its own way:
   * every key in its furthest state. Whoever holds either follows.
   *
   * @param text a keyring document
   * @throws KeyturnError `keyring_exists` for another keyring, and what is wrong with the document
   */
  async join(text: string, options: StepOptions = {}): Promise<Outcome> {
    const other = parseDocument(text, 'the document to import', cleanSecret);
    const fresh = new Material(generateSecret());
    const change = (ring: Keyring, facts: TransitionFacts): Keyring => {
      if (ring.id === other.id) return merge(ring, other, { ...facts, fresh });
      throw new KeyturnError(
        'keyring_exists',
        `the document is of the keyring ${other.id}, and ${ring.id ?? 'one without an id'} is in force`,
        'only copies of one keyring can be joined; to go over to another one, stop every process that holds the old one',
      );
    };
    return await this.#step(undefined, options, change, JOIN);
  }

  /**
   * Promotes the staged key as soon as that is safe.
   *
   * @throws KeyturnError `too_early`, `replica_behind` when patience ends; the ring is as it was
   */
  async promoteWhenSafe(options: WaitOptions): Promise<Outcome> {
    return await whenSafe<Rotation>(this, options, this.#options.machine, async (again) => {
      const outcome = await again.promote(options.kid, options);
      this.#document = again.#document;
      return outcome;
    });
  }

  /** A step of the document would be none of the keys in force. */
  async #refuseHidden(): Promise<void> {
    const beneath = await this.beneath();
    if (beneath !== undefined) throw stillHidden(beneath);
  }

  async #step(
    about: string | undefined,
    options: StepOptions,
    change: (ring: Keyring, facts: TransitionFacts, replicas: readonly HeardReport[]) => Keyring,
    { byHand, regardless, joins }: StepRules = BY_THE_FLEET,
  ): Promise<Outcome> {
    if (this.place === undefined) refuseUnchangeable(this.resolution, byHand);
    let former: Keyring | undefined;
    let gone: readonly HeardReport[] = [];
    let heard: readonly HeardReport[] = [];
    // Called while the lock is held: the facts are as of the change, and not of when it was asked for.
    const apply = async (found: Keyring): Promise<Keyring> => {
      heard = await this.#heard(found, regardless);
      gone = heard.filter((report) => isNamed(report, options.gone));
      const replicas = heard.filter((report) => !gone.includes(report));
      // Where none was said it is theirs: the waits are the longest there are, and reports tell lifetimes.
      const own = this.resolution.profile.profile;
      const profile = this.assumed === undefined ? own : (replicas[0]?.profile ?? own);
      const self = { profile, roots: this.#places.shared?.roots, words: COMMAND_WORDS };
      try {
        if (!regardless && !joins) refuseDisagreement(found, self, replicas);
        const known = await this.#facts(found, replicas, options, regardless);
        former = applyScheduled(found, known.now);
        const next = change(found, withGone(known, gone), replicas);
        if (joins) refuseDisagreement(next, self, replicas);
        return regardless ? shrinkToFit(next) : requireSpareRoom(next);
      } catch (error) {
        throw saySilence(error, replicas, this.countsBy, this.#now());
      }
    };
    const ring = await this.#write(apply, options.dryRun === true);
    // What cannot be taken away counts for its lease: the step is done.
    for (const report of options.dryRun === true ? [] : gone)
      await this.#places.fleet?.forget(report, former).catch(() => undefined);
    // The key that vouched for some of them may be gone now.
    if (regardless && options.dryRun !== true)
      await this.#places.fleet?.keep(lastSignedByAll(heard), former as Keyring).catch(() => undefined);
    const kid = about ?? ring.history.at(-1)?.kid ?? ring.active.id;
    return { ring, former: former as Keyring, kid };
  }

  async #write(apply: (ring: Keyring) => Promise<Keyring>, dryRun: boolean): Promise<Keyring> {
    const { store } = this.#places;
    if (!dryRun && store !== undefined) return await store.change(apply);
    const next = await apply(await this.#found());
    if (this.#document !== undefined && !dryRun) this.#document = writeDocument(next);
    return next;
  }

  async #facts(
    ring: Keyring | undefined,
    replicas: readonly HeardReport[],
    options: StepOptions,
    regardless = false,
    timed = !regardless,
  ): Promise<TransitionFacts> {
    const { store } = this.#places;
    const told = async () => await store?.fleet.ended(ring);
    const ended = await (regardless ? told().catch(() => undefined) : told());
    // Only a promotion asks a clock how long ago a key was staged: nothing stops what goes regardless.
    const clocks = timed ? await (regardless ? this.#clocks().catch(() => ({})) : this.#clocks()) : {};
    const facts = this.#factsWith(replicas, ended === undefined ? [] : [endedFacts(ended)], clocks, options);
    return ring === undefined ? facts : { ...facts, heardAt: this.#heardAt(ring) };
  }

  /** Processes that were running before there was a document report once they have found it. */
  #heardAt(ring: Keyring): number | undefined {
    if (!(this.#places.store instanceof FileRingStore)) return undefined;
    const made = madeAt(ring, this.#now());
    return made === undefined ? undefined : made + heardAfter(this.countsBy.lease);
  }

  /** The steadiest first. None for a document given: it is published when whoever takes it gets to it. */
  async #clocks(): Promise<ClockReadings> {
    if (this.#document !== undefined) return {};
    const { clock, shows } = this.#options.machine.monotonic();
    return { [clock]: shows, ...(await this.#places.shared?.clocks()) };
  }

  /** @param ended what processes that are gone have left behind */
  #factsWith(
    replicas: readonly HeardReport[],
    ended: readonly ReplicaFacts[],
    clocks: ClockReadings,
    { replicas: expectedReplicas, who, why }: StepOptions,
  ): TransitionFacts {
    const { settings } = this.resolution;
    const parts: FactParts = {
      times: timesOf(settings),
      lifetimes: this.registry.lifetimes,
      off: this.registry.off,
      now: this.#now(),
      clocks,
      expectedReplicas,
      who,
      why,
    };
    const facts = factsOf(replicas, ended, parts);
    return this.shared ? facts : { ...facts, lease: undefined };
  }

  #now(): number {
    return this.#options.machine.now();
  }
}
