// Which steps can be taken here and now, and why another one cannot: what a page offers, and what the one that takes it
// checks again. The transitions decide: this only says it beforehand.
import { formerKey } from '../keyring/former-key.js';
import { capitalised, listOf } from '../printable.js';
import type { Impact } from '../rotation/impact.js';
import type { KeyStatus, Status } from '../rotation/status.js';
import { replicaName } from '../words/names.js';
import { firstProblem, hasSteps, isSafe, stepObstacle } from '../words/next-step.js';
import type { View } from '../words/view.js';
import type { ConsoleStep } from './contract.js';

/** A step that makes sense here. */
export interface OfferedStep {
  readonly step: ConsoleStep['step'];
  /** The key that it is about; undefined for `rotate`, which stages a fresh one. */
  readonly kid: string | undefined;
  /** What it is, in a few words: "Let K2 sign". */
  readonly name: string;
  /** What it does, in a sentence. */
  readonly does: string;
  /** Whether it can be taken now. */
  readonly safe: boolean;
  /** Why that is so, in a sentence. */
  readonly why: string;
  /** When it becomes safe, where that is a matter of time; milliseconds since 1970. */
  readonly safeAt: number | undefined;
  /** Whether tokens that are alive may be refused by it. The impact says which. */
  readonly ends: boolean;
}

/** Whether steps can change the ring from here. Where it is changed by a deploy, or in a pipeline, they cannot. */
export function takesSteps({ place, writable }: Status): boolean {
  return place !== undefined && writable;
}

/** Whether a step refuses what somebody holds: whoever takes it has to type the id of the key. */
export function breaksSomething({ rows }: Impact): boolean {
  return rows.some(({ effect }) => effect === 'refused');
}

/** The steps of the ring as it is, in the order of a rotation. */
export function offeredSteps(view: View): readonly OfferedStep[] {
  return takesSteps(view.status) ? stepsThereAre(view) : [];
}

/** The same, wherever they are taken. None where only a deploy changes keys. */
export function stepsThereAre(view: View): readonly OfferedStep[] {
  const { status } = view;
  if (!hasSteps(status)) return [];
  const of = (state: KeyStatus['state']) => status.keys.filter((key) => key.state === state);
  const staged = of('staged');
  // The one that may go first, first.
  const retiring = of('retiring').sort((one, other) => (one.safeAt ?? 0) - (other.safeAt ?? 0));
  const former = rollbackTo(view);
  const steps: readonly OfferedStep[] = [
    rotate(staged[0]),
    ...staged.map((key) => promote(key, status)),
    ...(status.forward === undefined ? [] : [signAgain(status.forward, status)]),
    ...(former === undefined ? [] : [rollback(former, status)]),
    ...retiring.map((key) => retire(key, status)),
    ...staged.map((key) => takeBack(key, status)),
  ];
  const { silence } = status;
  const wrong =
    firstProblem(status, 'this console') ??
    (silence === undefined ? undefined : `replicas cannot be asked: ${silence}`);
  const held = steps.map((step) =>
    wrong === undefined ? step : { ...step, safe: false, why: `${capitalised(wrong)}.`, safeAt: undefined },
  );
  // In an emergency it is the key that signs.
  return [...held, ...[...of('active'), ...retiring, ...staged].map((key) => revoke(key, status))];
}

function rotate(staged: KeyStatus | undefined): OfferedStep {
  return {
    step: 'rotate',
    kid: undefined,
    name: 'Stage a fresh key',
    does: 'Makes a new key that verifies everywhere, and signs nothing yet.',
    safe: staged === undefined,
    why:
      staged === undefined
        ? 'Nobody would be signed out: the same key keeps signing.'
        : `${staged.id} is staged already: let it sign, or drop it first.`,
    safeAt: undefined,
    ends: false,
  };
}

function promote(key: KeyStatus, status: Status): OfferedStep {
  const { replicas } = status;
  const known =
    replicas.length === 0
      ? 'every replica has had the time to learn of it'
      : `${key.knownBy} of ${replicas.length} replicas verify with it`;
  return {
    step: 'promote',
    kid: key.id,
    name: `Let ${key.id} sign`,
    does: `${key.id} signs from then on. What ${signerOf(status)} has signed is accepted until it expires.`,
    ends: false,
    ...whenSafe(key, status, `Nobody would be signed out: ${known}.`),
  };
}

/** After a rollback. */
function signAgain(key: KeyStatus, status: Status): OfferedStep {
  return {
    step: 'promote',
    kid: key.id,
    name: `Let ${key.id} sign again`,
    does: `Goes forward again to the key that was rolled back from. What ${signerOf(status)} has signed is accepted until it expires.`,
    ends: false,
    ...whereKnown(key, status),
  };
}

function rollback(key: KeyStatus, status: Status): OfferedStep {
  const signer = signerOf(status);
  return {
    step: 'rollback',
    kid: key.id,
    name: `Roll back to ${key.id}`,
    does: `${key.id} signs again. Whoever signed in under ${signer} stays signed in: ${signer} goes on to verify.`,
    ends: false,
    ...whereKnown(key, status),
  };
}

function retire(key: KeyStatus, status: Status): OfferedStep {
  return {
    step: 'retire',
    kid: key.id,
    name:
      status.forward?.id === key.id
        ? `Retire ${key.id}, which was rolled back`
        : `Retire the old key ${key.id}`,
    does: `Removes the secret of ${key.id} for good. Its id stays in the history.`,
    ends: false,
    ...whenSafe(key, status, 'Nobody would be signed out: its last token has expired.'),
  };
}

/** A staged key that is not wanted. */
function takeBack(key: KeyStatus, status: Status): OfferedStep {
  const signers = status.replicas
    .filter(({ signs }) => signs === key.id)
    .map((replica) => replicaName(replica, status));
  const why =
    signers.length > 0
      ? `It is signed with by ${listOf(signers)}.`
      : key.lastSignedAt !== undefined
        ? 'It has signed: its tokens may be alive.'
        : key.scheduledFor !== undefined
          ? 'It takes over by itself, and not every replica may know in time that it should not.'
          : undefined;
  return {
    step: 'retire',
    kid: key.id,
    name: `Drop the staged key ${key.id}`,
    does: `Removes the staged key ${key.id} before it signs anything.`,
    safe: why === undefined,
    why: why ?? 'Nobody would be signed out: it has signed nothing.',
    safeAt: undefined,
    ends: false,
  };
}

function revoke(key: KeyStatus, status: Status): OfferedStep {
  const unused = key.state === 'staged' && key.lastSignedAt === undefined;
  const over = key.state === 'retiring' && isSafe(key, status);
  const ends = !unused && !over;
  const staged = status.keys.find(({ state }) => state === 'staged');
  const then =
    key.state === 'active'
      ? ` ${staged === undefined ? 'A fresh key' : staged.id} signs from then on, known to every replica or not.`
      : '';
  return {
    step: 'revoke',
    kid: key.id,
    name: `Revoke ${key.id}`,
    does: unused
      ? `Takes ${key.id} away at once. It has signed nothing.`
      : `Refuses everything that ${key.id} has signed, at once: for a key that somebody else may have.${then}`,
    safe: true,
    why: ends
      ? 'Whoever holds what this key has signed is refused at once. Nothing delays this step.'
      : 'Nobody would be signed out: no token of it is alive.',
    safeAt: undefined,
    ends,
  };
}

/** The key that signed before, where it can sign again. */
function rollbackTo({ status, lastRotation }: View): KeyStatus | undefined {
  const active = status.keys.find(({ state }) => state === 'active');
  const isBack = lastRotation?.what === 'rollback' && lastRotation.kid === active?.id;
  const former = isBack ? undefined : formerKey(status);
  return former?.state === 'retiring' ? former : undefined;
}

/** Why a step is refused where only time is missing. */
export const TOO_EARLY = {
  staged: 'Not every replica is sure to know it yet.',
  retiring: 'Tokens of it may still be alive.',
} as const;

type Safety = Pick<OfferedStep, 'safe' | 'why' | 'safeAt'>;

function whenSafe(key: KeyStatus, status: Status, why: string): Safety {
  if (isSafe(key, status)) return { safe: true, why, safeAt: undefined };
  const obstacle = stepObstacle(key, status);
  const later = key.safeAt === undefined || key.safeAt <= status.now ? undefined : key.safeAt;
  const early = key.state === 'staged' ? TOO_EARLY.staged : TOO_EARLY.retiring;
  return { safe: false, why: obstacle === undefined ? early : `${capitalised(obstacle)}.`, safeAt: later };
}

/** Of a key that has signed before: only who has never heard of it stands in the way. */
function whereKnown({ id }: KeyStatus, { replicas }: Status): Safety {
  const behind = replicas.filter(({ signs, verifies }) => signs !== undefined && !verifies.includes(id));
  const names = behind.slice(0, 5).map((replica) => replicaName(replica, { replicas }));
  const more = behind.length - names.length;
  return behind.length === 0
    ? {
        safe: true,
        why: 'Nobody would be signed out: every replica that reports verifies with it.',
        safeAt: undefined,
      }
    : {
        safe: false,
        why: `Unknown to ${listOf(more > 0 ? [...names, `${more} more`] : names)}.`,
        safeAt: undefined,
      };
}

function signerOf({ keys }: Status): string {
  return keys.find(({ state }) => state === 'active')?.id ?? 'the former key';
}
