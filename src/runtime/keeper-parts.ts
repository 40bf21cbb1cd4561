// What a keeper is made of.
import type { RingPlaces } from '../keyring-stores/places.js';
import type { PurposeRegistry } from '../purposes/registry.js';
import type { Resolution, ResolveOptions } from '../resolve/resolve.js';
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
