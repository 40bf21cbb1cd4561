// Which steps can be taken here and now, and why another one cannot: what a page offers, and what the one that takes it
// checks again. The transitions decide: this only says it beforehand.
import { formerKey } from '../keyring/former-key.js';
import { capitalised, listOf } from '../printable.js';
import type { Impact } from '../rotation/impact.js';
import type { KeyStatus, Status } from '../rotation/status.js';
import { replicaName } from '../words/names.js';
import { hasSteps, isSafe, stepObstacle } from '../words/next-step.js';
import { refusal, type StepName, stepInWords } from '../words/steps.js';
import { firstProblem } from '../words/stops.js';
import type { View } from '../words/view.js';
import { sayMarked } from './marked-moment.js';

/** A step that makes sense here. */
export interface OfferedStep {
  readonly step: StepName;
  /** The key that it is about; undefined for `stage`, which makes a fresh one. */
  readonly kid: string | undefined;
  /** What it is, in a few words: "Promote K2". */
  readonly name: string;
  /** What it does, in a sentence. */
  readonly does: string;
  /** Whether it can be taken now. */
  readonly safe: boolean;
  /** Why that is so, in a sentence; moments in it are marked. */
  readonly why: string;
  /** When it becomes safe, where that is a matter of time; milliseconds since 1970. */
  readonly safeAt: number | undefined;
  /** Whether nothing but time is missing, which need not pass where all replicas are counted and report. */
  readonly isShortened?: boolean;
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
    stage(staged[0]),
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
    wrong === undefined
      ? step
      : { ...step, ...refused(step.step, step.kid, { why: wrong }), isShortened: false },
  );
  // In an emergency it is the key that signs.
  return [...held, ...[...of('active'), ...retiring, ...staged].map((key) => revoke(key, status))];
}

function stage(staged: KeyStatus | undefined): OfferedStep {
  return {
    step: 'stage',
    kid: undefined,
    name: nameOf('stage', undefined),
    does: 'Makes a new key that verifies everywhere, and signs nothing yet.',
    ends: false,
    ...(staged === undefined
      ? safely('Nobody would be signed out: the same key keeps signing.')
      : refused('stage', undefined, {
          why: `${staged.id} is staged already; promote it, or retire it, first`,
        })),
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
    name: nameOf('promote', key.id),
    does: `${key.id} signs from then on. What ${signerOf(status)} has signed is accepted until it expires.`,
    ends: false,
    ...whenSafe('promote', key, status, `Nobody would be signed out: ${known}.`),
  };
}

/** After a rollback. */
function signAgain(key: KeyStatus, status: Status): OfferedStep {
  return {
    step: 'promote',
    kid: key.id,
    name: `${nameOf('promote', key.id)} again`,
    does: `Goes forward again to the key that was rolled back from. What ${signerOf(status)} has signed is accepted until it expires.`,
    ends: false,
    ...whereKnown('promote', key, status),
  };
}

function rollback(key: KeyStatus, status: Status): OfferedStep {
  const signer = signerOf(status);
  return {
    step: 'rollback',
    kid: key.id,
    name: nameOf('rollback', key.id),
    does: `${key.id} signs again. Whoever signed in under ${signer} stays signed in: ${signer} goes on to verify.`,
    ends: false,
    ...whereKnown('rollback', key, status),
  };
}

function retire(key: KeyStatus, status: Status): OfferedStep {
  return {
    step: 'retire',
    kid: key.id,
    name: `${nameOf('retire', key.id)}${status.forward?.id === key.id ? ', which was rolled back' : ''}`,
    does: `Removes the secret of ${key.id} for good. Its id stays in the history.`,
    ends: false,
    ...whenSafe('retire', key, status, 'Nobody would be signed out: its last token has expired.'),
  };
}

/** A staged key that is not wanted. */
function takeBack(key: KeyStatus, status: Status): OfferedStep {
  const signers = status.replicas
    .filter(({ signs }) => signs === key.id)
    .map((replica) => replicaName(replica, status));
  const why =
    signers.length > 0
      ? `it is signed with by ${listOf(signers)}`
      : key.lastSignedAt !== undefined
        ? 'it has signed, and its tokens may be alive'
        : key.scheduledFor !== undefined
          ? 'it signs by itself, and not every replica may know in time that it should not'
          : undefined;
  return {
    step: 'retire',
    kid: key.id,
    name: `${nameOf('retire', key.id)}, which is staged`,
    does: `Gives the rotation up: removes ${key.id} before it signs anything.`,
    ends: false,
    ...(why === undefined
      ? safely('Nobody would be signed out: it has signed nothing.')
      : refused('retire', key.id, { why })),
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
    name: nameOf('revoke', key.id),
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

function nameOf(step: StepName, kid: string | undefined): string {
  return capitalised(stepInWords(step, kid));
}

type Safety = Pick<OfferedStep, 'safe' | 'why' | 'safeAt' | 'isShortened'>;

function safely(why: string): Safety {
  return { safe: true, why, safeAt: undefined };
}

function refused(
  step: StepName,
  kid: string | undefined,
  { why, until }: { readonly why?: string; readonly until?: string },
  safeAt?: number,
): Safety {
  return { safe: false, why: refusal(stepInWords(step, kid), { why, until }), safeAt };
}

function whenSafe(step: StepName, key: KeyStatus, status: Status, why: string): Safety {
  const { id, safeAt } = key;
  const { now } = status;
  if (isSafe(key, status)) return safely(why);
  const say = sayMarked(now);
  const obstacle = stepObstacle(key, status, say);
  const later = safeAt === undefined || safeAt <= now ? undefined : safeAt;
  const reasons = {
    ...(obstacle === undefined ? {} : { why: obstacle }),
    ...(later === undefined ? {} : { until: say(later) }),
  };
  return { ...refused(step, id, reasons, later), isShortened: step === 'promote' && obstacle === undefined };
}

/** Of a key that has signed before: only who has never heard of it stands in the way. */
function whereKnown(step: StepName, { id }: KeyStatus, { replicas }: Status): Safety {
  const behind = replicas.filter(({ signs, verifies }) => signs !== undefined && !verifies.includes(id));
  const names = behind.slice(0, 5).map((replica) => replicaName(replica, { replicas }));
  const more = behind.length - names.length;
  return behind.length === 0
    ? safely('Nobody would be signed out: every replica that reports verifies with it.')
    : refused(step, id, { why: `unknown to ${listOf(more > 0 ? [...names, `${more} more`] : names)}` });
}

function signerOf({ keys }: Status): string {
  return keys.find(({ state }) => state === 'active')?.id ?? 'the former key';
}
