// Gathers what a step is decided by: what replicas report, what ended ones have left, the clocks, the configuration.
import { KeyturnError } from '../errors.js';
import type { HeardReport } from '../fleet/authentic.js';
import { isOff } from '../fleet/clock-difference.js';
import { type FactParts, factsOf } from '../fleet/facts.js';
import { timesOf } from '../fleet/fleet-times.js';
import { endedFacts } from '../fleet/replica-facts.js';
import { heardAfter } from '../fleet/report-interval.js';
import type { CountsBy } from '../fleet/silent.js';
import type { ClockReadings } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { TransitionFacts } from '../keyring/step-facts.js';
import { madeAt } from '../keyring/waits.js';
import { FileRingStore } from '../keyring-stores/file.js';
import type { PurposeRegistry } from '../purposes/registry.js';
import { findLost, type LostDocument } from './lost-document.js';
import type { OpenedRotation, RotationOptions } from './opening.js';
import type { StepOptions } from './step.js';

interface GatheringParts
  extends Pick<RotationOptions, 'machine' | 'document' | 'readOnly'>,
    Pick<OpenedRotation, 'resolution' | 'places'> {
  readonly registry: PurposeRegistry;
}

/** How the facts are gathered. */
interface GatheringRules {
  /** Nothing depends on what is heard, and what cannot be heard stops nothing. */
  readonly regardless?: boolean;
  /** Whether a clock is asked how long ago a key was staged; default: unless it is regardless. */
  readonly timed?: boolean;
}

export class Gathering {
  readonly #parts: GatheringParts;
  /** Why replicas could not be asked the last time. */
  silence: KeyturnError | undefined;
  /**
   * By how many milliseconds the clock here was ahead of that of the place where the ring is kept, the last time that
   * replicas were asked; undefined where nothing tells.
   */
  clockAhead: number | undefined;

  constructor(parts: GatheringParts) {
    this.#parts = parts;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#parts.machine.now();
  }

  /** By what the reports of replicas count. */
  get countsBy(): CountsBy {
    const { resolution, places } = this.#parts;
    const { lease, skew } = timesOf(resolution.settings);
    return { lease, skew, inFile: places.store !== undefined && places.shared === undefined };
  }

  /** @param ring whose keys vouch for the reports; undefined where there is none yet */
  async heard(
    ring: Keyring | undefined,
    { regardless = false }: GatheringRules = {},
  ): Promise<readonly HeardReport[]> {
    const { places, readOnly = false } = this.#parts;
    const { skew } = this.countsBy;
    try {
      const asked = ring === undefined ? undefined : places.store?.clockAhead(ring, skew, !readOnly);
      this.clockAhead = await (regardless ? asked?.catch(() => undefined) : asked);
      // By a clock that is wrong, processes that live seem to have gone.
      const tidy = !readOnly && !isOff(this.clockAhead, skew);
      return (await places.fleet?.read(ring, tidy)) ?? [];
    } catch (error) {
      // Where they only report beside their sessions no step depends on it, and the rest can be told.
      if (!(error instanceof KeyturnError) || (places.store !== undefined && !regardless)) throw error;
      this.silence = error;
      return [];
    }
  }

  async lostDocument(): Promise<LostDocument | undefined> {
    const { places, resolution } = this.#parts;
    return places.store === undefined ? await findLost(resolution, () => this.now()) : undefined;
  }

  async facts(
    ring: Keyring | undefined,
    replicas: readonly HeardReport[],
    { replicas: expectedReplicas, who, why }: StepOptions = {},
    { regardless = false, timed = !regardless }: GatheringRules = {},
  ): Promise<TransitionFacts> {
    const { places, registry, resolution } = this.#parts;
    const orNone = async <T>(asked: Promise<T>) => await (regardless ? asked.catch(() => undefined) : asked);
    const ended = places.store === undefined ? undefined : await orNone(places.store.fleet.ended(ring));
    const parts: FactParts = {
      times: timesOf(resolution.settings),
      lifetimes: registry.lifetimes,
      off: registry.off,
      now: this.now(),
      clocks: (timed ? await orNone(this.#clocks()) : undefined) ?? {},
      expectedReplicas,
      who,
      why,
    };
    const facts = factsOf(replicas, ended === undefined ? [] : [endedFacts(ended)], parts);
    return {
      ...facts,
      ...(places.shared === undefined ? { lease: undefined } : {}),
      ...(ring === undefined ? {} : { heardAt: this.#heardAt(ring) }),
    };
  }

  /** Processes that were running before there was a document report once they have found it. */
  #heardAt(ring: Keyring): number | undefined {
    if (!(this.#parts.places.store instanceof FileRingStore)) return undefined;
    const made = madeAt(ring, this.now());
    return made === undefined ? undefined : made + heardAfter(this.countsBy.lease);
  }

  /** The steadiest first. */
  async #clocks(): Promise<ClockReadings> {
    const { machine, places, document } = this.#parts;
    // A ring that was handed in is published when whoever takes it gets to it.
    if (document !== undefined) return {};
    const { clock, shows } = machine.monotonic();
    return { [clock]: shows, ...(await places.shared?.clocks()) };
  }
}
