// What few apps need, and those in the middle of synchronous code: an app that does without does not load it. `#rarely` of
// package.json says how it is had.
export * as csrfOrigins from '../config/csrf-origins.js';
export * as foreignOptions from '../config/foreign-options.js';
export * as moveInFields from '../config/move-in.js';
export * as namedConfig from '../config/named-config.js';
export * as surroundings from '../config/surroundings.js';
export * as testProfile from '../config/test-profile.js';
export * as engines from '../engines/engines.js';
export * as earlySave from '../http/early-save.js';
export * as httpLog from '../http/http-log.js';
export * as document from '../keyring/document.js';
export * as links from '../links/links.js';
export * as programLifetimes from '../purposes/program-lifetimes.js';
export * as configSecrets from '../resolve/config-secrets.js';
export * as envFiles from '../resolve/env-files.js';
export * as missingSecret from '../resolve/missing-secret.js';
export * as moveIn from '../resolve/move-in.js';
export * as metrics from '../runtime/metrics.js';
export * as developmentSecret from '../secret/development.js';
export * as refusedFile from '../secret/refused-file.js';
export * as foreignCalls from '../sessions/foreign-calls.js';
