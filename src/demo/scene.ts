// What there is to see of a demo at one moment. It is facts: who draws it finds the words.
import type { KeysInForce } from './messages.js';
import type { Counted } from './tally.js';

/** How many steps are shown: 4 by hand, 8 with Keyturn. */
export const STEPS = 12;

export type Run = 'by-hand' | 'with-keyturn';

/** One thing that is done, and what it shows. */
export interface Step {
  /** Which of the two. */
  readonly run: Run;
  /** In a few words. */
  readonly title: string;
  /** The command that does it, as somebody would type it. */
  readonly command?: string | undefined;
  /** Short sentences: what it does. */
  readonly says: readonly string[];
  /** What the command answers where it refuses. */
  readonly refusal?: { readonly message: string; readonly hint: string } | undefined;
  /** What to look at. */
  readonly look: string;
}

export interface ReplicaSeen {
  /** As the console and the commands call it, too. */
  readonly name: string;
  readonly doing: 'starts' | 'serves' | 'stands still';
  /** The id of its process. */
  readonly pid: number | undefined;
  readonly keys: KeysInForce | undefined;
}

export interface Scene {
  /** Since the demo began, in milliseconds. */
  readonly elapsed: number;
  readonly replicas: readonly ReplicaSeen[];
  readonly visitors: number;
  readonly signedIn: number;
  /** Of the run by hand: so far, or all of it. */
  readonly byHand: Counted;
  /** Of the other one so far; undefined before it begins. */
  readonly withKeyturn: Counted | undefined;
  /** How many visitors hold a session that each key has signed. */
  readonly sessionsByKey: ReadonlyMap<string, number>;
  readonly step: Step | undefined;
  /** Counted from 1. */
  readonly stepNumber: number;
  /** What is waited for just now. */
  readonly waitsFor: string | undefined;
  /** Where the console is. It comes with the keyring; undefined where there is none, or none any more. */
  readonly console: { readonly link: string } | 'comes' | undefined;
  /** Whether the last step has been taken. */
  readonly isThrough: boolean;
  /** Whether all has been shown, and what was made is taken away. */
  readonly isOver: boolean;
}
