/// <reference lib="esnext.disposable" preserve="true" />
// Rotation as `keyturn/rotation` hands it out: the steps, and nothing that leads to a secret. The ring itself, and the
// configuration that it was found by, stay inside.
import { type OptionNames, requireCount, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { HeardReport } from '../fleet/authentic.js';
import { type Counts, type CountsSpan, SPANS } from '../fleet/counts.js';
import type { HistoryEntry } from '../keyring/keyring.js';
import { type KeyringView, viewOf } from '../keyring/view.js';
import type { Deploy } from './deploys.js';
import type { Impact, Step } from './impact.js';
import type { Rotation as RingRotation } from './rotation.js';
import type { Status } from './status.js';
import type { Outcome as RingOutcome, StageOptions, StepOptions } from './step.js';
import type { WaitOptions } from './wait.js';

/** What a step did, or with `dryRun` would do. */
export interface Outcome {
  /** The keyring after the step. */
  readonly keyring: KeyringView;
  /** The keyring before it. */
  readonly former: KeyringView;
  /** The key that it was about. */
  readonly kid: string;
}

/** The keyring in force, and the steps of its life. Made by `openRotation()`. */
export interface Rotation {
  /** Where the keyring is kept that steps change, as an operator calls it; undefined where no step can change it. */
  readonly place: string | undefined;
  /** Whether replicas share the keyring in an engine. */
  readonly shared: boolean;
  /** The keyring as it is now, without material; scheduled changes that are due included. */
  keyring(): Promise<KeyringView>;
  /** Every key, every replica, and what is safe when. */
  status(): Promise<Status>;
  /** The reports of live replicas, where they have a place to report in. */
  replicas(): Promise<readonly HeardReport[]>;
  /**
   * What replicas accepted over time, by key and purpose: the last quarter of an hour in buckets of 5 seconds, the last
   * day in buckets of 5 minutes, the last 31 days in buckets of 2 hours. Undefined where replicas have no place to tell
   * it, as with variables only. To be looked at: whoever can write to that place can make it up, and no step goes by it.
   *
   * @throws KeyturnError `engine_unavailable`
   */
  counts(span: CountsSpan): Promise<Counts | undefined>;
  /** When, what, which key, who, why; the oldest first. */
  history(): Promise<readonly HistoryEntry[]>;
  /** The three deploys of a rotation, where only a deploy can change the secret. */
  deploys(): Promise<readonly Deploy[]>;
  /**
   * What a step would do to each purpose.
   *
   * @throws KeyturnError `key_unknown`, `key_state`
   */
  impact(step: Step): Promise<Impact>;
  /**
   * Adds a key that verifies and does not sign yet.
   *
   * @throws KeyturnError `secret_weak`, `source_differs`, `stage_pending`, `keyring_full`, and what keeps a keyring from
   * being changed
   */
  stage(options?: StageOptions): Promise<Outcome>;
  /**
   * Lets a key sign.
   *
   * @param kid default: the staged one
   * @throws KeyturnError `too_early`, `replica_behind`, `source_differs`, `key_unknown`, `key_state`
   */
  promote(kid?: string, options?: StepOptions): Promise<Outcome>;
  /**
   * Promotes the staged key as soon as that is safe.
   *
   * @throws KeyturnError `too_early`, `replica_behind` when patience ends; the keyring is as it was
   */
  promoteWhenSafe(options: WaitOptions): Promise<Outcome>;
  /**
   * Lets the former key sign again.
   *
   * @throws KeyturnError `rollback_impossible`, `source_differs`
   */
  rollback(options?: StepOptions): Promise<Outcome>;
  /**
   * Removes a key whose tokens have expired.
   *
   * @param kid default: the only retiring one
   * @throws KeyturnError `too_early`, `source_differs`, `key_in_use`, `key_unknown`, `key_state`
   */
  retire(kid?: string, options?: StepOptions): Promise<Outcome>;
  /**
   * Refuses a key at once: for one that somebody else may have. Users with tokens of it are signed out. Needs `why`.
   *
   * @throws KeyturnError `reason_missing`, `key_unknown`, `key_state`
   */
  revoke(kid: string, options?: StepOptions): Promise<Outcome>;
  /**
   * Makes one keyring of the one in force and another copy of it, which was edited, or is older, or has gone its own
   * way: every key in its furthest state.
   *
   * @param document the text of a keyring document
   * @throws KeyturnError `keyring_exists` for another keyring, and what is wrong with the document
   */
  join(document: string, options?: StepOptions): Promise<Outcome>;
  /** Ends the connections to an engine, where the keyring or its replicas are in one: they keep the process. */
  close(): Promise<void>;
  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const STEP: OptionNames<StepOptions> = { who: true, why: true, replicas: true, gone: true, dryRun: true };
const STAGE: OptionNames<StageOptions> = { ...STEP, secret: true, activateIn: true };
const WAIT: OptionNames<WaitOptions> = { ...STEP, kid: true, patience: true, progress: true };

/** @throws KeyturnError `argument_invalid` */
function requireCounts({ replicas, activateIn }: Pick<StageOptions, 'replicas' | 'activateIn'>): void {
  if (replicas !== undefined)
    requireCount(replicas, 'the option replicas', 1, 'write how many there are: replicas: 3');
  if (activateIn !== undefined)
    requireCount(activateIn, 'the option activateIn', 1, 'write seconds: activateIn: 3600');
}

/** With `NaN` a wait would have no end. @throws KeyturnError `argument_invalid` */
function requirePatience(options: WaitOptions): WaitOptions {
  if (typeof options.patience === 'number' && options.patience >= 0) return options;
  throw new KeyturnError(
    'argument_invalid',
    'the option patience is not a number of seconds',
    'write how long to wait: promoteWhenSafe({ patience: 600 })',
  );
}

/** Takes a step with options that it knows. */
async function take<O extends Pick<StageOptions, 'replicas' | 'activateIn'>>(
  call: string,
  known: OptionNames<O>,
  options: O | undefined,
  step: () => Promise<RingOutcome>,
): Promise<Outcome> {
  requireOptions(options, call, known);
  if (options !== undefined) requireCounts(options);
  const { ring, former, kid } = await step();
  return Object.freeze({ keyring: viewOf(ring), former: viewOf(former), kid });
}

export function publicRotation(inner: RingRotation): Rotation {
  const close = () => inner.close();
  const rotation: Rotation = {
    place: inner.place,
    shared: inner.shared,
    keyring: async () => viewOf(await inner.ring()),
    status: () => inner.status(),
    replicas: () => inner.replicas(),
    counts: async (span) => await inner.counts(requireSpan(span)),
    history: () => inner.history(),
    deploys: () => inner.deploys(),
    impact: async (step) => await inner.impact(requireStep(step)),
    stage: (options) => take('stage(options)', STAGE, options, () => inner.stage(options)),
    promote: (kid, options) =>
      take('promote(kid, options)', STEP, options, () => inner.promote(kidOf(kid), options)),
    promoteWhenSafe: (options) =>
      take('promoteWhenSafe(options)', WAIT, options ?? null, () =>
        inner.promoteWhenSafe(requirePatience(options)),
      ),
    rollback: (options) => take('rollback(options)', STEP, options, () => inner.rollback(options)),
    retire: (kid, options) =>
      take('retire(kid, options)', STEP, options, () => inner.retire(kidOf(kid), options)),
    revoke: (kid, options) => take('revoke(kid, options)', STEP, options, () => inner.revoke(kid, options)),
    join: (document, options) =>
      take('join(document, options)', STEP, options, () => inner.join(document, options)),
    close,
    [Symbol.asyncDispose]: close,
  };
  return Object.freeze(rotation);
}

function requireSpan(given: CountsSpan): CountsSpan {
  if (Object.hasOwn(SPANS, given)) return given;
  throw new KeyturnError(
    'argument_invalid',
    'that is not a span of time',
    'write counts("quarter-hour"), "day" or "month"',
  );
}

/** What is asked about, or something else: the impact of another step would be a wrong answer. */
function requireStep(given: Step): Step {
  if (['rotate', 'retire', 'revoke'].includes(given?.step)) return given;
  throw new KeyturnError(
    'argument_invalid',
    'that is not a step to ask about',
    'write impact({ step: "rotate" }), or "retire" or "revoke" with the kid of a key',
  );
}

/** Options in the place of the key's id would be dropped, and the step taken without them. */
function kidOf(kid: string | undefined): string | undefined {
  if (kid === undefined || typeof kid === 'string') return kid;
  throw new KeyturnError(
    'argument_invalid',
    'the id of a key must be a text',
    'options come second: promote(undefined, { who }) for the staged key',
  );
}
