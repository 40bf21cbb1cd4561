// Reports beside a keyring file, as processes and commands of any time and lease write and read them.
import type { HeardReport } from '../../src/fleet/authentic.js';
import { FileFleet } from '../../src/fleet/file-fleet.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import type { Keyring } from '../../src/keyring/keyring.js';

const LEASE = 900;

/** @param path of the keyring file */
export async function writeReport(
  path: string,
  report: ReplicaReport,
  ring: Keyring | undefined,
): Promise<void> {
  await new FileFleet(path, LEASE, Date.now).write(report, ring);
}

export async function removeReport(
  path: string,
  last: ReplicaReport,
  ring: Keyring | undefined,
): Promise<void> {
  await new FileFleet(path, LEASE, Date.now).remove(last, ring);
}

interface Reading {
  readonly ring: Keyring | undefined;
  /** Seconds. */
  readonly lease: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly tidy: boolean;
  readonly app?: string;
}

export async function readReports(
  path: string,
  { ring, lease, now, tidy, app }: Reading,
): Promise<readonly HeardReport[]> {
  return await new FileFleet(path, lease, () => now, app).read(ring, tidy);
}
