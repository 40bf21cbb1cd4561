// Decides which rules apply: development, test or production. Forgetting to say so on a server fails closed.
import { KeyturnError } from '../errors.js';

export type Profile = 'dev' | 'test' | 'prod';

/** What the decision is made from; gathered at the edge (`resolve/machine.ts`), so that it can be simulated. */
export interface Signs {
  /** Standard input or standard output is a terminal. */
  readonly terminal: boolean;
  /** Node was started with an inspector. */
  readonly debugger: boolean;
  /** The process runs inside a container. */
  readonly container: boolean;
}

export interface ProfileDecision {
  readonly profile: Profile;
  /** The signal that decided, in words: "NODE_ENV", "Kubernetes (KUBERNETES_SERVICE_HOST)", "a terminal". */
  readonly signal: string;
  /** False when a variable or an argument said so outright; true when it was read from the surroundings. */
  readonly inferred: boolean;
}

type Variables = Readonly<Record<string, string | undefined>>;

const NAMES: Readonly<Record<string, Profile>> = {
  dev: 'dev',
  development: 'dev',
  test: 'test',
  prod: 'prod',
  production: 'prod',
};

/** Variables that a platform sets in every process it starts, and what the platform is called. */
const PLATFORMS: ReadonlyArray<readonly [variable: string, platform: string]> = [
  ['KUBERNETES_SERVICE_HOST', 'Kubernetes'],
  ['ECS_CONTAINER_METADATA_URI_V4', 'Amazon ECS'],
  ['ECS_CONTAINER_METADATA_URI', 'Amazon ECS'],
  ['AWS_LAMBDA_FUNCTION_NAME', 'AWS Lambda'],
  ['AWS_EXECUTION_ENV', 'AWS'],
  ['K_SERVICE', 'Cloud Run'],
  ['FUNCTION_TARGET', 'Cloud Functions'],
  ['GAE_ENV', 'App Engine'],
  ['GAE_SERVICE', 'App Engine'],
  ['WEBSITE_INSTANCE_ID', 'Azure App Service'],
  ['FUNCTIONS_WORKER_RUNTIME', 'Azure Functions'],
  ['CONTAINER_APP_NAME', 'Azure Container Apps'],
  ['DYNO', 'Heroku'],
  ['FLY_APP_NAME', 'Fly.io'],
  ['RAILWAY_ENVIRONMENT', 'Railway'],
  ['RAILWAY_ENVIRONMENT_NAME', 'Railway'],
  ['RENDER', 'Render'],
  ['VERCEL', 'Vercel'],
  ['NETLIFY', 'Netlify'],
  ['CF_PAGES', 'Cloudflare Pages'],
  ['KOYEB_APP_NAME', 'Koyeb'],
  ['NF_PROJECT_ID', 'Northflank'],
  ['DENO_DEPLOYMENT_ID', 'Deno Deploy'],
  ['VCAP_APPLICATION', 'Cloud Foundry'],
  ['OPENSHIFT_BUILD_NAME', 'OpenShift'],
  ['NOMAD_ALLOC_ID', 'Nomad'],
  ['PLATFORM_APPLICATION_NAME', 'Platform.sh'],
  ['CC_APP_ID', 'Clever Cloud'],
  ['APP_PLATFORM_COMPONENT_TYPE', 'App Platform'],
  ['pm_id', 'pm2'],
  ['PM2_HOME', 'pm2'],
];

/** Variables of containers that people develop in. */
const DEVELOPMENT_CONTAINERS = [
  'REMOTE_CONTAINERS',
  'DEVCONTAINER',
  'CODESPACES',
  'GITPOD_WORKSPACE_ID',
  'VSCODE_REMOTE_CONTAINERS_SESSION',
];

const DEVELOPMENT_SCRIPTS = ['dev', 'test', 'watch'];

/**
 * Decides the profile. Order: what the caller says, `KEYTURN_ENV`, `NODE_ENV`, signs of a platform,
 * signs of a person at work, and production when nothing speaks.
 *
 * @throws KeyturnError `profile_unknown`
 */
export function decideProfile(said: string | undefined, env: Variables, signs: Signs): ProfileDecision {
  if (said !== undefined)
    return { profile: named(said, 'the profile'), signal: 'the caller', inferred: false };
  const own = env.KEYTURN_ENV;
  if (own !== undefined)
    return { profile: named(own, 'KEYTURN_ENV'), signal: 'KEYTURN_ENV', inferred: false };
  const node = env.NODE_ENV;
  if (node !== undefined) {
    const profile = node === 'development' ? 'dev' : node === 'test' ? 'test' : 'prod';
    return { profile, signal: 'NODE_ENV', inferred: false };
  }
  const platform = platformSign(env, signs);
  if (platform !== undefined) return { profile: 'prod', signal: platform, inferred: true };
  const person = personSign(env, signs);
  if (person !== undefined) return { profile: 'dev', signal: person, inferred: true };
  return { profile: 'prod', signal: 'no sign of development', inferred: true };
}

function platformSign(env: Variables, signs: Signs): string | undefined {
  for (const [variable, platform] of PLATFORMS) {
    if (present(env, variable)) return `${platform} (${variable})`;
  }
  // systemd marks what it starts, and a desktop session's terminals inherit the mark: hence the second half.
  const systemd = ['INVOCATION_ID', 'JOURNAL_STREAM'].find((variable) => present(env, variable));
  if (!signs.terminal && systemd !== undefined) return `systemd without a terminal (${systemd})`;
  if (signs.container && !DEVELOPMENT_CONTAINERS.some((variable) => present(env, variable)))
    return 'a container';
  return undefined;
}

function personSign(env: Variables, signs: Signs): string | undefined {
  if (signs.terminal) return 'a terminal';
  if (signs.debugger) return 'a debugger';
  const script = env.npm_lifecycle_event;
  if (script !== undefined && DEVELOPMENT_SCRIPTS.includes(script)) return `the package script "${script}"`;
  return undefined;
}

function present(env: Variables, variable: string): boolean {
  return env[variable] !== undefined && env[variable] !== '';
}

function named(word: string, where: string): Profile {
  // An own property only: "constructor" and the like must not pass for a profile without production's rules.
  const profile = Object.hasOwn(NAMES, word) ? NAMES[word] : undefined;
  if (profile === undefined) {
    // Anything but a short word may be a secret that was put into the wrong variable.
    const shown = /^[a-z]{0,16}$/i.test(word)
      ? JSON.stringify(word)
      : 'a text (not shown: it may be a secret)';
    throw new KeyturnError(
      'profile_unknown',
      `${where} is ${shown}, which names no profile`,
      'use "dev", "test" or "prod" (or "development", "production")',
    );
  }
  return profile;
}
