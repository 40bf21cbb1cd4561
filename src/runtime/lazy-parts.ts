// What of a keeper is loaded only where it is needed.
import { canChange } from '../resolve/resolve.js';
import type { KeeperParts } from './keeper-parts.js';

/** Undefined: this process does without. */
export interface LoadedParts {
  readonly following: typeof import('../resolve/follow.js') | undefined;
  readonly sharing: typeof import('./shared-follower.js') | undefined;
  readonly reporting: typeof import('../fleet/reporter.js') | undefined;
  readonly rotating: typeof import('./automatic.js') | undefined;
}

export async function loadParts({ places, resolution }: KeeperParts): Promise<LoadedParts> {
  const { shared, fleet } = places;
  const follows = shared !== undefined || canChange(resolution);
  const rotates = resolution.settings.get('security.rotation.every') !== undefined;
  return {
    following: follows ? await import('../resolve/follow.js') : undefined,
    sharing: shared && (await import('./shared-follower.js')),
    reporting: fleet && (await import('../fleet/reporter.js')),
    rotating: rotates ? await import('./automatic.js') : undefined,
  };
}
