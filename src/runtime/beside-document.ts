// A process that goes by secrets alone, and the document that may come to be beside it.
import { join } from 'node:path';
import type { CountingParts } from '../fleet/counting.js';
import { timesOf } from '../fleet/fleet-times.js';
import { PendingReporter } from '../fleet/pending-reporter.js';
import type { ReplicaReport } from '../fleet/report.js';
import type { Keyring } from '../keyring/keyring.js';
import { goesBySecrets } from '../resolve/resolve.js';
import type { KeeperParts } from './keeper-parts.js';

/** Undefined where `keyturn init` could make no document of what the process goes by. Tests leave nothing behind. */
export function reporterBesideDocument(
  { resolution, options }: KeeperParts,
  describe: () => ReplicaReport,
  ring: () => Keyring | undefined,
  counting: CountingParts,
): PendingReporter | undefined {
  if (!goesBySecrets(resolution) || resolution.profile.profile === 'test') return undefined;
  return new PendingReporter({
    path: join(resolution.dataDir, 'keyring.json'),
    lease: timesOf(resolution.settings).lease,
    now: options.machine.now,
    describe,
    configFiles: resolution.configFiles,
    ring,
    counting,
  });
}
