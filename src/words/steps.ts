// The steps by their names. Commands, buttons, headings, the history, `next:` and refusals call a step by the same verb, and
// a step that is refused is told in one form.
import type { HistoryEntry } from '../keyring/keyring.js';
import { grouped } from '../printable.js';

/** A step of a keyring, as its history notes it. */
export type StepName = 'stage' | 'promote' | 'rollback' | 'retire' | 'revoke';

const VERBS: Readonly<Record<StepName, string>> = {
  stage: 'stage',
  promote: 'promote',
  rollback: 'roll back to',
  retire: 'retire',
  revoke: 'revoke',
};

const DONE: Readonly<Record<StepName, string>> = {
  stage: 'staged',
  promote: 'promoted',
  rollback: 'rolled back to',
  retire: 'retired',
  revoke: 'revoked',
};

/** "promote K2", "roll back to K1", "stage a fresh key" */
export function stepInWords(step: StepName, kid: string | undefined): string {
  return `${VERBS[step]} ${kid ?? 'a fresh key'}`;
}

/** "promoted K2": the same once it has been taken. */
export function stepDone(step: StepName, kid: string | undefined): string {
  return `${DONE[step]} ${kid ?? 'a fresh key'}`;
}

/** Why a step is refused, and until when. */
export interface RefusedFor {
  /** What stands in the way, where that is more than time; the beginning of it is no capital letter. */
  readonly why?: string | undefined;
  /** In words: "14:05 UTC (in 22 s)". */
  readonly until?: string | undefined;
}

/**
 * "Keyturn refuses to retire K1 until 14:05 UTC (in 22 s)." Where more than time is missing: "… until … at the earliest:
 * still signed with by web-2."
 *
 * @param step as `stepInWords` has it
 */
export function refusal(step: string, { why, until }: RefusedFor): string {
  const earliest = why === undefined ? '' : ' at the earliest';
  const when = until === undefined ? '' : ` until ${until}${earliest}`;
  return `Keyturn refuses to ${step}${when}${why === undefined ? '' : `: ${why}`}.`;
}

/** What a line of the history is called: it is a step, or stands for older ones. */
export function historyWhat({ what, lines }: HistoryEntry): string {
  return lines === undefined ? what : 'older lines';
}

/**
 * Which key signed before each rollback, by the line of it: its id alone reads as that of the key that was given up. Lines
 * that are folded tell of no key.
 */
export function rolledBackFrom(history: readonly HistoryEntry[]): ReadonlyMap<HistoryEntry, string> {
  const found = new Map<HistoryEntry, string>();
  let signs: string | undefined;
  for (const entry of history) {
    const { what, kid, lines } = entry;
    if (what === 'rollback' && signs !== undefined && signs !== kid) found.set(entry, signs);
    if (lines !== undefined || what === 'revoke') signs = undefined;
    else if (what === 'promote' || what === 'rollback') signs = kid;
  }
  return found;
}

/** "1,204 older lines, kept as one; the first was of 2024-06-09 14:05 UTC" */
export function olderLines({ lines = 0 }: HistoryEntry, first: string): string {
  return `${grouped(lines)} older lines, kept as one; the first was of ${first}`;
}
