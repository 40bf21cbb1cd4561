import { describe, expect, test } from 'vitest';
import { decideProfile, type Signs } from '../../src/config/profile.js';
import { KeyturnError } from '../../src/errors.js';
import { refusalOn, resolveOn, SECRET, STRONG, startOn } from '../support/machine.js';

function decide(env: Record<string, string | undefined>, signs: Partial<Signs> = {}, said?: string) {
  return decideProfile(said, env, { terminal: false, debugger: false, container: false, ...signs });
}

/** A person at work: what would make it development if no platform or variable spoke. */
const AT_WORK: Partial<Signs> = { terminal: true, debugger: true };

describe('what is said outright', () => {
  test.each([
    ['dev', 'dev'],
    ['development', 'dev'],
    ['test', 'test'],
    ['prod', 'prod'],
    ['production', 'prod'],
  ])('KEYTURN_ENV=%s is %s, over NODE_ENV and every sign', (word, profile) => {
    for (const NODE_ENV of ['development', 'test', 'production']) {
      const decision = decide({ KEYTURN_ENV: word, NODE_ENV, KUBERNETES_SERVICE_HOST: '10.0.0.1' }, AT_WORK);
      expect(decision).toEqual({ profile, signal: 'KEYTURN_ENV', inferred: false });
    }
  });

  test.each([
    '',
    ' ',
    'Dev',
    'prod ',
    'staging',
    'prodution',
    // Names that every object inherits: were they looked up carelessly, production's rules would not apply.
    'constructor',
    'toString',
    '__proto__',
    'hasOwnProperty',
  ])('KEYTURN_ENV=%j is an error, whatever else speaks', (word) => {
    expect(() => decide({ KEYTURN_ENV: word, NODE_ENV: 'development' }, AT_WORK)).toThrow(KeyturnError);
    expect(() => decide({ KEYTURN_ENV: word })).toThrow(/^KEYTURN_ENV is .*names no profile$/);
  });

  test.each([
    ['development', 'dev'],
    ['test', 'test'],
    ['production', 'prod'],
    ['staging', 'prod'],
    ['Development', 'prod'],
    ['dev', 'prod'],
    ['', 'prod'],
    ['constructor', 'prod'],
  ])('NODE_ENV=%j is %s, over every sign', (word, profile) => {
    const decision = decide({ NODE_ENV: word }, profile === 'prod' ? AT_WORK : { container: true });
    expect(decision).toEqual({ profile, signal: 'NODE_ENV', inferred: false });
  });

  test('what the caller says stands above KEYTURN_ENV', () => {
    expect(decide({ KEYTURN_ENV: 'prod' }, {}, 'dev')).toEqual({
      profile: 'dev',
      signal: 'the caller',
      inferred: false,
    });
    expect(() => decide({}, {}, 'constructor')).toThrow(
      /^the profile is "constructor", which names no profile$/,
    );
  });
});

describe('signs of a platform: production, even at a terminal', () => {
  test.each([
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
  ])('%s', (variable, platform) => {
    // "0" is what pm2 gives its first process.
    const decision = decide({ [variable]: '0', npm_lifecycle_event: 'dev' }, AT_WORK);
    expect(decision).toEqual({ profile: 'prod', signal: `${platform} (${variable})`, inferred: true });
  });

  test('an empty platform variable is no sign', () => {
    expect(decide({ KUBERNETES_SERVICE_HOST: '' }, { terminal: true }).profile).toBe('dev');
  });

  test.each(['INVOCATION_ID', 'JOURNAL_STREAM'])('%s is systemd, unless there is a terminal', (variable) => {
    expect(decide({ [variable]: 'x', npm_lifecycle_event: 'dev' }, { debugger: true })).toEqual({
      profile: 'prod',
      signal: `systemd without a terminal (${variable})`,
      inferred: true,
    });
    expect(decide({ [variable]: 'x' }, { terminal: true }).profile).toBe('dev');
  });

  test('a container is production, even at its terminal', () => {
    expect(decide({}, { ...AT_WORK, container: true })).toEqual({
      profile: 'prod',
      signal: 'a container',
      inferred: true,
    });
  });

  test.each([
    'REMOTE_CONTAINERS',
    'DEVCONTAINER',
    'CODESPACES',
    'GITPOD_WORKSPACE_ID',
    'VSCODE_REMOTE_CONTAINERS_SESSION',
  ])('a development container (%s) is no sign of production, nor of development by itself', (variable) => {
    expect(decide({ [variable]: 'true' }, { container: true, terminal: true }).profile).toBe('dev');
    expect(decide({ [variable]: 'true' }, { container: true }).profile).toBe('prod');
    expect(decide({ [variable]: '' }, { container: true, terminal: true }).profile).toBe('prod');
  });
});

describe('signs of a person at work: development', () => {
  test('a terminal', () => {
    expect(decide({}, { terminal: true })).toEqual({ profile: 'dev', signal: 'a terminal', inferred: true });
  });

  test('a debugger', () => {
    expect(decide({}, { debugger: true })).toEqual({ profile: 'dev', signal: 'a debugger', inferred: true });
  });

  test.each(['dev', 'test', 'watch'])('a package script named %s', (script) => {
    expect(decide({ npm_lifecycle_event: script })).toEqual({
      profile: 'dev',
      signal: `the package script "${script}"`,
      inferred: true,
    });
  });

  test.each(['start', 'dev:x', 'predev', 'serve', ''])('a package script named %j is none', (script) => {
    expect(decide({ npm_lifecycle_event: script }).profile).toBe('prod');
  });
});

describe('what a start says about it', () => {
  test('nothing at all is production, and the refusal names the signal and the variable that settles it', async () => {
    const error = await refusalOn({});
    expect(error.code).toBe('secret_missing');
    expect(error.message).toContain('no sign of development');
    expect(error.message).toContain('KEYTURN_ENV=dev');
    expect(error.hint).toContain(SECRET);
  });

  test.each([
    [{ env: { DYNO: 'web.1' } }, 'Heroku (DYNO)'],
    [{ signs: { container: true } }, 'a container'],
    [{ env: { NODE_ENV: 'staging' } }, 'NODE_ENV'],
    [{ env: { KEYTURN_ENV: 'prod' } }, 'KEYTURN_ENV'],
  ])('the refusal under %j names %s', async (simulated, signal) => {
    const error = await refusalOn(simulated);
    expect(error).toMatchObject({ code: 'secret_missing' });
    expect(error.message).toContain(`(${signal}`);
  });

  test('inferred development warns at start, naming the signal and KEYTURN_ENV', async () => {
    const { keyturn, log } = await startOn({ signs: { terminal: true } });
    expect(keyturn.profile).toBe('dev');
    const line = log.find(({ facts }) => facts.event === 'profile.inferred');
    expect(line).toMatchObject({ level: 'warn', facts: { signal: 'a terminal', profile: 'dev' } });
    expect(line?.message).toContain('KEYTURN_ENV');
  });

  test('development that was said outright does not warn', async () => {
    const { log } = await startOn({ env: { KEYTURN_ENV: 'dev' } });
    expect(log.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('an unknown KEYTURN_ENV refuses the start even with a good secret', async () => {
    const error = await refusalOn({ env: { KEYTURN_ENV: 'live', [SECRET]: STRONG } });
    expect(error.code).toBe('profile_unknown');
    expect(error.hint).toContain('"prod"');
  });

  test('an unknown profile is resolved under production rules, and makes no secret', async () => {
    const resolution = await resolveOn({ env: { KEYTURN_ENV: 'toString' }, signs: AT_WORK });
    expect(resolution.profile.profile).toBe('prod');
    expect(resolution.keyring).toBeUndefined();
  });
});
