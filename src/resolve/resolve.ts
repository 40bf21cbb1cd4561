// The one resolver: from environment and files to a profile, settings and a keyring. Boot, doctor and every
// command go through it, so what one of them sees is what all of them see.
import { join, resolve as resolvePath } from 'node:path';
import { applyLayers } from '../config/apply-layers.js';
import { readConfigFiles } from '../config/files.js';
import type { Layer, Settings } from '../config/layers.js';
import { findPlace, type Place, placeIn } from '../config/place.js';
import { buildSign, type Profile, type ProfileDecision, saidProfile } from '../config/profile.js';
import { shellQuote } from '../config/shell-quote.js';
import { isQuoted } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import { INSTANCE_NAME } from '../formats.js';
import type { Keyring } from '../keyring/keyring.js';
import { Rare, untilThere } from '../process/awaited.js';
import { findSecret, Printed, type Source } from '../secret/find-secret.js';
import { THOROUGH } from '../secret/strength.js';
import { assembleKeyring, type SourceFormat } from './assemble.js';
import { type Machine, unitIn } from './machine.js';
import type { MovingIn } from './move-in.js';
import { type Problem, Problems } from './problem.js';
import { eachOnce, ladderInput, overridden } from './sources.js';

export interface ResolveOptions {
  readonly machine: Machine;
  /** A profile that the caller insists on (`--env`). */
  readonly profile?: string | undefined;
  /** Settings written in the program: above the built-in defaults, below every file and variable. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Whether a missing development secret may be created. */
  readonly create: boolean;
  /** Ids of the keys of the ring in force, in a process that runs: those are not judged again. */
  readonly running?: ReadonlySet<string> | undefined;
  /** Where the app is, in a process that runs: it does not move. */
  readonly place?: Place | undefined;
}

/** Everything that is known about how this process is configured. */
export interface Resolution {
  readonly profile: ProfileDecision;
  readonly settings: Settings;
  /** What variables and files say by themselves, without the program: all that a command of an operator sees. */
  readonly operatorSettings: Settings;
  readonly place: Place;
  /** The folder of the place. */
  readonly cwd: string;
  /** The paths of the configuration files that were read, lowest first. */
  readonly configFiles: readonly string[];
  /** The path that `security.signing_secret.file` names; undefined where it is not set. */
  readonly secretFile: string | undefined;
  readonly dataDir: string;
  /** The source in force; undefined when nothing is configured. */
  readonly source: (Source & { readonly format: SourceFormat; readonly created: boolean }) | undefined;
  /** Sources that are there, but hidden by the one in force. */
  readonly hidden: readonly Source[];
  /** Undefined when a problem prevented it. */
  readonly keyring: Keyring | undefined;
  /** Libraries that the app moves in from, or that stay beside Keyturn, by name. */
  readonly movingIn: ReadonlyMap<string, MovingIn>;
  readonly problems: readonly Problem[];
}

/** Whether its source may hold something else later, while the process runs: a file, or the output of a command. */
export function canChange({ source }: Resolution): boolean {
  return source?.kind === 'command' || (source?.kind === 'file' && source.path !== undefined);
}

/** Whether the secret found is the keyring, and neither opens a shared one nor is a document. */
export function goesBySecrets({ source, settings }: Pick<Resolution, 'source' | 'settings'>): boolean {
  return settings.get('security.keyring.store') === undefined && source?.format !== 'document';
}

/** What only some need: by its name here. */
export const rare: {
  readonly surroundings: Rare<typeof import('../config/surroundings.js')>;
  readonly tests: Rare<typeof import('../config/test-profile.js')>;
  readonly secretsInConfig: Rare<typeof import('./config-secrets.js')>;
  readonly envFiles: Rare<typeof import('./env-files.js')>;
  readonly refusal: Rare<typeof import('./missing-secret.js')>;
  readonly moveIn: Rare<typeof import('./move-in.js')>;
} = {
  surroundings: new Rare(() => import('../config/surroundings.js')),
  tests: new Rare(() => import('../config/test-profile.js')),
  secretsInConfig: new Rare(() => import('./config-secrets.js')),
  envFiles: new Rare(() => import('./env-files.js')),
  refusal: new Rare(() => import('./missing-secret.js')),
  moveIn: new Rare(() => import('./move-in.js')),
};

/** Resolves. Operator mistakes come back as problems, so that a doctor can tell all of them; boot throws the first. */
export async function resolve(options: ResolveOptions): Promise<Resolution> {
  const printed = new Printed();
  return await untilThere(() => resolveNow(options, printed));
}

/**
 * The same for those who cannot wait.
 *
 * @param printed one for each resolution
 * @throws Awaited where something has to be waited for, such as what a command prints
 */
export function resolveNow(options: ResolveOptions, printed: Printed): Resolution {
  const { machine } = options;
  const problems = new Problems();
  const profile = decide(options, problems);
  if (profile.profile === 'test') {
    const { refuseTestOnPlatform } = rare.tests.module;
    problems.attempt('profile', () => refuseTestOnPlatform(profile, machine.env, machine.signs));
  }
  const build = problems.attempt('profile', () => buildSign(machine.env));
  if (build !== undefined) problems.warn('profile', buildIsSet(build));
  const place = locate(options, problems);
  if (place.passedOver !== undefined)
    problems.warn('configuration', passedOver(place.folder, place.passedOver));
  const { settings, operatorSettings, configFiles } = readSettings(
    { ...options, place },
    profile.profile,
    problems,
  );
  const { KEYTURN_DATA_DIR: folder } = machine.env;
  const dataDir = folder ? resolvePath(machine.cwd, folder) : join(place.folder, '.keyturn');
  const wrong = (what: string, hint: string) =>
    problems.error('configuration', new KeyturnError('config_invalid', what, hint));
  if (folder?.trim() === '') wrong('KEYTURN_DATA_DIR is empty', 'name a folder, or unset it');
  if (!INSTANCE_NAME.test(unitIn(machine.env) ?? 'none'))
    wrong(
      'KEYTURN_INSTANCE is not a valid name',
      'use letters, digits and "._:-", 128 characters at most, such as the UID of a pod; or unset it',
    );
  if (isQuoted(folder ?? ''))
    wrong('KEYTURN_DATA_DIR has quotation marks around it, as part of the name', 'take them out');
  if (profile.profile === 'prod' && (configFiles.length > 0 || options.config !== undefined)) {
    const { checkSecretsInConfig } = rare.secretsInConfig.module;
    checkSecretsInConfig(settings, problems);
  }
  const movingIn: Resolution['movingIn'] =
    settings.moveIn.size === 0
      ? new Map()
      : rare.moveIn.module.readMoveIn(settings.moveIn, profile.profile, machine, place.folder, problems);
  // A configuration that is refused may be the one that names the secret: nothing is made up in its place.
  const create = options.create && problems.list.every((problem) => problem.severity !== 'error');
  const from = { place, workingDirectory: machine.cwd };
  const input = ladderInput({ ...options, create, printed }, profile.profile, settings, { ...from, dataDir });
  const shared = {
    profile,
    settings,
    operatorSettings,
    place,
    cwd: place.folder,
    configFiles,
    secretFile: input.file && resolvePath(input.file.folder, input.file.value),
    dataDir,
    movingIn,
    problems: problems.list,
  };
  // Before a secret is made: once it is, nothing may be lacking any more.
  if (profile.profile === 'dev') for (const words of [rare.envFiles, rare.refusal]) void words.module;
  const found = problems.attempt('signing_secret', () => findSecret(input));
  if (found !== undefined && (found.source?.kind ?? 'development').startsWith('development'))
    tellUnsaid(found.source === undefined, profile, shared, machine, problems);
  if (found?.source === undefined)
    return { ...shared, source: undefined, hidden: found?.hidden ?? [], keyring: undefined };
  const assembled = assembleKeyring(found.source, found.text, {
    settings,
    profile: profile.profile,
    now: machine.now(),
    problems,
    running: options.running,
    judge: THOROUGH,
  });
  return {
    ...shared,
    source: { ...found.source, format: assembled.format, created: found.created },
    hidden: eachOnce(found.source, found.hidden, overridden(settings, from)),
    keyring: assembled.keyring,
  };
}

function decide({ profile, machine }: ResolveOptions, problems: Problems): ProfileDecision {
  const decided = problems.attempt(
    'profile',
    () =>
      saidProfile(profile, machine.env) ??
      rare.surroundings.module.decideProfile(undefined, machine.env, machine.signs),
  );
  return decided ?? { profile: 'prod', by: 'nothing', signal: 'the profile is unknown', inferred: true };
}

function locate({ place, machine }: ResolveOptions, problems: Problems): Place {
  const found = place ?? problems.attempt('configuration', () => findPlace(machine));
  return found ?? placeIn(machine.cwd);
}

/** A file at the root of a monorepo takes away those of the app below that is started from there. */
function passedOver(read: string, app: string): KeyturnError {
  return new KeyturnError(
    'config_elsewhere',
    `configuration is read from ${read}, and not from ${app}, which has files of its own`,
    `move what is meant into one of the two; KEYTURN_CONFIG=${shellQuote(app)} reads the other`,
  );
}

/** Of what nobody has configured: a file that is not loaded may be where somebody believes that it is. */
function tellUnsaid(
  lacking: boolean,
  profile: ProfileDecision,
  { place, dataDir }: Pick<Resolution, 'place' | 'dataDir'>,
  machine: Machine,
  problems: Problems,
): void {
  if (profile.profile === 'test') return;
  const { findUnloaded, holdsSource } = rare.envFiles.module;
  const { envFileNotLoaded, missingSecret } = rare.refusal.module;
  const unloaded = findUnloaded(machine, place.folder, profile.profile);
  if (profile.profile === 'dev' && unloaded !== undefined && holdsSource(unloaded))
    problems.warn('source', envFileNotLoaded(unloaded));
  if (lacking && profile.profile === 'prod')
    problems.error('signing_secret', missingSecret(profile, machine.env, dataDir, unloaded));
}

/** What can be known while an app is built. Mistakes are told where it runs: there the rest of its settings is. */
export async function settingsOfBuild(
  options: ResolveOptions,
): Promise<{ readonly settings: Settings; readonly profile: Profile }> {
  return await untilThere(() => {
    const problems = new Problems();
    const { profile } = decide(options, problems);
    const place = locate(options, problems);
    return { settings: readSettings({ ...options, place }, profile, problems).settings, profile };
  });
}

function readSettings(
  options: ResolveOptions & { readonly place: Place },
  profile: Profile,
  problems: Problems,
): Pick<Resolution, 'settings' | 'operatorSettings' | 'configFiles'> {
  const { env } = options.machine;
  const files = readConfigFiles(options.place, profile);
  const operators = applyLayers(profile, files.layers, env);
  const program: Layer[] =
    options.config === undefined
      ? []
      : [{ origin: { layer: 'program', name: 'the program' }, tree: options.config }];
  const { settings, errors } =
    program.length === 0 ? operators : applyLayers(profile, [...program, ...files.layers], env);
  for (const error of [...files.errors, ...errors]) problems.error('configuration', error);
  const configFiles = files.layers.flatMap(({ origin }) => (origin.layer === 'file' ? [origin.path] : []));
  return { settings, operatorSettings: operators.settings, configFiles };
}

/** Told by commands: no process gets here. */
function buildIsSet(sign: string): KeyturnError {
  return new KeyturnError(
    'build_only',
    `${sign}: whatever starts in this environment takes itself for a build, and serves nothing`,
    'set it for the step that builds alone, and leave it unset where the app runs',
  );
}
