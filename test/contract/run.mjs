// @ts-check
// The contract of adapters without a test runner, over what is compiled: on Node, Bun and Deno.
//
//   node test/contract/run.mjs [adapters…] [--only=part of a name]
//
// Prints what was passed, what failed, and what was skipped for which reason; exits with 1 where something failed.

import { httpContract } from '../../dist/testing/index.js';
import { ADAPTERS } from './adapters.mjs';
import { runContract, summary } from './runner.mjs';

const only = process.argv.find((given) => given.startsWith('--only='))?.slice('--only='.length) ?? '';
const given = process.argv.slice(2).filter((given) => !given.startsWith('--'));
const names = given.length > 0 ? given : Object.keys(ADAPTERS);
let failed = 0;
for (const name of names) {
  const make = ADAPTERS[name];
  if (make === undefined) throw new Error(`there is no adapter ${name}: ${Object.keys(ADAPTERS).join(', ')}`);
  const result = await runContract(httpContract(await make()).filter(({ name }) => name.includes(only)));
  console.log(summary(name, result));
  failed += result.failed.length;
}
process.exit(failed === 0 ? 0 : 1);
