// How long everything takes: as a person can follow it, or fast, for a machine. The steps are the same.

export interface Pace {
  readonly visitors: number;
  /** Between two visits of one visitor, on average; milliseconds. */
  readonly pause: number;
  /** How long a session lives that nobody uses, in seconds. */
  readonly life: number;
  /** What the keyring waits for, in seconds: see the settings under [security.keyring]. */
  readonly maxLag: number;
  readonly clockSkew: number;
  readonly lease: number;
  /** How long an answer may take before a replica passes for one that does not answer, in milliseconds. */
  readonly patience: number;
  /** How long each picture stands, so that somebody can look at it; milliseconds. */
  readonly look: number;
  /** How long the run by hand takes, from the moment that all are signed in; milliseconds. */
  readonly byHand: number;
  /** After so long a demo gives up, in milliseconds. */
  readonly atMost: number;
}

export const FULL: Pace = {
  visitors: 200,
  pause: 2000,
  life: 20,
  maxLag: 5,
  clockSkew: 1,
  // A replica that stands still counts for so long: it must be longer than it does.
  lease: 30,
  patience: 1500,
  look: 10_000,
  byHand: 17_000,
  atMost: 150_000,
};

export const FAST: Pace = {
  visitors: 60,
  pause: 1000,
  life: 5,
  maxLag: 1,
  clockSkew: 1,
  lease: 12,
  patience: 1000,
  look: 1000,
  byHand: 4000,
  atMost: 150_000,
};
