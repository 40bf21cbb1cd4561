// On Node, Bun and Deno: each is read from its file when somebody needs it. They can require a module, and it is the one
// that `import` gives.
import { createRequire } from 'node:module';
import type { Rarely } from './bundled.js';

const require = createRequire(import.meta.url);

// Written out, and published under these names: what copies the files of a deployment by tracing them (Nitro, Next, Vercel)
// follows no name that is computed. `scripts/build-package.js` makes these files.
const files: { readonly [Name in keyof Rarely]: () => Rarely[Name] } = {
  csrfOrigins: () => require('../config/csrf-origins.js'),
  foreignOptions: () => require('../config/foreign-options.js'),
  moveInFields: () => require('../config/move-in.js'),
  namedConfig: () => require('../config/named-config.js'),
  surroundings: () => require('../config/surroundings.js'),
  testProfile: () => require('../config/test-profile.js'),
  engines: () => require('../engines/engines.js'),
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
  foreignCalls: () => require('../sessions/foreign-calls.js'),
};

/** For the same reason: it is asked for by a name that no bundler reads, where a file is to be parsed at once. */
export const parser = (): unknown => require('smol-toml');

const loaded = new Proxy(files, {
  get: (all, name: keyof Rarely) => {
    try {
      return all[name]();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_REQUIRE_ESM') throw error;
      // Jest with modules, on a Node older than 24: its own `require` takes what is written for it alone. By a name that
      // nothing traces: nobody else needs it.
      const own = ['#', 'rarely'].join('');
      return (require(own) as typeof import('./bundled.js')).rarely()[name];
    }
  },
});

export const rarely = (): Rarely => loaded as unknown as Rarely;
