// What a process reports of itself to the others.
import type { FleetTimes } from '../fleet/fleet-times.js';
import type { ReplicaReport, ScheduledKey } from '../fleet/report.js';
import type { Keyring } from '../keyring/keyring.js';
import { thisProcess, unitIn } from '../resolve/machine.js';
import { randomId } from '../signing/random.js';
import type { Usage, Use } from '../signing/usage.js';
import type { KeeperParts } from './keeper-parts.js';
import { oldSecretsSeen } from './old-secrets.js';

/** How the process is just now. */
interface ReplicaState {
  readonly instance: string;
  /** As far as a report can tell them. */
  readonly configFiles: ReplicaReport['configFiles'];
  readonly times: FleetTimes;
  /** Undefined while there is none. */
  readonly ring: Keyring | undefined;
  /** One that must not sign is not ready, and holds up nothing. */
  readonly maySign: boolean;
  /** Milliseconds since 1970. */
  readonly loadedAt: number;
  readonly degraded: string | undefined;
}

export function describeReplica(parts: KeeperParts, state: ReplicaState): ReplicaReport {
  const { resolution, registry, usage, options, places } = parts;
  const { ring, times } = state;
  return {
    instance: state.instance,
    unit: unitIn(options.machine.env),
    ...thisProcess(),
    at: options.machine.now(),
    profile: resolution.profile.profile,
    app: resolution.settings.get('app'),
    configFiles: state.configFiles,
    source: resolution.source?.name ?? '',
    ring: ring?.id,
    generation: ring?.generation ?? 0,
    mark: ring?.id === undefined ? undefined : ring.mark,
    fingerprint: ring?.fingerprint ?? 'none',
    verifies: ring?.live.map((key) => key.id) ?? [],
    signs: state.maySign ? ring?.active.id : undefined,
    scheduled: scheduledKeys(ring, times),
    roots: places.shared?.roots.live.map((key) => key.id),
    loadedAt: state.loadedAt,
    uses: usesOf(usage, ring).filter(({ signed, verified }) => signed + verified > 0),
    movingIn: resolution.movingIn.size === 0 ? undefined : oldSecretsSeen(resolution.movingIn, usage),
    lifetimes: registry.lifetimes,
    maxLag: times.maxLag,
    lease: times.lease,
    degraded: state.degraded,
  };
}

/** Of a key that the ring has forgotten nobody needs to know any more. */
export function usesOf(usage: Usage, ring: Keyring | undefined): readonly Readonly<Use>[] {
  return usage.uses.filter(({ kid }) => ring?.get(kid) !== undefined);
}

function scheduledKeys(ring: Keyring | undefined, { skew }: FleetTimes): readonly ScheduledKey[] | undefined {
  const scheduled = (ring?.keys ?? []).flatMap(({ id, scheduledFor }) =>
    scheduledFor === undefined ? [] : [{ kid: id, from: Math.max(0, scheduledFor - skew * 1000) }],
  );
  return scheduled.length === 0 ? undefined : scheduled;
}

/** Nobody else's, on whatever machine: containers share host names and process ids. Fit for the name of a file. */
export function instanceName(): string {
  const { host, pid } = thisProcess();
  return `${host.replace(/[^\w.-]/g, '_').slice(0, 64)}-${pid}-${randomId(6)}`;
}
