// A start where there is no disk, no engine and no process: keys come from variables, or from a program that has them from
// its platform, and stay what they are for as long as the isolate lives. Without random values or timers: a worker has
// neither while its module is evaluated. A worker may have so many bytes, so that what few need is not imported here.
import { applyLayers } from '../config/apply-layers.js';
import { type Profile, saidProfile } from '../config/profile.js';
import { SECRET_VARIABLE, type variableOf } from '../config/settings.js';
import { KeyturnError } from '../errors.js';
import type { RareParts } from '../internals.js';
import type { Keyring } from '../keyring/keyring.js';
import { SteadyRing } from '../keyring/steady-ring.js';
import { type Keyturn, LiveKeyturn } from '../keyturn.js';
import { Rare, untilThere } from '../process/awaited.js';
import type { Config } from '../purposes/payloads.js';
import { PurposeRegistry } from '../purposes/registry.js';
import { assembleKeyring } from '../resolve/assemble.js';
import { Problems, refuseErrors } from '../resolve/problem.js';
import type { Keeper } from '../runtime/keeper.js';
import { type Logger, sanitizedLogger, textLogger } from '../runtime/log.js';
import { steadyHealth } from '../runtime/steady-health.js';
import { BY_LENGTH } from '../secret/counted.js';
import type { Source } from '../secret/find-secret.js';
import { Usage } from '../signing/usage.js';

/** What a Keyturn at the edge is made of. */
export interface EdgeOptions {
  /**
   * The signing secret, a JSON array of secrets with the newest first, or a keyring document, as the platform hands it
   * over: a binding, such as `env.SIGNING_SECRET`. Never a text in the program. Default: the variable
   * `KEYTURN_SECURITY__SIGNING_SECRET`.
   */
  readonly secret?: string | undefined;
  /** Variables, read instead of `process.env`. What is not a text is passed over. */
  readonly env?: Readonly<Record<string, unknown>>;
  /** `dev`, `test` or `prod`; default: as `KEYTURN_ENV` or `NODE_ENV` says, else `prod`. */
  readonly profile?: Profile;
  /** Settings as in `keyturn.toml`, below every variable: `{ session: { idle: '1h' } }`. */
  readonly config?: Config;
  /** A pino-shaped logger; default: lines of the console. */
  readonly logger?: Logger;
  /** Milliseconds since 1970; default: `Date.now`. */
  readonly clock?: () => number;
}

/** What needs a disk or an engine. */
const ELSEWHERE = [
  'security.signing_secret.file',
  'security.signing_secret.command',
  'security.keyring.store',
  'security.rotation.every',
] as const;

/** Links and metrics. */
const rareParts = new Rare<RareParts>(async () => ({
  links: await import('../links/links.js'),
  metrics: await import('../runtime/metrics.js'),
}));

/** Loads what the object that an app is given can do beyond signing. */
export async function loadWhole(): Promise<void> {
  await untilThere(() => rareParts.module);
}

/**
 * @throws KeyturnError for every mistake of configuration, as production does
 * @throws Awaited where the secret is a document: what reads it has to be loaded first
 */
export function startAtEdge(options: EdgeOptions): Keyturn {
  const { clock = Date.now, config } = options;
  const env = textsOf(options.env ?? process.env);
  const problems = new Problems();
  // What does not say that it is development is production.
  const profile = saidProfile(options.profile, env)?.profile ?? 'prod';
  const tree = config as Readonly<Record<string, unknown>> | undefined;
  const program = tree === undefined ? [] : [{ origin: PROGRAM, tree }];
  const { settings, errors } = applyLayers(profile, program, env);
  for (const error of errors) problems.error('configuration', error);
  for (const name of ELSEWHERE)
    if (settings.get(name) !== undefined) problems.error('configuration', elsewhere(name));
  if (settings.get('session.backend') !== 'cookie')
    problems.error('configuration', elsewhere('session.backend'));
  refuseErrors(problems.list);
  const [source, text] = foundSecret(options, settings.get('security.signing_secret.secret'));
  const judging = { settings, profile, now: clock(), problems, running: undefined, judge: BY_LENGTH };
  const { keyring } = assembleKeyring(source, text, judging);
  refuseErrors(problems.list);
  const logger =
    options.logger === undefined
      ? textLogger(settings.get('log.level'), (line) => console.error(line.trimEnd()))
      : sanitizedLogger(options.logger);
  for (const { error } of problems.list)
    logger.warn({ event: 'configuration.doubtful', code: error.code, hint: error.hint }, error.message);
  return new LiveKeyturn(profile, {
    started: undefined,
    settings,
    // Without a problem there is one.
    keeper: keeperAtEdge(keyring as Keyring, source, profile, clock),
    engines: undefined,
    registry: new PurposeRegistry(settings, profile === 'prod', false),
    logger,
    clock,
    usage: new Usage(),
    sealing: undefined,
    sessionStore: undefined,
    movingIn: new Map(),
    build: undefined,
    rarely: () => rareParts.module,
  });
}

const PROGRAM = { layer: 'program', name: 'the program' } as const;

function textsOf(env: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const texts = Object.entries(env).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts);
}

function elsewhere(name: Parameters<typeof variableOf>[0]): KeyturnError {
  return new KeyturnError(
    'config_invalid',
    `${name} is set, and needs a disk or an engine, which keyturn/edge does without`,
    `take it out, or use another entry on Node; keys come from ${SECRET_VARIABLE} or the option secret, and a store over Fetch is the option store`,
  );
}

function foundSecret(
  options: EdgeOptions,
  variable: string | undefined,
): readonly [source: Source, text: string] {
  const isGiven = 'secret' in options && options.secret !== undefined;
  const name = isGiven ? 'the option secret' : SECRET_VARIABLE;
  const text = isGiven ? options.secret : variable;
  if (typeof text === 'string' && text.trim() !== '') return [{ kind: 'binding', name }, text];
  if ('secret' in options || text !== undefined)
    throw new KeyturnError(
      'secret_empty',
      `${isGiven || text === undefined ? 'the option secret' : name} is empty`,
      'set the binding that it is taken from to the output of "keyturn generate", as in: wrangler secret put SIGNING_SECRET',
    );
  throw new KeyturnError(
    'secret_missing',
    'no signing secret is configured',
    `set ${SECRET_VARIABLE} to the output of "keyturn generate", or write keyturn((c) => ({ secret: c.env.SIGNING_SECRET }))`,
  );
}

/** Nothing changes while the isolate lives: a new secret comes with a new deploy. */
function keeperAtEdge(keyring: Keyring, source: Source, profile: string, clock: () => number): Keeper {
  const ring = new SteadyRing(keyring, clock);
  const facts = { profile, source: source.name, loadedAt: clock() };
  return {
    ring,
    get health() {
      return steadyHealth(ring, facts);
    },
    follows: false,
    lookForKey: () => undefined,
    reload: async () => {},
    close: async () => {},
  };
}
