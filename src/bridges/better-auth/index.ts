// Beside better-auth: what it signs, it signs with the keys of the ring, live. It has one secret for all that it signs, and
// forgets the former at once; so what comes in is verified here by any live key, and handed to it as if the key that signs
// just now had signed it.
import { type OptionNames, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { BridgeKeys } from '../keys.js';
import { textOf } from '../text.js';
import { Incoming } from './incoming.js';
import type { AuthContext, AuthOptions, Hook, HookContext } from './library.js';
import { Outgoing } from './outgoing.js';
import { secretConfigOf } from './secrets.js';

/** What `betterAuthKeys()` takes. */
export interface BridgeSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `better-auth`. */
  readonly purpose?: string;
  /**
   * The longest that anything lives that is signed: seconds, or a text such as `"14d"`. Default: the longest of
   * `session.expiresIn` (7 days), `emailVerification.expiresIn` (an hour) and, with the plugin two-factor, its
   * `trustDeviceMaxAge` (30 days).
   */
  readonly maxAge?: number | string;
}

/** A plugin of better-auth. */
export interface BetterAuthKeys {
  readonly id: 'keyturn';
  /** Called by the library when it starts. */
  // biome-ignore lint/suspicious/noExplicitAny: the library's own, which differs between its versions
  readonly init: (context: any) => Promise<void>;
  /** Called by the library with every response. */
  readonly hooks: {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    readonly after: { readonly matcher: () => true; readonly handler: any }[];
  };
}

const SETTINGS: OptionNames<BridgeSettings> = { purpose: true, maxAge: true };

const HOUR = 3600;
/** What better-auth has where the plugin says nothing. */
const TRUSTED_DEVICE = 30 * 86_400;

/**
 * better-auth with the keys of a ring in place of its secret. Put it first among the plugins.
 *
 * @param keyturn what `createKeyturn()` gives; it need not be awaited
 * @throws KeyturnError `argument_invalid` for settings that it does not know
 * @returns a plugin. A Keyturn that cannot start, or a lifetime that is not declared, ends the library's own start
 * @example
 * export const auth = betterAuth({ database, plugins: [betterAuthKeys(createKeyturn()), …] });
 */
export function betterAuthKeys(
  keyturn: Keyturn | Promise<Keyturn>,
  settings: BridgeSettings = {},
): BetterAuthKeys {
  requireOptions(settings, 'betterAuthKeys(keyturn, settings)', SETTINGS);
  const { purpose = 'better-auth', maxAge } = settings;
  let beside: { readonly incoming: Incoming; readonly outgoing: Outgoing } | undefined;
  return {
    id: 'keyturn',
    init: async (context: AuthContext) => {
      const keys = new BridgeKeys(await keyturn, { name: purpose, maxAge: maxAge ?? lifetimeOf(context) });
      const incoming = new Incoming(keys, context);
      beside = { incoming, outgoing: new Outgoing(keys, incoming, followLive(context, keys)) };
      comeFirst(context.options, incoming);
    },
    hooks: {
      after: [
        {
          matcher: () => true,
          handler: async (context: HookContext) => {
            if (beside === undefined) throw notBegun();
            return { headers: beside.outgoing.change(context) };
          },
        },
      ],
    },
  };
}

/**
 * What the library reads of its secret it reads from here, at every call.
 *
 * @returns whether it writes down versions of secrets that it did not write down before
 */
function followLive(context: AuthContext, keys: BridgeKeys): boolean {
  const live = (name: 'secret' | 'secretConfig', get: () => unknown) =>
    Object.defineProperty(context, name, { get, enumerable: true, configurable: true });
  // Said at once, and not by the first request. While an app is built there is no ring to ask.
  for (const old of keys.moving?.secrets ?? []) textOf(old, keys.name);
  live('secret', () => textOf(keys.current.signing, keys.name));
  // With a database this is what lies there encrypted, which has no end. A key of the ring has one.
  if (context.options.database || context.options.secondaryStorage) return false;
  const before = context.secretConfig;
  live('secretConfig', () => secretConfigOf(keys, before));
  return typeof before === 'string';
}

/** Hooks of plugins see what those of the app have seen. So this has to be the first of all. */
function comeFirst(options: AuthOptions, incoming: Incoming): void {
  const { hooks } = options;
  const before: Hook = async (context) => {
    const changed = await incoming.change(context);
    if (hooks?.before === undefined) return { response: { context: changed } };
    const { response, headers = null } = (await hooks.before({ ...context, ...changed })) ?? {};
    if (response !== undefined && response !== null && !('context' in response)) return { response, headers };
    return { response: { ...response, context: { ...changed, ...response?.context } }, headers };
  };
  (options as { hooks: AuthOptions['hooks'] }).hooks = { ...hooks, before };
}

/** Seconds. */
function lifetimeOf({ options, sessionConfig }: AuthContext): number {
  const twoFactor = options.plugins?.find(({ id }) => id === 'two-factor');
  const device = twoFactor && (twoFactor.options?.trustDeviceMaxAge ?? TRUSTED_DEVICE);
  return Math.max(sessionConfig.expiresIn, options.emailVerification?.expiresIn ?? HOUR, device ?? 0);
}

function notBegun(): KeyturnError {
  return new KeyturnError(
    'argument_invalid',
    'the plugin betterAuthKeys() was not begun by betterAuth()',
    'put it into plugins of betterAuth({ plugins: [betterAuthKeys(createKeyturn())] })',
  );
}
