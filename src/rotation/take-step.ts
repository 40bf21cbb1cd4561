// One step: the facts are gathered while nobody else changes the ring, a pure transition decides, and the ring that comes
// of it is written whole.
import type { HeardReport } from '../fleet/authentic.js';
import { refuseDisagreement, refuseOwnClock } from '../fleet/refusals.js';
import { endedFacts, lastSignedBy, lastSignedByAll } from '../fleet/replica-facts.js';
import { saySilence } from '../fleet/silent.js';
import type { Keyring } from '../keyring/keyring.js';
import { applyScheduled } from '../keyring/scheduled.js';
import { requireSpareRoom, shrinkToFit } from '../keyring/size-limit.js';
import type { TransitionFacts } from '../keyring/step-facts.js';
import type { RingPlaces } from '../keyring-stores/places.js';
import type { Gathering } from './gathering.js';
import { type ByHand, COMMAND_WORDS, REVOKE_BY_HAND, STEP_BY_HAND } from './refusals.js';
import type { RingAccess } from './ring-access.js';
import type { Outcome, StepOptions } from './step.js';

/** How a step goes by what replicas say. */
export interface StepRules {
  readonly byHand: ByHand;
  /** Whatever they say, and whether they can be asked or not. */
  readonly regardless: boolean;
  /** It makes one ring of two copies: what comes of it is what replicas must be able to follow. */
  readonly joins: boolean;
}

export const BY_THE_FLEET: StepRules = { byHand: STEP_BY_HAND, regardless: false, joins: false };
export const JOIN: StepRules = { byHand: STEP_BY_HAND, regardless: false, joins: true };
/** Somebody may have the secret: nothing that others write may stand in the way. */
export const REVOKE: StepRules = { byHand: REVOKE_BY_HAND, regardless: true, joins: false };

/** Makes the next ring, or refuses by throwing. */
export type Change = (ring: Keyring, facts: TransitionFacts, replicas: readonly HeardReport[]) => Keyring;

/** What a step is taken on. */
export interface StepParts {
  readonly gathering: Gathering;
  readonly places: RingPlaces;
  /** The profile of whoever takes it; undefined where none was given, and replicas say theirs. */
  readonly profile: string | undefined;
  /** What is assumed where no replica says one. */
  readonly assumed: string;
  readonly access: RingAccess;
}

/** @param about the key that it is about; default: the one that the last line of the history names */
export async function takeStep(
  { gathering, places, profile, assumed, access }: StepParts,
  about: string | undefined,
  options: StepOptions,
  change: Change,
  { regardless, joins }: StepRules,
): Promise<Outcome> {
  const dryRun = options.dryRun === true;
  let former: Keyring | undefined;
  let gone: readonly HeardReport[] = [];
  let heard: readonly HeardReport[] = [];
  // Called while the lock is held: the facts are as of the change, and not of when it was asked for.
  const apply = async (found: Keyring): Promise<Keyring> => {
    heard = await gathering.heard(found, { regardless });
    gone = heard.filter((report) => isNamed(report, options.gone));
    const replicas = heard.filter((report) => !gone.includes(report));
    const self = {
      profile: profile ?? replicas[0]?.profile ?? assumed,
      roots: places.shared?.roots,
      words: COMMAND_WORDS,
    };
    try {
      if (!regardless && !joins) refuseDisagreement(found, self, replicas);
      if (!regardless) {
        refuseOwnClock(gathering.clockAhead, gathering.countsBy.skew, {
          name: places.store?.name ?? '',
          inEngine: places.shared !== undefined,
          words: COMMAND_WORDS,
        });
      }
      const facts = await gathering.facts(found, replicas, options, { regardless });
      former = applyScheduled(found, facts.now);
      const next = change(found, withGone(facts, gone), replicas);
      if (joins) refuseDisagreement(next, self, replicas);
      return regardless ? shrinkToFit(next) : requireSpareRoom(next);
    } catch (error) {
      throw saySilence(error, replicas, gathering.countsBy, gathering.now());
    }
  };
  const ring = await access.change(apply, dryRun);
  // What cannot be taken away counts for its lease: the step is done.
  for (const report of dryRun ? [] : gone) await places.fleet?.forget(report, former).catch(() => undefined);
  // The key that vouched for some of them may be gone now.
  if (regardless && !dryRun)
    await places.fleet?.keep(lastSignedByAll(heard), former as Keyring).catch(() => undefined);
  const kid = about ?? ring.history.at(-1)?.kid ?? ring.active.id;
  return { ring, former: former as Keyring, kid };
}

/** Whether an operator says that it has ended. @param names of processes, or of the places that they run in */
function isNamed({ instance, unit }: HeardReport, names: readonly string[] = []): boolean {
  return names.includes(instance) || (unit !== undefined && names.includes(unit));
}

/** The facts of a step without these processes: they know nothing any more, and may have signed until now. */
function withGone(facts: TransitionFacts, gone: readonly HeardReport[]): TransitionFacts {
  const ended = gone.map((report) => ({
    ...endedFacts(lastSignedBy(report, facts.now)),
    instance: report.instance,
  }));
  return {
    ...facts,
    replicas: [...facts.replicas, ...ended],
    gone: gone.map(({ instance }) => instance),
  };
}
