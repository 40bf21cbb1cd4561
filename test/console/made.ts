// Made facts for the pages, through the functions that make the real ones: a ring, what replicas say, and the clock.
import type { ConsoleVisitor, Frame } from '../../src/console/contract.js';
import { sayMarked } from '../../src/console/marked-moment.js';
import type { HeardReport } from '../../src/fleet/authentic.js';
import { type Counts, type CountsSpan, SPANS } from '../../src/fleet/counts.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { Key, type KeyFacts, type KeyState, Material } from '../../src/keyring/key.js';
import { type HistoryEntry, Keyring } from '../../src/keyring/keyring.js';
import type { TransitionFacts } from '../../src/keyring/step-facts.js';
import { PurposeRegistry } from '../../src/purposes/registry.js';
import { type Resolution, resolve } from '../../src/resolve/resolve.js';
import { type Impact, impactOf, type Step } from '../../src/rotation/impact.js';
import { type Status, statusOf } from '../../src/rotation/status.js';
import { nextOf } from '../../src/words/next-step.js';
import { lastRotationOf, type View } from '../../src/words/view.js';
import { heard, reportOf } from '../support/heard.js';
import { machine, SECRET, STRONG } from '../support/machine.js';

export const NOW: number = Date.parse('2026-11-26T14:05:30Z');
export const SECOND = 1000;
export const MINUTE: number = 60 * SECOND;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;

/** Of the generation before the one in force. */
export const FORMER_MARK = 'mark-of-the-11th';

/** Of a replica that has not heard of it yet. */
export const LATE: Partial<ReplicaReport> = { generation: 11, mark: FORMER_MARK, fingerprint: 'AAAAAAAAAAA' };

export interface MadeKey extends Pick<KeyFacts, 'dates' | 'scheduledFor' | 'lifetimes'> {
  readonly state: KeyState;
}

export interface Made {
  /** How many keys there are, and what they do; the id of each follows from its place. */
  readonly keys: readonly MadeKey[];
  readonly replicas?: ReadonlyArray<Partial<ReplicaReport>>;
  /** Where the keys come from. */
  readonly from?: 'document' | 'variable' | 'array' | 'shared';
  readonly history?: readonly HistoryEntry[];
  readonly silence?: string;
  /** Of sessions, in seconds. */
  readonly lifetime?: number;
  readonly lag?: number;
  readonly lease?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly movingIn?: Status['movingIn'];
  readonly writable?: boolean;
}

export interface World {
  readonly view: View;
  readonly impact: (step: Step) => Impact;
  readonly history: readonly HistoryEntry[];
}

/** The id of the key at a place: "0" is the first. */
export function kidAt(place: number): string {
  return material(place).kid;
}

function material(place: number): Material {
  return new Material(`${STRONG.slice(0, -4)}${String(place).padStart(4, '0')}`);
}

const SOURCES = {
  document: {
    kind: 'file',
    name: 'KEYTURN_SECURITY__SIGNING_SECRET_FILE',
    path: '/run/secrets/keyring.json',
  },
  variable: { kind: 'variable', name: SECRET },
  array: { kind: 'file', name: 'KEYTURN_SECURITY__SIGNING_SECRET_FILE', path: '/run/secrets/secrets.json' },
  shared: { kind: 'variable', name: SECRET },
} as const;

export async function world(made: Made): Promise<World> {
  const { from = 'document', lag = 5, lease = 900, lifetime = 3600, history = [] } = made;
  const keys = made.keys.map(({ state, ...facts }, place) => {
    const lifetimes = state === 'staged' ? {} : { session: lifetime };
    return new Key(material(place), state, { lifetimes, ...facts });
  });
  const hasSteps = from === 'document' || from === 'shared';
  const ring = new Keyring(keys, {
    ...(hasSteps
      ? { id: 'ring-of-the-tests', generation: 12, marks: [{ generation: 11, mark: FORMER_MARK }] }
      : {}),
    history,
  });
  const found = await resolve({
    machine: machine({ env: { KEYTURN_ENV: 'prod', [SECRET]: STRONG, ...made.env }, now: NOW }),
    create: false,
  });
  const format = from === 'document' ? 'document' : from === 'array' ? 'array' : 'secret';
  const resolution = {
    ...found,
    source: { ...SOURCES[from], format, created: false },
  } as unknown as Resolution;
  const live = ring.live.map(({ id }) => id);
  const reports = (made.replicas ?? []).map(
    (replica, place): HeardReport =>
      heard(
        reportOf({
          instance: `web-${place + 1}`,
          profile: 'prod',
          at: NOW - 1000 - (place % 7) * 400,
          loadedAt: NOW - HOUR,
          source: resolution.source?.name ?? '',
          ring: ring.id,
          generation: ring.generation,
          mark: ring.mark,
          fingerprint: ring.fingerprint,
          verifies: live,
          signs: ring.active.id,
          lease,
          ...(from === 'shared' ? { roots: (found.keyring?.live ?? []).map(({ id }) => id) } : {}),
          ...replica,
        }),
      ),
  );
  const registry = new PurposeRegistry(resolution.settings, true);
  const facts: TransitionFacts = {
    now: NOW,
    maxLag: lag,
    skew: 1,
    lifetimes: { ...registry.lifetimes, session: lifetime, 'session-header': lifetime },
    off: registry.off,
    replicas: reports,
  };
  const place = from === 'document' ? '/run/secrets/keyring.json' : from === 'shared' ? 'Redis' : undefined;
  const told = statusOf(ring, {
    resolution,
    profileSaid: true,
    place,
    writable: made.writable ?? true,
    shared: from === 'shared',
    reports,
    otherApps: [],
    clockAhead: undefined,
    lostDocument: undefined,
    silence: made.silence,
    countsBy: { lease, skew: 60, inFile: from === 'document' },
    facts,
  });
  const status = made.movingIn === undefined ? told : { ...told, movingIn: made.movingIn };
  const view: View = {
    status,
    resolution,
    hidden: [],
    lastRotation: lastRotationOf(ring),
    history,
    deploy: undefined,
    sealedUnder: from === 'shared' ? (found.keyring?.live ?? []).map(({ id }) => id) : [],
    next: nextOf(status, resolution, { options: '', say: sayMarked(status.now) }),
  };
  return {
    view,
    history,
    impact: (step) => impactOf(step, ring, registry, facts, { ...resolution, heard: [] }),
  };
}

/** What was accepted: so many of each key and purpose, at a moment of the span (0 to 1). */
export function countsOf(
  span: CountsSpan,
  accepted: (share: number) => ReadonlyArray<readonly [kid: string, purpose: string, verified: number]>,
): Counts {
  const { bucket, kept } = SPANS[span];
  const from = Math.ceil((NOW - kept) / bucket) * bucket;
  const starts = Array.from({ length: Math.floor((NOW - from) / bucket) }, (_, at) => from + at * bucket);
  const counts = starts.flatMap((start, at) =>
    accepted(at / starts.length)
      .filter(([, , verified]) => verified > 0)
      .map(([kid, purpose, verified]) => ({ start, kid, purpose, verified })),
  );
  return { span, from, to: NOW, counts };
}

export function frameOf(changes: Partial<Frame> & { readonly visitor?: ConsoleVisitor } = {}): Frame {
  return {
    base: '/keyturn',
    visitor: { who: 'ada', mayAct: true },
    acts: true,
    assets: {
      style: '/keyturn/assets/abc.css',
      script: '/keyturn/assets/abc.js',
      icon: '/keyturn/assets/abc.svg',
    },
    app: undefined,
    ...changes,
  };
}

/** In the middle of a rotation: one is to come, one signs, one goes. */
export const MID_ROTATION: Made = {
  keys: [
    { state: 'staged', dates: { staged: NOW - 40 * MINUTE } },
    { state: 'active', dates: { staged: NOW - 9 * HOUR, active: NOW - 8 * HOUR } },
    { state: 'retiring', dates: { active: NOW - 90 * DAY, retiring: NOW - 8 * HOUR } },
    {
      state: 'retired',
      dates: {
        staged: NOW - 180 * DAY,
        active: NOW - 179 * DAY,
        retiring: NOW - 90 * DAY,
        retired: NOW - 83 * DAY,
      },
    },
  ],
  lifetime: 12 * 3600,
  replicas: [{}, {}, {}],
  history: [
    { at: NOW - 90 * DAY, what: 'promote', kid: kidAt(2), who: 'grace' },
    { at: NOW - 83 * DAY, what: 'retire', kid: kidAt(3), who: 'grace' },
    { at: NOW - 9 * HOUR, what: 'stage', kid: kidAt(1), who: 'ada', why: 'the quarter is over' },
    { at: NOW - 8 * HOUR, what: 'promote', kid: kidAt(1), who: 'ada' },
    { at: NOW - 40 * MINUTE, what: 'stage', kid: kidAt(0), who: 'ada', why: 'a laptop was lost' },
  ],
};
