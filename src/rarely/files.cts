// The files of what is loaded rarely, and the packages that need not be there. In CommonJS, and with each name written out:
// what copies the files of a deployment by tracing them (Nitro, Next, Vercel) follows a plain `require` in every version, and
// nothing that is computed. `scripts/build-package.js` publishes this file as it is.
type Rarely = import('./bundled.js', { with: { 'resolution-mode': 'import' }}).Rarely;

const files: { readonly [Name in keyof Rarely]: () => Rarely[Name] } = {
  csrfOrigins: () => require('../config/csrf-origins.js'),
  foreignOptions: () => require('../config/foreign-options.js'),
  moveInFields: () => require('../config/move-in.js'),
  namedConfig: () => require('../config/named-config.js'),
  surroundings: () => require('../config/surroundings.js'),
  testProfile: () => require('../config/test-profile.js'),
  engines: () => require('../engines/engines.js'),
  earlySave: () => require('../http/early-save.js'),
  httpLog: () => require('../http/http-log.js'),
  document: () => require('../keyring/document.js'),
  links: () => require('../links/links.js'),
  programLifetimes: () => require('../purposes/program-lifetimes.js'),
  configSecrets: () => require('../resolve/config-secrets.js'),
  envFiles: () => require('../resolve/env-files.js'),
  missingSecret: () => require('../resolve/missing-secret.js'),
  moveIn: () => require('../resolve/move-in.js'),
  metrics: () => require('../runtime/metrics.js'),
  developmentSecret: () => require('../secret/development.js'),
  refusedFile: () => require('../secret/refused-file.js'),
  foreignCalls: () => require('../sessions/foreign-calls.js'),
};

/** Never called: `process/optional-package.ts` looks for them by names that nothing reads. They are copied where they are. */
const packages = (): readonly unknown[] => [
  require('ioredis'),
  require('libsodium-wrappers'),
  require('pg'),
  require('redis'),
  require('smol-toml'),
  require('tldts'),
];

module.exports = { files, packages };
