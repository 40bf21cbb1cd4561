// Variables by which the surroundings of a process are known. docs/configuration.md lists them, and a test compares.

/** What runs tests sets these in the processes that it starts, which pass them on. */
export const TEST_RUNNERS: ReadonlyArray<readonly [variable: string, runner: string]> = [
  ['VITEST', 'Vitest'],
  ['JEST_WORKER_ID', 'Jest'],
  ['NODE_TEST_CONTEXT', 'node --test'],
  ['PLAYWRIGHT_TEST', 'Playwright'],
  ['CYPRESS', 'Cypress'],
  ['MOCHA_WORKER_ID', 'Mocha'],
  ['TAP_CHILD_ID', 'tap'],
  ['CUCUMBER_WORKER_ID', 'Cucumber'],
  ['WDIO_WORKER_ID', 'WebdriverIO'],
];

/** Variables that a platform sets in every process it starts, and what the platform is called. */
export const PLATFORMS: ReadonlyArray<readonly [variable: string, platform: string]> = [
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
export const DEVELOPMENT_CONTAINERS: readonly string[] = [
  'REMOTE_CONTAINERS',
  'DEVCONTAINER',
  'CODESPACES',
  'GITPOD_WORKSPACE_ID',
  'VSCODE_REMOTE_CONTAINERS_SESSION',
  'TOOLBOX_PATH',
  'DISTROBOX_ENTER_PATH',
  'IS_DDEV_PROJECT',
  'CODER_WORKSPACE_NAME',
];
