/// <reference lib="esnext.disposable" preserve="true" />
// One keyring behind everything that an app signs: the interface that users see, and the class behind it.

import { appNames } from './config/app.js';
import { type OptionNames, requireFunction, requireOptions } from './config/options.js';
import type { Profile } from './config/profile.js';
import { KeyturnError } from './errors.js';
import { allInternals, type Internals } from './internals.js';
import type { Keyring } from './keyring/keyring.js';
import { type KeyringView, viewOf } from './keyring/view.js';
import type { Links, LinksOptions } from './links/links.js';
import type { PurposeName, Purposes } from './purposes/payloads.js';
import type { Purpose } from './purposes/purpose.js';
import type { Health } from './runtime/health.js';
import { type KeyturnSessions, outsideOfAdapters } from './sessions/outside.js';
import type { SessionStore } from './sessions/stores/contract.js';
import type { Json, JsonOrBytes } from './signing/json.js';
import { publicSigner, type Signer } from './signing/public-signer.js';
import type { PurposeKeyringParts } from './signing/purpose-keyring.js';
import type { Sealer } from './signing/sealer.js';
import { sealerUnavailable } from './signing/sealer-unavailable.js';
import { TokenSigner } from './signing/signer.js';

/** What `keyturn.signer()` and `keyturn.sealer()` take. */
export interface SignerOptions {
  /** Lifetime of the tokens: seconds, or a text such as `"3h"`. Default: the longest of the purpose. */
  readonly maxAge?: number | string;
}

const SIGNER_OPTIONS: OptionNames<SignerOptions> = { maxAge: true };

/** Called with the ring in force and the one before; undefined: a shared keyring has been reached for the first time. */
export type ChangeListener = (keyring: KeyringView, former: KeyringView | undefined) => void;

/** @internal */
export function internalsOf(keyturn: Keyturn): Internals {
  const found = allInternals().get(keyturn);
  if (found === undefined)
    throw new TypeError('this is not a Keyturn: pass what createKeyturn() of the same version returned');
  return found;
}

/** One keyring behind everything an app signs. Made by {@link createKeyturn}. */
export interface Keyturn {
  /** Which rules apply. */
  readonly profile: Profile;
  /**
   * The keyring in force: keys with id, state and dates, no material.
   *
   * @throws KeyturnError `keyring_unavailable` while a shared one has not been reached yet
   */
  readonly keyring: KeyringView;
  /**
   * The store that `session.backend` names: for listing and ending the sessions of a user, for refresh tokens, and for
   * asking whether it answers. Undefined for sessions in the cookie. Its methods reject with `engine_unavailable` where
   * its engine is out of reach.
   */
  readonly sessionStore: SessionStore | undefined;
  /** Sessions outside of requests, as WebSockets have them. They need an adapter. */
  readonly sessions: KeyturnSessions;
  /** How this process is, for health checks and status pages. Nothing in it is secret. */
  readonly health: Health;
  /**
   * A signer for one purpose. Tokens of one purpose are never accepted for another.
   *
   * @param purpose a built-in one (`password-reset`, `email-verification`, `invitation`) or one declared under
   * `[purposes.<name>]`; development takes undeclared ones too
   * @throws KeyturnError `purpose_invalid`, `purpose_reserved`, `purpose_undeclared`, `purpose_sealed`,
   * `purpose_lifetime`, `duration_invalid`
   * @example
   * const reset = keyturn.signer('password-reset', { maxAge: '3h' });
   * const token = reset.sign({ userId: 42 }, { bind: user.passwordHash });
   */
  signer<Name extends Extract<keyof Purposes, string>>(
    purpose: Name,
    options?: SignerOptions,
  ): Signer<Json<Purposes[Name]>>;
  signer<T = unknown>(purpose: PurposeName, options?: SignerOptions): Signer<Json<T>>;
  /**
   * A sealer for one purpose: as {@link signer}, and what its tokens hold is encrypted. Needs the package
   * `libsodium-wrappers`, which production loads when a purpose is declared with `sealed = true`.
   *
   * @param purpose one declared with `sealed = true` under `[purposes.<name>]`; development takes undeclared ones too
   * @throws KeyturnError `sealer_unavailable`, and all that {@link signer} throws
   * @example
   * const token = keyturn.sealer('draft').seal({ text: 'not for other eyes' });
   */
  sealer<Name extends Extract<keyof Purposes, string>>(
    purpose: Name,
    options?: SignerOptions,
  ): Sealer<JsonOrBytes<Purposes[Name]>>;
  sealer<T = unknown>(purpose: PurposeName, options?: SignerOptions): Sealer<JsonOrBytes<T>>;
  /**
   * Signs and verifies links: URLs that work unchanged, for one method, until they expire.
   *
   * @throws KeyturnError `link_invalid`, `purpose_lifetime`, `duration_invalid`
   * @example
   * const link = keyturn.links({ base: 'https://example.com' }).sign('/reports/7', { maxAge: '1h' });
   */
  links(options?: LinksOptions): Links;
  /**
   * Calls `listener` whenever the keyring in force has changed.
   *
   * @returns a function that stops the calls
   * @example
   * const stop = keyturn.on('change', (keyring) => log.info(keyring.fingerprint));
   */
  on(event: 'change', listener: ChangeListener): () => void;
  /** What this process counted, in the text format of Prometheus. Nothing in it is secret. */
  metrics(): string;
  /** Reads the source of the keyring again now, as SIGHUP does. A bad one leaves the last good ring in force. */
  reload(): Promise<void>;
  /**
   * Ends everything that runs in the background, and says goodbye to the fleet. Signing and verifying go on working; with
   * a shared keyring signing does for `max_lag`, since nobody is held up any more.
   */
  close(): Promise<void>;
  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** @internal What {@link LiveKeyturn} is made of. */
type LiveKeyturnParts = Omit<
  Internals,
  'apps' | 'ring' | 'outside' | 'refused' | 'ownSigner' | 'ownSealer' | 'ownLinks' | 'onClose'
>;

/** @internal The class behind {@link Keyturn}. */
export class LiveKeyturn implements Keyturn {
  readonly profile: Profile;
  readonly #internals: Internals;
  #view: { readonly ring: Keyring; readonly view: KeyringView } | undefined;

  constructor(profile: Profile, parts: LiveKeyturnParts) {
    this.profile = profile;
    this.#internals = {
      ...parts,
      apps: appNames(parts.settings),
      ring: parts.keeper.ring,
      outside: outsideOfAdapters(),
      onClose: new Set(),
      ownSigner: <T>(name: string) => {
        const purpose = parts.registry.own(name);
        return new TokenSigner<T>(this.#tokenParts(purpose, purpose.maxAge));
      },
      ownSealer: <T>(name: string) => {
        const purpose = parts.registry.own(name);
        return parts.sealing?.own<T>(this.#tokenParts(purpose, purpose.maxAge));
      },
      refused: (purpose, reason, kid) => {
        parts.usage.refused(purpose, reason);
        parts.logger.debug({ event: 'token.refused', purpose, reason, kid }, 'a token was refused');
      },
      ownLinks: (options) => new (parts.rarely().links.UrlLinks)(this.#internals.ownSigner('url'), options),
    };
    allInternals().set(this, this.#internals);
  }

  get keyring(): KeyringView {
    const ring = this.#internals.ring.current;
    if (this.#view?.ring !== ring) this.#view = { ring, view: viewOf(ring) };
    return this.#view.view;
  }

  signer<T = unknown>(purpose: string, options: SignerOptions = {}): Signer<T> {
    requireOptions(options, 'signer(purpose, options)', SIGNER_OPTIONS);
    const found = this.#internals.registry.forSigner(purpose, options.maxAge);
    return publicSigner(new TokenSigner<T>(this.#tokenParts(found.purpose, found.maxAge)));
  }

  sealer<T = unknown>(purpose: string, options: SignerOptions = {}): Sealer<T> {
    requireOptions(options, 'sealer(purpose, options)', SIGNER_OPTIONS);
    const { registry, sealing } = this.#internals;
    const found = registry.forSigner(purpose, options.maxAge, true);
    if (sealing === undefined) throw sealerUnavailable(found.purpose.name);
    return sealing.given<T>(this.#tokenParts(found.purpose, found.maxAge));
  }

  links(options: LinksOptions = {}): Links {
    const { rarely, ownLinks } = this.#internals;
    return rarely().links.publicLinks(ownLinks(options));
  }

  on(event: 'change', listener: ChangeListener): () => void {
    if (event !== 'change')
      throw new KeyturnError('argument_invalid', 'there is no event of that name', 'write on("change", …)');
    requireFunction(listener ?? null, 'the listener of "change"', 'write on("change", (keyring) => …)');
    const { ring, logger } = this.#internals;
    return ring.onChange((current, former) => {
      try {
        listener(viewOf(current), former === undefined ? undefined : viewOf(former));
      } catch (error) {
        // The ring is in force all the same, and the next listener wants to hear of it.
        logger.error({ event: 'listener.failed', error: String(error) }, 'a listener of "change" failed');
      }
    });
  }

  get sessionStore(): SessionStore | undefined {
    return this.#internals.sessionStore;
  }

  get sessions(): KeyturnSessions {
    return this.#internals.outside.sessions;
  }

  get health(): Health {
    const { keeper, sessionStore } = this.#internals;
    return { ...keeper.health, sessions: sessionStore?.state };
  }

  metrics(): string {
    const { rarely, usage, movingIn, clock } = this.#internals;
    return rarely().metrics.formatMetrics(this.health, usage, movingIn, clock());
  }

  async reload(): Promise<void> {
    await this.#internals.keeper.reload();
  }

  async close(): Promise<void> {
    for (const told of this.#internals.onClose) told();
    await this.#internals.keeper.close();
    await this.#internals.engines?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #tokenParts(purpose: Purpose, maxAge: number): PurposeKeyringParts {
    const { ring, clock, usage, settings, apps, refused } = this.#internals;
    return {
      purpose: purpose.name,
      maxAge,
      ring,
      clock,
      usage,
      apps,
      epoch: settings.get('security.keyring.epoch'),
      onRefusal: refused,
    };
  }
}
