// Rotation as a library: what the commands do, for programs. It finds the keyring in force through the one
// resolver, gathers the facts, applies a pure transition and writes the result back whole.
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError } from '../errors.js';
import { type ReplicaReport, readReports, replicaFacts } from '../fleet/report.js';
import { parseDocument, writeDocument } from '../keyring/document.js';
import { changeDocument } from '../keyring/file.js';
import { type Lifetimes, longer, Material } from '../keyring/key.js';
import type { HistoryEntry, Keyring } from '../keyring/keyring.js';
import {
  effective,
  promote,
  retire,
  revoke,
  rollback,
  stage,
  type TransitionFacts,
} from '../keyring/transitions.js';
import { PurposeRegistry } from '../purposes/registry.js';
import type { Machine } from '../resolve/machine.js';
import { type Resolution, resolve } from '../resolve/resolve.js';
import { generateSecret } from '../secret/generate.js';
import { judge, MINIMUM_BYTES } from '../secret/strength.js';
import { cleanSecret } from '../secret/text.js';
import { type Impact, impactOf, type Step } from './impact.js';
import { type Status, statusOf } from './status.js';

export interface RotationOptions {
  readonly machine: Machine;
  /** A profile that the caller insists on. */
  readonly profile?: string | undefined;
  /** Settings written in the program, as `createKeyturn({ config })` takes them. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** A keyring document to work on instead of the source in force: nothing is written, see `document`. */
  readonly document?: string | undefined;
}

/** What every step takes. */
export interface StepOptions {
  /** Who does it, for the history. */
  readonly who?: string | undefined;
  /** Why, for the history. */
  readonly why?: string | undefined;
  /** How many replicas there are: lets fresh reports of all of them shorten the wait before `promote`. */
  readonly replicas?: number | undefined;
  /** Change nothing; tell what would be. */
  readonly dryRun?: boolean | undefined;
}

export interface StageOptions extends StepOptions {
  /** The new secret; default: 32 random bytes as hex digits. */
  readonly secret?: string | undefined;
  /** The staged key takes over by itself after so many seconds. */
  readonly activateIn?: number | undefined;
}

export interface WaitOptions extends StepOptions {
  /** Give up after so many seconds. */
  readonly patience: number;
  /** Called about once a second, and when something changes. */
  readonly progress?: ((waiting: Waiting) => void) | undefined;
}

/** Where a wait for a safe promotion stands. */
export interface Waiting {
  /** The key that is to be promoted. */
  readonly kid: string;
  /** Why it cannot be yet. */
  readonly because: string;
  /** Milliseconds since 1970; undefined when it depends on replicas. */
  readonly safeAt: number | undefined;
  /** Replicas that report, and how many of them know the key. */
  readonly replicas: number;
  readonly knowing: number;
}

/** What a step did, or with `dryRun` would do. */
export interface Outcome {
  readonly ring: Keyring;
  readonly former: Keyring;
  /** The key that it was about. */
  readonly kid: string;
}

/** The keyring in force, and the steps of its life. */
export class Rotation {
  readonly resolution: Resolution;
  readonly registry: PurposeRegistry;
  readonly #options: RotationOptions;
  /** The document given instead of a file; changed by each step. */
  #document: string | undefined;

  private constructor(options: RotationOptions, resolution: Resolution) {
    this.#options = options;
    this.#document = options.document;
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
    const resolution = await resolve({ machine, profile, config, create: false });
    const wrong = resolution.problems.find(
      ({ severity, area, error }) =>
        severity === 'error' &&
        error.code !== 'secret_weak' &&
        (options.document === undefined || area === 'configuration' || area === 'profile'),
    );
    if (wrong !== undefined) throw wrong.error;
    return new Rotation(options, resolution);
  }

  /** The ring as it is now, planned changes that are due included. */
  async ring(): Promise<Keyring> {
    const ring =
      this.#document === undefined
        ? this.resolution.keyring
        : parseDocument(this.#document, 'the document', cleanSecret);
    if (ring === undefined) {
      throw new KeyturnError('secret_missing', 'there is no keyring yet', 'make one with keyturn init');
    }
    return effective(ring, this.#now());
  }

  /** The document after the last step, where one was given. Holds secrets. */
  get document(): string | undefined {
    return this.#document;
  }

  /** The reports of live replicas, where the ring is in a file that they can report beside. */
  async replicas(): Promise<readonly ReplicaReport[]> {
    const path = this.#path;
    return path === undefined
      ? []
      : await readReports(path, this.resolution.settings.get('security.keyring.lease'), this.#now());
  }

  /** Every key, every replica, and what is safe when. */
  async status(): Promise<Status> {
    const replicas = await this.replicas();
    return statusOf(await this.ring(), this.resolution, replicas, this.#factsWith(replicas, {}));
  }

  /** When, what, which key, who, why; the oldest first. */
  async history(): Promise<readonly HistoryEntry[]> {
    return (await this.ring()).history;
  }

  /**
   * What a step would do to each purpose.
   *
   * @throws KeyturnError `key_unknown`, `key_state`
   */
  async impact(step: Step): Promise<Impact> {
    return impactOf(step, await this.ring(), this.registry, this.#factsWith(await this.replicas(), {}));
  }

  /** Adds a key that verifies and does not sign yet. @throws KeyturnError see `stage` in the transitions */
  async stage(options: StageOptions = {}): Promise<Outcome> {
    const material = new Material(strong(options.secret ?? generateSecret()));
    return await this.#step(material.kid, options, (ring, facts) => {
      const activatesAt =
        options.activateIn === undefined ? undefined : facts.now + options.activateIn * 1000;
      return stage(ring, material, facts, activatesAt);
    });
  }

  /** Lets a key sign. @param kid default: the staged one @throws KeyturnError see `promote` in the transitions */
  async promote(kid?: string, options: StepOptions = {}): Promise<Outcome> {
    return await this.#step(undefined, options, (ring, facts) => promote(ring, kid, facts));
  }

  /** Lets the former key sign again. @throws KeyturnError see `rollback` in the transitions */
  async rollback(options: StepOptions = {}): Promise<Outcome> {
    return await this.#step(undefined, options, rollback);
  }

  /** Removes a key whose tokens have expired. @throws KeyturnError see `retire` in the transitions */
  async retire(kid?: string, options: StepOptions = {}): Promise<Outcome> {
    return await this.#step(kid, options, (ring, facts) => retire(ring, kid, facts));
  }

  /** Refuses a key at once. @throws KeyturnError see `revoke` in the transitions */
  async revoke(kid: string, options: StepOptions = {}): Promise<Outcome> {
    const fresh = new Material(generateSecret());
    return await this.#step(kid, options, (ring, facts) => revoke(ring, kid, fresh, facts));
  }

  /**
   * Promotes the staged key as soon as that is safe.
   *
   * @throws KeyturnError `too_early`, `replica_behind` when patience ends; the ring is as it was
   */
  async promoteWhenSafe(options: WaitOptions): Promise<Outcome> {
    const deadline = this.#now() + options.patience * 1000;
    for (;;) {
      const again = await Rotation.open(this.#options);
      try {
        return await again.promote(undefined, options);
      } catch (error) {
        if (
          !(error instanceof KeyturnError) ||
          (error.code !== 'too_early' && error.code !== 'replica_behind')
        )
          throw error;
        if (this.#now() >= deadline) throw error;
        const kid = (await again.ring()).keys.find((key) => key.state === 'staged')?.id ?? '';
        const replicas = await again.replicas();
        const knowing = replicas.filter((replica) => replica.verifies.includes(kid)).length;
        options.progress?.({
          kid,
          because: error.message,
          safeAt: error.safeAt,
          replicas: replicas.length,
          knowing,
        });
        await sleep(Math.max(50, Math.min(1000, (error.safeAt ?? Number.POSITIVE_INFINITY) - this.#now())));
      }
    }
  }

  async #step(
    about: string | undefined,
    options: StepOptions,
    change: (ring: Keyring, facts: TransitionFacts) => Keyring,
  ): Promise<Outcome> {
    this.#refuseUnchangeable();
    const replicas = await this.replicas();
    this.#refuseOtherRules(replicas);
    let former: Keyring | undefined;
    const apply = (found: Keyring): Keyring => {
      // The facts are as of now, and not of when the lock was asked for.
      const facts = this.#factsWith(replicas, options);
      former = effective(found, facts.now);
      return change(former, facts);
    };
    const ring = await this.#write(apply, options.dryRun === true);
    const kid = about ?? ring.history.at(-1)?.kid ?? ring.active.id;
    return { ring, former: former as Keyring, kid };
  }

  async #write(apply: (ring: Keyring) => Keyring, dryRun: boolean): Promise<Keyring> {
    const path = this.#path;
    if (dryRun || path === undefined) {
      const next = apply(await this.ring());
      if (this.#document !== undefined && !dryRun) this.#document = writeDocument(next);
      return next;
    }
    return await changeDocument(path, cleanSecret, apply);
  }

  /** The file that a step changes; undefined for a document that was given. */
  get #path(): string | undefined {
    const { source } = this.resolution;
    return this.#document === undefined && source?.kind === 'file' && source.format === 'document'
      ? source.path
      : undefined;
  }

  #refuseUnchangeable(): void {
    const { source } = this.resolution;
    if (this.#document !== undefined || source?.format === 'document') {
      if (source?.kind === 'command' && this.#document === undefined) {
        throw new KeyturnError(
          'keyring_unwritable',
          `the document is what the command in ${source.name} prints`,
          'change it where it is kept, with --ring - in a pipeline',
        );
      }
      return;
    }
    const what =
      source === undefined
        ? 'no keyring is configured'
        : `${source.name} holds ${source.format === 'array' ? 'an array of secrets' : 'a secret'}, and not a keyring document`;
    throw new KeyturnError(
      'keyring_not_document',
      what,
      source?.format === 'array'
        ? 'turn it into a document: keyturn import FILE'
        : 'make a document with keyturn init, or deploy new variables: keyturn rotate prints them',
    );
  }

  /** A shell may have another environment than the service: its waits would be computed by other rules. */
  #refuseOtherRules(replicas: readonly ReplicaReport[]): void {
    const mine = this.resolution.profile.profile;
    const other = replicas.find((replica) => replica.profile !== mine);
    if (other === undefined) return;
    throw new KeyturnError(
      'profile_differs',
      `${other.instance} runs by the ${other.profile} profile, and this command by ${mine}`,
      `run it with --env ${other.profile}, and with the environment of the service`,
    );
  }

  #factsWith(replicas: readonly ReplicaReport[], options: StepOptions): TransitionFacts {
    const { settings } = this.resolution;
    const own: Lifetimes = Object.fromEntries(this.registry.all.map(({ name, maxAge }) => [name, maxAge]));
    return {
      now: this.#now(),
      maxLag: Math.max(
        settings.get('security.keyring.max_lag'),
        ...replicas.map((replica) => replica.maxLag),
      ),
      skew: settings.get('security.keyring.clock_skew'),
      // Code may know purposes, and configuration lifetimes, that this command's environment does not.
      lifetimes: replicas.map((replica) => replica.lifetimes).reduce(longer, own),
      replicas: replicas.map(replicaFacts),
      expectedReplicas: options.replicas,
      who: options.who,
      why: options.why,
    };
  }

  #now(): number {
    return this.#options.machine.now();
  }
}

/** A secret that may enter the ring. @throws KeyturnError `secret_weak`, `secret_empty`, `secret_malformed` */
function strong(secret: string): string {
  const clean = cleanSecret(secret, 'the new secret');
  const { enough, bytes, why } = judge(clean);
  if (enough) return clean;
  throw new KeyturnError(
    'secret_weak',
    `the new secret is too weak: ${bytes} of ${MINIMUM_BYTES} bytes count, since ${why}`,
    'let keyturn make one, or use the output of keyturn generate',
  );
}
