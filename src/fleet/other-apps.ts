// Processes that hold the same secret and go by another name of the app, or by none: what one signs the other refuses. Two
// apps may be meant to be so. Where one app is given a name, replicas that have not heard of it are not.
import { type AppName, appInWords, appNames } from '../config/app.js';
import type { Settings } from '../config/layers.js';
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

/**
 * One line for each other name, with what to do.
 *
 * @param asker what whoever asks is called
 */
export function otherAppsInWords(
  others: readonly OtherApp[],
  settings: Settings,
  asker: string,
): ReadonlyArray<{ readonly what: string; readonly hint: string; readonly expected: boolean }> {
  const [own, ...accepted] = appNames(settings);
  return others.map(({ app, instances }) => {
    const [first = '', ...more] = instances;
    const who = more.length === 0 ? `${first} has` : `${first} and ${more.length} more have`;
    const expected = accepted.includes(app);
    const end = expected ? 'each accepts what the other signs' : 'what one signs the other refuses';
    return {
      expected,
      what: `${who} ${appInWords(app)} on the same secret, and ${asker} has ${appInWords(own)}: ${end}`,
      hint: expected
        ? 'take app_accepts out when the longest lifetime has passed since the last of them was gone'
        : 'two apps may be meant to be so; one app is given a name in three deploys, see docs/configuration.md, "The name of an app"',
    };
  });
}
