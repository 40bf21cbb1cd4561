// What is inside of a Keyturn: all that the rooms above work with, and users never see.
import type { AppNames } from './config/app.js';
import type { Settings } from './config/layers.js';
import type { Engines } from './engines/engines.js';
import type { KeyturnError } from './errors.js';
import type { SteadyRing } from './keyring/steady-ring.js';
import type { LinksOptions, UrlLinks } from './links/links.js';
import type { PurposeRegistry } from './purposes/registry.js';
import type { MovingIn } from './resolve/move-in.js';
import type { Resolution, ResolveOptions } from './resolve/resolve.js';
import type { Keeper } from './runtime/keeper.js';
import type { Logger } from './runtime/log.js';
import type { Outside } from './sessions/outside.js';
import type { ReachableStore } from './sessions/stores/reachable.js';
import type { Sealing, TokenSealer } from './signing/sealer.js';
import type { TokenSigner } from './signing/signer.js';
import type { Usage } from './signing/usage.js';

/** What few apps ask for, and those without waiting. */
export interface RareParts {
  readonly links: typeof import('./links/links.js');
  readonly metrics: typeof import('./runtime/metrics.js');
}

/** What the package's own adapters need of a Keyturn. Not part of the public contract. */
export interface Internals {
  /**
   * What it was started by, and what that came to; undefined where nothing was resolved: at the edge, and in a build. To
   * be asked for: variables hold secrets, and whoever prints all that is kept here must not print them.
   */
  readonly started: (() => { readonly options: ResolveOptions; readonly resolution: Resolution }) | undefined;
  readonly settings: Settings;
  /** The name of the app, and the other one while it changes. */
  readonly apps: AppNames;
  readonly keeper: Keeper;
  /** Undefined where there is nothing to reach. */
  readonly engines: Engines | undefined;
  readonly ring: SteadyRing;
  readonly registry: PurposeRegistry;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly usage: Usage;
  /** What makes sealers; undefined where it was not loaded. */
  readonly sealing: Sealing | undefined;
  readonly ownSigner: <T>(purpose: string) => TokenSigner<T>;
  /** Undefined where the cipher was not loaded. */
  readonly ownSealer: <T>(purpose: string) => TokenSealer<T> | undefined;
  readonly ownLinks: (options: LinksOptions) => UrlLinks;
  /** Loads them where they are not there yet. */
  readonly rarely: () => RareParts;
  /** Counts and logs the refusal of a token. */
  readonly refused: (purpose: string, reason: string, kid: string | undefined) => void;
  /** See `Keyturn.sessionStore`. */
  readonly sessionStore: ReachableStore | undefined;
  /** Libraries that the app moves in from, or that stay beside Keyturn, by name. */
  readonly movingIn: ReadonlyMap<string, MovingIn>;
  /** Filled by the first adapter. */
  readonly outside: Outside;
  /** While the app is built: why nothing is served. */
  readonly build: KeyturnError | undefined;
  /** Called when it is closed. */
  readonly onClose: Set<() => void>;
}

/**
 * Under a name that every copy of this package knows: an app may get one by `import` and one by `require`, or have one
 * in its bundle and one beside it, and hand what the one made to the other. Beside the objects, and not in them: nobody
 * who looks at one, or prints it with all that it has, comes to a key. What is inside has no stable form, so that only
 * copies of one version share it: a test compares with package.json.
 */
const INTERNALS = Symbol.for('keyturn/internals@0.1.0');

/** Those of each Keyturn in this process. */
export function allInternals(): WeakMap<object, Internals> {
  const shared = globalThis as { [INTERNALS]?: WeakMap<object, Internals> };
  if (shared[INTERNALS] === undefined) Object.defineProperty(shared, INTERNALS, { value: new WeakMap() });
  return shared[INTERNALS] as WeakMap<object, Internals>;
}
