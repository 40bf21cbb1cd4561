// Processes that hold the same secret but go by another name of the app, or by none: what one signs the other refuses.
// For two apps that may be on purpose. Where one app is being given a name, it is a replica that does not have the
// name yet.
import type { AppName } from '../config/app.js';
import type { Keyring } from '../keyring/keyring.js';
import type { HeardReport } from './authentic.js';
import type { Fleet } from './fleet.js';

/** Where processes of another name of the app would report. */
export interface OtherPlace {
  readonly app: AppName;
  readonly fleet: Fleet;
}

/** Live processes of another name. */
export interface OtherApp {
  readonly app: AppName;
  readonly instances: readonly string[];
}

/** Who asks. */
export interface Asker {
  readonly app: AppName;
  /** The ring in force; undefined where there is none. */
  readonly ring: Keyring | undefined;
  /** The ids of the secrets that it holds. */
  readonly kids: readonly string[];
}

/**
 * @param here what processes report where its own do: two apps may share one keyring document
 * @param elsewhere the places of other names; one that cannot be read tells nothing
 */
export async function otherApps(
  here: readonly HeardReport[],
  elsewhere: readonly OtherPlace[],
  { app: own, ring, kids }: Asker,
): Promise<readonly OtherApp[]> {
  const found = new Map<AppName, string[]>();
  const add = (app: AppName, { instance }: HeardReport) =>
    found.set(app, [...(found.get(app) ?? []), instance]);
  for (const report of here) if (report.authentic && report.app !== own) add(report.app, report);
  for (const { app, fleet } of elsewhere) {
    for (const report of await fleet.read(ring, false).catch(() => []))
      if ((report.roots ?? report.verifies).some((kid) => kids.includes(kid))) add(app, report);
  }
  return [...found].map(([app, instances]) => ({ app, instances: instances.sort() }));
}
