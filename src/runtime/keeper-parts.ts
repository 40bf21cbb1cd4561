// What a keeper is made of, and what of it is loaded only where it is needed.
import type { RingPlaces } from '../keyring-stores/places.js';
import type { PurposeRegistry } from '../purposes/registry.js';
import { canChange, type Resolution, type ResolveOptions } from '../resolve/resolve.js';
import type { Usage } from '../signing/usage.js';
import type { Logger } from './log.js';

export interface KeeperParts {
  readonly options: ResolveOptions;
  readonly resolution: Resolution;
  readonly places: RingPlaces;
  readonly logger: Logger;
  readonly registry: PurposeRegistry;
  readonly usage: Usage;
}

/** What keeps the ring in force up to date: a source that is looked at, or a store that tells. */
export interface RingFollower {
  /** Whether a newer ring may appear while the process runs. */
  readonly possible: boolean;
  readonly lostLines?: number;
  start(): void | Promise<void>;
  close(): void | Promise<void>;
  ask(): Promise<void>;
  reload(): Promise<void>;
}

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
