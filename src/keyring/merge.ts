// Makes one keyring of two copies of it that have gone different ways: one was edited by hand, steps were taken on a
// backup, or two people took steps on copies of their own. What comes of it follows on both, so that whoever holds
// either takes it.
import { historyText } from './history-text.js';
import { KEY_STATES, Key, type KeyState, type Lifetimes, larger, type Material } from './key.js';
import { type HistoryEntry, Keyring } from './keyring.js';
import { gatherMarks } from './marks.js';
import { foldedHistory } from './prune.js';
import { applyScheduled } from './scheduled.js';
import type { TransitionFacts } from './step-facts.js';

interface MergeFacts extends Pick<TransitionFacts, 'now' | 'lifetimes' | 'who' | 'why'> {
  /** Signs where no other key can any more. */
  readonly fresh: Material;
}

/**
 * Every key in its furthest state: what was revoked on one side is revoked, and a key is not staged that has signed.
 * The same ring where the other copy adds nothing.
 *
 * @param mine the one in force, or kept
 * @param other of the same id
 */
export function merge(mine: Keyring, other: Keyring, facts: MergeFacts): Keyring {
  const [one, two] = [applyScheduled(mine, facts.now), applyScheduled(other, facts.now)];
  const history = joined(one.history, two.history);
  const furthest = new Map(
    [...one.keys, ...two.keys].map(({ id }) => [id, furthestState(id, one, two, history)]),
  );
  if (addsNothing(mine, other, furthest)) return mine;
  const signs = signer(one, two, furthest);
  const keys = [...furthest].map(([id, state]) => {
    const settled = id === signs ? 'active' : state === 'active' ? 'retiring' : state;
    return joinedKey([one.get(id), two.get(id)], settled, facts);
  });
  const active =
    signs === undefined ? [new Key(facts.fresh, 'active', { dates: { active: facts.now } })] : [];
  const generation = Math.max(mine.generation, other.generation) + 1;
  const all = [...active, ...keys];
  return new Keyring(all, {
    id: mine.id as string,
    generation,
    history: foldedHistory([...history, ...linesOf(all, [one, two], history, facts)]),
    marks: gatherMarks([...mine.marks, ...other.marks], generation),
    replaces: [...new Set([...mine.replaces, ...other.replaces])],
  });
}

function furthestState(id: string, one: Keyring, two: Keyring, history: readonly HistoryEntry[]): KeyState {
  const said = history.filter(({ kid, what }) => kid === id && (what === 'stage' || isEnd(what)));
  // By hand a key may have been brought back that a step took away.
  const revoked = said.some(({ what }) => what === 'revoke') ? (['revoked'] as const) : [];
  const retired = said.at(-1)?.what === 'retire' ? (['retired'] as const) : [];
  const states = [one.get(id)?.state, two.get(id)?.state, ...revoked, ...retired];
  return KEY_STATES[Math.max(...states.map((state) => KEY_STATES.indexOf(state as KeyState)))] as KeyState;
}

function addsNothing(mine: Keyring, other: Keyring, furthest: ReadonlyMap<string, KeyState>): boolean {
  const edited = mine.marks.filter(({ generation }) => generation === mine.generation).length > 1;
  return (
    !edited &&
    other.marks.every((mark) => mine.passesThrough(mark)) &&
    [...furthest].every(([id, state]) => mine.get(id)?.state === state)
  );
}

/**
 * A key verifies everywhere before it signs anywhere: whoever holds one of the copies must know it. Undefined when none
 * is left.
 */
function signer(one: Keyring, two: Keyring, furthest: ReadonlyMap<string, KeyState>): string | undefined {
  const isLive = (id: string) => furthest.get(id) !== 'retired' && furthest.get(id) !== 'revoked';
  const knownToBoth = ({ id }: Key) => one.get(id)?.live === true && two.get(id)?.live === true;
  const candidates = [one.active, two.active, ...one.live, ...two.live].filter(({ id }) => isLive(id));
  const next =
    candidates.find((key) => furthest.get(key.id) === 'active' && knownToBoth(key)) ??
    candidates.find((key) => furthest.get(key.id) !== 'staged' && knownToBoth(key)) ??
    candidates[0];
  return next?.id;
}

function joinedKey(
  copies: ReadonlyArray<Key | undefined>,
  state: KeyState,
  { now, lifetimes }: MergeFacts,
): Key {
  const found = copies.filter((key) => key !== undefined);
  const [first] = found as [Key];
  const material = found.find((key) => key.material !== undefined)?.material;
  // Every wait counts from the later of two dates.
  const dates = found.map((key): Lifetimes => key.dates).reduce(larger);
  const plans = found.flatMap(({ scheduledFor }) => scheduledFor ?? []);
  const signed = state === 'active' || state === 'retiring';
  return new Key(material ?? first.id, state, {
    dates: dates[state] === undefined ? { ...dates, [state]: now } : dates,
    lifetimes: [...found.map((key) => key.lifetimes), signed ? lifetimes : {}].reduce(larger),
    scheduledFor: plans.length === 0 ? undefined : Math.max(...plans),
  });
}

/** Each line once, in the order of time. */
function joined(one: readonly HistoryEntry[], other: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const lines = new Map([...one, ...other].map((line) => [JSON.stringify(line), line]));
  return [...lines.values()].sort((a, b) => a.at - b.at);
}

/** What the merge itself did: no key goes without a line that says so. */
function linesOf(
  keys: readonly Key[],
  copies: readonly Keyring[],
  history: readonly HistoryEntry[],
  { now, who, why }: MergeFacts,
): readonly HistoryEntry[] {
  const line = (what: string, kid: string) => ({ at: now, what, kid, ...historyText({ who, why }) });
  const gone = keys.filter(
    ({ id, live }) =>
      !live &&
      copies.some((copy) => copy.get(id)?.live === true) &&
      !history.some(({ kid, what }) => kid === id && isEnd(what)),
  );
  const signs = keys.find(({ state }) => state === 'active')?.id ?? '';
  return [
    ...gone.map(({ id, state }) => line(state === 'revoked' ? 'revoke' : 'retire', id)),
    line('import', signs),
  ];
}

function isEnd(what: string): boolean {
  return what === 'retire' || what === 'revoke';
}
