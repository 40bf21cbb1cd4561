// On Node, Bun and Deno: each is read from its file when somebody needs it. They can require a module, and it is the one
// that `import` gives.
import { createRequire } from 'node:module';
import type { Rarely } from './bundled.js';

/** Files of the package, which `scripts/build-package.js` therefore makes. */
export const RARE_FILES: { readonly [Name in keyof Rarely]: string } = {
  csrfOrigins: '../config/csrf-origins.js',
  foreignOptions: '../config/foreign-options.js',
  moveInFields: '../config/move-in.js',
  namedConfig: '../config/named-config.js',
  surroundings: '../config/surroundings.js',
  testProfile: '../config/test-profile.js',
  engines: '../engines/engines.js',
  httpLog: '../http/http-log.js',
  document: '../keyring/document.js',
  links: '../links/links.js',
  programLifetimes: '../purposes/program-lifetimes.js',
  configSecrets: '../resolve/config-secrets.js',
  envFiles: '../resolve/env-files.js',
  missingSecret: '../resolve/missing-secret.js',
  moveIn: '../resolve/move-in.js',
  metrics: '../runtime/metrics.js',
  developmentSecret: '../secret/development.js',
};

const files = new Proxy(RARE_FILES, {
  get: (all, name: keyof Rarely) => createRequire(import.meta.url)(all[name]),
});

export const rarely = (): Rarely => files as unknown as Rarely;
