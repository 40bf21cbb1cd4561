// Loaded by mocha before the suite of another project: what its tests require as that project's own main file is a stand-in
// over Keyturn, and their packages are ours.
const Module = require('node:module');
const { realpathSync } = require('node:fs');
const { dirname, resolve, sep } = require('node:path');

const suite = realpathSync(process.env.FOREIGN_SUITE);
const original = Module._resolveFilename;

Module._resolveFilename = function (request, parent, ...more) {
  const from = parent?.filename;
  if (!from?.startsWith(suite + sep)) return original.call(this, request, parent, ...more);
  if (request.startsWith('.')) {
    const path = resolve(dirname(from), request);
    return path === suite ? process.env.FOREIGN_STAND_IN : original.call(this, request, parent, ...more);
  }
  // They were written for Express 4.
  return original.call(this, request === 'express' ? 'express4' : request, module, ...more);
};
