// Jest in CommonJS and in ESM, with and without ts-jest.
import { spawnSync } from 'node:child_process';

for (const kind of ['cjs', 'ts-cjs', 'esm', 'ts-esm']) {
  const flags = kind.endsWith('esm') ? ['--experimental-vm-modules', '--no-warnings'] : [];
  const { KEYTURN_ENV, NODE_ENV, ...env } = process.env;
  const args = [...flags, '../node_modules/jest/bin/jest.js', '--rootDir', '.', '--no-cache'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: kind, env, encoding: 'utf8' });
  if (status !== 0) {
    console.error(`${kind}\n${stdout}${stderr}`);
    process.exitCode = 1;
  }
}
