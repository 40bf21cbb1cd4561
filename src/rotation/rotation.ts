// Rotation as a library: what the commands do, for programs. It finds the keyring in force through the one
// resolver, gathers the facts, applies a pure transition and writes the result back whole.
import { setTimeout as sleep } from 'node:timers/promises';
import { variableOf } from '../config/settings.js';
import { KeyturnError } from '../errors.js';
import { endedFacts, type ReplicaReport, readReports, replicaFacts } from '../fleet/report.js';
import { parseDocument, writeDocument } from '../keyring/document.js';
import { changeDocument } from '../keyring/file.js';
import { type Lifetimes, longer, Material } from '../keyring/key.js';
import type { HistoryEntry, Keyring } from '../keyring/keyring.js';
import {
  effective,
  promote,
  type ReplicaFacts,
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
import { type Deploy, deploysOf } from './deploys.js';
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
  /** Only to look: what processes that are gone have left behind is not cleared away. */
  readonly readOnly?: boolean | undefined;
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
  /** The key to promote; default: the staged one, whichever it is when the wait ends. */
  readonly kid?: string | undefined;
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
  /** Those that report and do not know it, by instance. */
  readonly missing: readonly string[];
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
    return effective(this.#found(), this.#now());
  }

  /** The ring as it was found. */
  #found(): Keyring {
    const ring =
      this.#document === undefined
        ? this.resolution.keyring
        : parseDocument(this.#document, 'the document', cleanSecret);
    if (ring !== undefined) return ring;
    throw new KeyturnError('secret_missing', 'there is no keyring yet', NO_KEYRING_HINT);
  }

  /** The document after the last step, where one was given. Holds secrets. */
  get document(): string | undefined {
    return this.#document;
  }

  /** The reports of live replicas, where the ring is in a file that they can report beside. */
  async replicas(): Promise<readonly ReplicaReport[]> {
    const path = this.#path;
    if (path === undefined) return [];
    const lease = this.resolution.settings.get('security.keyring.lease');
    return await readReports(path, lease, this.#now(), this.#options.readOnly !== true);
  }

  /** Every key, every replica, and what is safe when. @param ring default: the one in force */
  async status(ring?: Keyring): Promise<Status> {
    const replicas = await this.replicas();
    return statusOf(ring ?? (await this.ring()), this.resolution, replicas, await this.#facts(replicas, {}));
  }

  /** The three deploys of a rotation, where the secret lives in variables. */
  deploys(): readonly Deploy[] {
    return deploysOf(this.resolution, this.#factsWith([], [], {}));
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
    const facts = await this.#facts(await this.replicas(), {});
    // What a rotation does depends on no key: it can be asked before there is one.
    const ring = step.step === 'rotate' ? undefined : await this.ring();
    return impactOf(step, ring, this.registry, facts);
  }

  /** Adds a key that verifies and does not sign yet. @throws KeyturnError see `stage` in the transitions */
  async stage(options: StageOptions = {}): Promise<Outcome> {
    const material = new Material(strongSecret(options.secret ?? generateSecret()));
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
    return await this.#step(kid, options, (ring, facts) => revoke(ring, kid, fresh, facts), REVOKE_BY_HAND);
  }

  /**
   * Promotes the staged key as soon as that is safe.
   *
   * @throws KeyturnError `too_early`, `replica_behind` when patience ends; the ring is as it was
   */
  async promoteWhenSafe(options: WaitOptions): Promise<Outcome> {
    const deadline = this.#now() + options.patience * 1000;
    for (;;) {
      const again = await Rotation.open({ ...this.#options, document: this.#document });
      try {
        const outcome = await again.promote(options.kid, options);
        this.#document = again.#document;
        return outcome;
      } catch (error) {
        if (
          !(error instanceof KeyturnError) ||
          (error.code !== 'too_early' && error.code !== 'replica_behind')
        )
          throw error;
        options.progress?.(await again.#waiting(options.kid, error));
        if (this.#now() >= deadline) throw error;
        const wake = Math.min(error.safeAt ?? Number.POSITIVE_INFINITY, deadline);
        await sleep(Math.max(50, Math.min(1000, wake - this.#now())));
      }
    }
  }

  async #waiting(asked: string | undefined, error: KeyturnError): Promise<Waiting> {
    const kid = asked ?? (await this.ring()).keys.find((key) => key.state === 'staged')?.id ?? '';
    const replicas = await this.replicas();
    const missing = replicas.filter((replica) => !replica.verifies.includes(kid));
    return {
      kid,
      because: error.message,
      safeAt: error.safeAt,
      replicas: replicas.length,
      knowing: replicas.length - missing.length,
      missing: missing.map((replica) => replica.instance),
    };
  }

  async #step(
    about: string | undefined,
    options: StepOptions,
    change: (ring: Keyring, facts: TransitionFacts) => Keyring,
    byHand: ByHand = STEP_BY_HAND,
  ): Promise<Outcome> {
    this.#refuseUnchangeable(byHand);
    let former: Keyring | undefined;
    // Called while the lock is held: the facts are as of the change, and not of when it was asked for.
    const apply = async (found: Keyring): Promise<Keyring> => {
      const replicas = await this.replicas();
      this.#refuseOtherRules(replicas);
      refuseOlder(found, replicas);
      const facts = await this.#facts(replicas, options);
      former = effective(found, facts.now);
      return change(found, facts);
    };
    const ring = await this.#write(apply, options.dryRun === true);
    const kid = about ?? ring.history.at(-1)?.kid ?? ring.active.id;
    return { ring, former: former as Keyring, kid };
  }

  async #write(apply: (ring: Keyring) => Promise<Keyring>, dryRun: boolean): Promise<Keyring> {
    const path = this.#path;
    if (dryRun || path === undefined) {
      const next = await apply(this.#found());
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

  #refuseUnchangeable(byHand: ByHand): void {
    const { source, hidden } = this.resolution;
    if (this.#document !== undefined) return;
    if (source?.format === 'document') {
      if (source.kind === 'file') return;
      throw new KeyturnError(
        'keyring_unwritable',
        `the document is what the command in ${source.name} prints`,
        'change it where it is kept, with --ring - in a pipeline',
      );
    }
    if (source === undefined) {
      const what = 'no keyring is configured';
      throw new KeyturnError('keyring_not_document', what, NO_KEYRING_HINT);
    }
    const what =
      source.kind === 'file'
        ? `${source.name} names a file with ${source.format === 'array' ? 'an array of secrets' : 'one line'}`
        : `${source.name} holds ${source.format === 'array' ? 'an array of secrets' : 'a secret'}`;
    // What an operator takes for the source in force, and is not.
    const under = hidden.filter(({ kind }) => kind !== 'development-file').map(({ name }) => name);
    const hint =
      under.length > 0
        ? `it hides ${under.join(', ')}: take it away, if that is what you mean`
        : source.kind === 'file'
          ? `turn it into one: keyturn import ${source.path}; until then ${byHand.file}`
          : source.kind === 'variable' || source.kind === 'command'
            ? `${byHand.variables}, or make a document with keyturn init`
            : 'make a document with keyturn init';
    throw new KeyturnError('keyring_not_document', `${what}, and not a keyring document`, hint);
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

  async #facts(replicas: readonly ReplicaReport[], options: StepOptions): Promise<TransitionFacts> {
    const path = this.#path;
    return this.#factsWith(replicas, path === undefined ? [] : [await endedFacts(path)], options);
  }

  /** @param ended what processes that are gone have left behind */
  #factsWith(
    replicas: readonly ReplicaReport[],
    ended: readonly ReplicaFacts[],
    options: StepOptions,
  ): TransitionFacts {
    const { settings } = this.resolution;
    const lease = settings.get('security.keyring.lease');
    const now = this.#now();
    const own: Lifetimes = Object.fromEntries(this.registry.all.map(({ name, maxAge }) => [name, maxAge]));
    return {
      now,
      maxLag: Math.max(
        settings.get('security.keyring.max_lag'),
        ...replicas.map((replica) => replica.maxLag),
      ),
      skew: settings.get('security.keyring.clock_skew'),
      // Code may know purposes, and configuration lifetimes, that this command's environment does not.
      lifetimes: replicas.map((replica) => replica.lifetimes).reduce(longer, own),
      replicas: [...replicas.map((replica) => replicaFacts(replica, lease, now)), ...ended],
      expectedReplicas: options.replicas,
      who: options.who,
      why: options.why,
    };
  }

  #now(): number {
    return this.#options.machine.now();
  }
}

/** A document that was put back to an older one: processes refuse it, and a step would build on what is past. */
function refuseOlder({ id, generation }: Keyring, replicas: readonly ReplicaReport[]): void {
  const ahead = replicas.find((replica) => replica.ring === id && replica.generation > generation);
  if (ahead === undefined) return;
  throw new KeyturnError(
    'keyring_outdated',
    `${ahead.instance} has generation ${ahead.generation} of the keyring in force, and the document is generation ${generation}`,
    'put the newest document back; to go back on purpose, stop the processes that have a newer one',
  );
}

const NO_KEYRING_HINT =
  'run this in the folder of the app, or name it with --cwd; where there is none yet, make one with keyturn init';

/** What to do where only a deploy can change the keys: with a file that is no document, and with variables. */
interface ByHand {
  readonly file: string;
  readonly variables: string;
}

const STEP_BY_HAND: ByHand = {
  file: `stage through ${variableOf('security.signing_secret.next_secrets')}`,
  variables: 'deploy new variables: keyturn rotate prints them',
};

const REVOKE_NOW = `deploy a new signing secret (keyturn generate), and the id of the key in ${variableOf('security.signing_secret.revoked_kids')}`;
const REVOKE_BY_HAND: ByHand = { file: REVOKE_NOW, variables: REVOKE_NOW };

/** A secret that may enter the ring. @throws KeyturnError `secret_weak`, `secret_empty`, `secret_malformed` */
export function strongSecret(secret: string): string {
  const clean = cleanSecret(secret, 'the new secret');
  const { enough, bytes, why } = judge(clean);
  if (enough) return clean;
  throw new KeyturnError(
    'secret_weak',
    `the new secret is too weak: ${bytes} of ${MINIMUM_BYTES} bytes count, since ${why}`,
    'let keyturn make one, or use the output of keyturn generate',
  );
}
