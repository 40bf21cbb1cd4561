// The state of a rotation in one value: every key, every replica, and what is safe when.
import { appNames } from '../config/app.js';
import type { HeardReport } from '../fleet/authentic.js';
import { diagnose, type Problem } from '../fleet/diagnosis.js';
import type { OtherApp } from '../fleet/other-apps.js';
import { type CountsBy, replicasIn, silentOf, type UnheardOf, unheardOfIn } from '../fleet/silent.js';
import { forwardAgain } from '../keyring/former-key.js';
import type { Key, KeyDates, KeyState, Lifetimes } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { TransitionFacts } from '../keyring/step-facts.js';
import { longestLifetime, longestLived, safeToPromoteAt, safeToRetireAt } from '../keyring/waits.js';
import type { Resolution } from '../resolve/resolve.js';
import { type DeployStage, deployStage, rotatesByDeploys } from './deploys.js';
import type { LostDocument } from './lost-document.js';

/** Times in milliseconds since 1970. */
export interface KeyStatus {
  readonly id: string;
  /** What it does: see {@link KeyState}. */
  readonly state: KeyState;
  /** When it entered each state. */
  readonly dates: KeyDates;
  /** The longest that its tokens may live, in seconds, by purpose. */
  readonly lifetimes: Lifetimes;
  /** When a staged key is scheduled to sign. */
  readonly scheduledFor: number | undefined;
  /** How many of the reporting replicas verify with it. */
  readonly knownBy: number;
  /** When a token of it was last accepted, as far as replicas report. */
  readonly lastVerifiedAt: number | undefined;
  /** When it was last signed with, as far as replicas report. */
  readonly lastSignedAt: number | undefined;
  /** When its next step is safe: promoting a staged key, retiring a retiring one. */
  readonly safeAt: number | undefined;
  /** Of a retiring key: the tokens that it waits for. Undefined where nothing says how long they live. */
  readonly waitsFor: WaitsFor | undefined;
}

/** The tokens of a key that live longest. */
export interface WaitsFor {
  /** Their purposes. */
  readonly purposes: readonly string[];
  /** How long they live, in seconds. */
  readonly lifetime: number;
}

/** What is left of a library that the app moves in from, or that stays beside Keyturn. */
export interface MoveInStatus {
  /** The name under `[move_in]`. */
  readonly name: string;
  /** Of the replicas that report; where none does, as configured here. During a deploy there are two. */
  readonly phases: readonly string[];
  /** When the old secrets are accepted no longer, in milliseconds since 1970; undefined where that is not said. */
  readonly until: number | undefined;
  /** How many cookies and tokens that an old secret has signed the reporting replicas have accepted since they started. */
  readonly seen: number;
  /** When the last of them was, in milliseconds since 1970; undefined where there was none. */
  readonly seenAt: number | undefined;
  /**
   * Since when each of these replicas has counted, in milliseconds since 1970: that of the one that started last. What
   * others saw before they ended nobody tells. Undefined where no replica says so.
   */
  readonly since: number | undefined;
}

/** A replica that reports no longer, and that none has replaced. */
export interface LeftReplica {
  readonly instance: string;
  readonly unit: string | undefined;
  /** When it last reported, in milliseconds since 1970. */
  readonly at: number;
}

/** The state of a rotation: every key, every replica, and what is safe when. */
export interface Status {
  /** Which rules apply. */
  readonly profile: string;
  /** Whether that was said; otherwise steps go by the profile that replicas report. */
  readonly profileSaid: boolean;
  /** Where the secret comes from, as an operator calls it. */
  readonly source: string;
  /** What it is: a secret, an array or a document. */
  readonly format: string;
  /** Where the ring is kept that steps change; undefined where no step can change it. */
  readonly place: string | undefined;
  /** Whether this process may change what is kept there; what is mounted read-only is changed where it comes from. */
  readonly writable: boolean;
  /** Whether replicas share the ring in an engine, sealed under the secret. */
  readonly shared: boolean;
  /** After a rollback: the key that it went back from, as long as it can sign again. */
  readonly forward: KeyStatus | undefined;
  readonly ring: {
    readonly id: string | undefined;
    readonly generation: number;
    readonly fingerprint: string;
  };
  /** Every key, and what is safe when. */
  readonly keys: readonly KeyStatus[];
  /** Libraries whose old secrets are accepted, and when one was last used. */
  readonly movingIn: readonly MoveInStatus[];
  /** What live processes report. */
  readonly replicas: readonly HeardReport[];
  /** The replicas that have missed a few reports and may be gone, with the moment until which they count at most. */
  readonly silent: ReadonlyMap<string, number>;
  /** When a process that has ended last signed, as far as anybody vouches for it; undefined where none is known of. */
  readonly endedAt?: number | undefined;
  /** Replicas that were seen to report, and report no longer, where whoever asks has looked before. */
  readonly left?: readonly LeftReplica[] | undefined;
  /** Set for a lease after the engine has lost what replicas said: some may be cut off from it. */
  readonly unheardOf: UnheardOf | undefined;
  /** Live processes on the same secret that go by another name of the app. */
  readonly otherApps: readonly OtherApp[];
  /** Why replicas cannot be asked; undefined when they can, or have nowhere to report. */
  readonly silence: string | undefined;
  /** Replicas whose ring is another than the one in force. */
  readonly differing: readonly string[];
  /** What is wrong or not the same among replicas, in the order in which it is to be put right. */
  readonly problems: readonly Problem[];
  /** How many of the three deploys of a rotation this process has seen; undefined where there are none, or nothing tells. */
  readonly deploy: DeployStage | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What a status is made of besides the ring. */
interface StatusParts
  extends Pick<Status, 'profileSaid' | 'place' | 'writable' | 'shared' | 'otherApps' | 'silence'> {
  readonly resolution: Resolution;
  /** The stand-in for those whose reports are lost may be among them. */
  readonly reports: readonly HeardReport[];
  readonly countsBy: CountsBy;
  readonly facts: TransitionFacts;
  /** By how many milliseconds the clock here is ahead of that of the place; undefined where nothing tells. */
  readonly clockAhead: number | undefined;
  readonly lostDocument: LostDocument | undefined;
}

export function statusOf(ring: Keyring, parts: StatusParts): Status {
  const { resolution, reports, countsBy, facts, clockAhead, lostDocument, ...told } = parts;
  const { profileSaid, place, shared, otherApps } = told;
  // How old a report is goes by the clock of the engine, and not by the one here, which may be wrong.
  const off = shared ? (clockAhead ?? 0) : 0;
  const replicas = replicasIn(reports).map((report) => ({ ...report, dated: report.dated + off }));
  const known = replicas.filter(({ authentic }) => authentic);
  const uses = known.flatMap((replica) => replica.uses);
  const last = (kid: string, when: 'verifiedAt' | 'signedAt') => {
    const at = Math.max(0, ...uses.filter((use) => use.kid === kid).map((use) => use[when]));
    return at === 0 ? undefined : at;
  };
  const keys = ring.keys.map(
    ({ id, state, dates, lifetimes, scheduledFor }): KeyStatus => ({
      id,
      state,
      dates,
      lifetimes,
      scheduledFor,
      knownBy: known.filter((replica) => replica.verifies.includes(id)).length,
      lastVerifiedAt: last(id, 'verifiedAt'),
      lastSignedAt: last(id, 'signedAt'),
      safeAt: ring.id === undefined ? undefined : nextStepSafeAt(ring.get(id) as Key, facts),
      waitsFor: waitsFor(ring.get(id) as Key, facts),
    }),
  );
  const silent = silentOf(replicas, countsBy, facts.now);
  const unheardOf = unheardOfIn(reports, countsBy);
  const { profile } = resolution.profile;
  return {
    ...told,
    profile,
    source: resolution.source?.name ?? '',
    format: resolution.source?.format ?? '',
    forward: keys.find(({ id }) => id === forwardAgain(ring)?.id),
    ring: { id: ring.id, generation: ring.generation, fingerprint: ring.fingerprint },
    keys,
    movingIn: movingIn(known, resolution),
    replicas,
    silent,
    endedAt: endedAt(facts),
    unheardOf,
    differing: replicas
      .filter((replica) => replica.fingerprint !== ring.fingerprint)
      .map((replica) => replica.instance),
    problems: diagnose({
      ring,
      place,
      shared,
      // Where none was said, steps go by that of the replicas.
      profile: profileSaid ? profile : (replicas[0]?.profile ?? profile),
      roots: (resolution.keyring?.live ?? []).map(({ id }) => id),
      configFiles: resolution.configFiles,
      apps: appNames(resolution.settings),
      skew: countsBy.skew,
      lease: countsBy.lease,
      replicas,
      silent,
      unheardOf,
      otherApps,
      clockAhead,
      lostDocument,
      now: facts.now,
    }),
    deploy: !shared && rotatesByDeploys(resolution) ? deployStage(resolution) : undefined,
    now: facts.now,
  };
}

function endedAt({ replicas, now }: TransitionFacts): number | undefined {
  const ended = replicas.filter((replica) => replica.ended === true);
  const moments = ended.flatMap(({ lastSigned = {} }) => Object.values(lastSigned));
  return moments.length === 0 ? undefined : Math.min(now, Math.max(...moments));
}

/** What is configured here is told where no replica reports it. Commands do without the old secrets themselves. */
function movingIn(known: readonly HeardReport[], { settings }: Resolution): readonly MoveInStatus[] {
  const reported = known.flatMap((replica) => replica.movingIn ?? []);
  const names = new Set([...reported.map(({ name }) => name), ...settings.moveIn.keys()]);
  return [...names].map((name) => {
    const all = reported.filter((one) => one.name === name);
    const { phase = 'beside', until } = settings.moveIn.get(name) ?? {};
    const told = all.length === 0 ? [{ phase, until }] : all;
    const ends = told.map((one) => one.until);
    const seenAt = Math.max(0, ...all.map((one) => one.seenAt));
    const since = all.flatMap((one) => one.since ?? []);
    return {
      name,
      phases: [...new Set(told.map((one) => one.phase))],
      // The last of them: one that says none goes on.
      until: ends.includes(undefined) ? undefined : Math.max(...(ends as number[])),
      seen: all.reduce((sum, { seen }) => sum + seen, 0),
      seenAt: seenAt === 0 ? undefined : seenAt,
      since: since.length < all.length || all.length === 0 ? undefined : Math.max(...since),
    };
  });
}

function nextStepSafeAt(key: Key, facts: TransitionFacts): number | undefined {
  if (key.state === 'staged') return safeToPromoteAt(key, facts);
  return key.state === 'retiring' ? safeToRetireAt(key, facts) : undefined;
}

function waitsFor(key: Key, facts: TransitionFacts): WaitsFor | undefined {
  const lifetime = key.state === 'retiring' ? longestLifetime(key, facts) : 0;
  return lifetime === 0 ? undefined : { purposes: longestLived(key, facts), lifetime };
}
