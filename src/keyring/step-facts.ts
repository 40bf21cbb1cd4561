// What a step of a key's life is decided by: the clock, the configuration, and what replicas say of themselves.
import type { ClockReadings, Lifetimes } from './key.js';

/** What a replica says of itself. */
export interface ReplicaFacts {
  /** Names the process. */
  readonly instance: string;
  /** The place that it runs in, where that has a name. */
  readonly unit?: string | undefined;
  /** The ids of the keys that it verifies with. */
  readonly verifies: readonly string[];
  /** The id of the key that it signs with; undefined for one that has no ring yet, and so holds up nothing. */
  readonly signs: string | undefined;
  /** When it last signed with a key that no longer signs elsewhere, by key id; milliseconds since 1970. */
  readonly lastSigned?: Readonly<Record<string, number>>;
  /** When it last accepted a token, by key id; milliseconds since 1970. */
  readonly lastVerified?: Readonly<Record<string, number>>;
  /** The process has ended: what it knew and signed with no longer counts, when it last signed still does. */
  readonly ended?: boolean;
  /** It has missed a few reports and may be gone: it still holds a step up, but no longer shortens a wait. */
  readonly silent?: boolean;
}

/** "replica-a (web-1-kGtvOWFF)": the place says more to people, and the instance is what commands take. */
export function replicaInWords({ unit, instance }: Pick<ReplicaFacts, 'unit' | 'instance'>): string {
  return unit === undefined ? instance : `${unit} (${instance})`;
}

/** The facts that a transition is decided by. */
export interface TransitionFacts {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The longest time from publishing a ring until every ready replica has it, in seconds. */
  readonly maxLag: number;
  /**
   * How long a replica may go on without hearing of a ring that is shared in an engine, in seconds; undefined where it
   * is not. What happens by the clock, and asks no replica, has to wait for those too.
   */
  readonly lease?: number | undefined;
  /**
   * What the clocks at hand show, the steadiest first. None where the date of a step is not the moment of its
   * publication: then no clock says how long it has been published.
   */
  readonly clocks?: ClockReadings | undefined;
  /**
   * From when on those that go by something else can have said so, where the ring has only just been made of the keys in
   * force; milliseconds since 1970.
   */
  readonly heardAt?: number | undefined;
  /** The most by which the clocks of two machines differ, that of an engine included, in seconds. */
  readonly skew: number;
  /** The longest lifetime of each purpose, as configured now, in seconds. */
  readonly lifetimes: Lifetimes;
  /** Built-in purposes that are switched off: unless a replica goes by them, nothing accepts a token of theirs. */
  readonly off?: readonly string[] | undefined;
  /**
   * Every live replica that has reported, and every ended one until the tokens that it may have signed last have
   * expired.
   */
  readonly replicas: readonly ReplicaFacts[];
  /** How many replicas there are, where the operator says so. Only then do reports shorten a wait. */
  readonly expectedReplicas?: number | undefined;
  readonly who?: string | undefined;
  readonly why?: string | undefined;
  /** Processes that an operator says have ended, for the history: their reports are not among those of the replicas. */
  readonly gone?: readonly string[] | undefined;
}

export function isLive(replica: ReplicaFacts): boolean {
  return replica.ended !== true && replica.signs !== undefined;
}

/** Live replicas that cannot verify with a key: promoting it would make them refuse its tokens. */
export function replicasWithout(kid: string, replicas: readonly ReplicaFacts[]): readonly ReplicaFacts[] {
  return replicas.filter((replica) => isLive(replica) && !replica.verifies.includes(kid));
}
