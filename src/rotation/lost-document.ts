// A file that was a keyring document, and is a line or an array by now, while processes hold the document still: the next
// restart would sign everybody out.
import { FileFleet } from '../fleet/file-fleet.js';
import type { Resolution } from '../resolve/resolve.js';

export interface LostDocument {
  readonly path: string;
  /** The processes that hold it, by instance. */
  readonly instances: readonly string[];
}

/** @returns undefined where the source is no such file. No key is left that could vouch for what processes say */
export async function findLost(
  { source, settings }: Resolution,
  now: () => number,
): Promise<LostDocument | undefined> {
  if (source?.kind !== 'file' || source.format === 'document' || source.path === undefined) return undefined;
  const { path } = source;
  const fleet = new FileFleet(path, settings.get('security.keyring.lease'), now, settings.get('app'));
  const holders = (await fleet.read(undefined, false)).filter(({ ring }) => ring !== undefined);
  return holders.length === 0 ? undefined : { path, instances: holders.map(({ instance }) => instance) };
}
