// npm run test:examples [-- names…]: the examples of frameworks that are big, with the packed package: built, started,
// used over HTTP and in Chromium.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeOf } from './node-versions.js';
import { install, pack, placeFor, root, wanted } from './packed.js';

const examples = join(root, 'examples');
const known = readdirSync(examples).filter((name) => existsSync(join(examples, name, 'package.json')));
// Those for Bun, Deno and workerd need no framework.
const names = wanted([...known, 'runtimes'], 'examples');
const place = placeFor('examples');
const tarball = pack(place);
const isThere = names
  .filter((name) => known.includes(name))
  .every((name) => install(join(examples, name), join(place, name), tarball));
// React Router runs on no Node that is older.
const node = nodeOf('26');
if (!isThere || node === undefined) process.exit(1);
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--config', 'vitest.frameworks.config.ts', ...names],
  { cwd: root, stdio: 'inherit', env: { ...process.env, EXAMPLES_FOLDER: place, EXAMPLES_NODE: node } },
);
process.exitCode = status ?? 1;
