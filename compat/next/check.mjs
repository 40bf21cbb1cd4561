// Next: built and started, built to stand alone, and in development; with each of its bundlers.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { expectAnswer } from './prove/server.mjs';

const next = 'node_modules/next/dist/bin/next';

for (const bundler of ['--turbopack', '--webpack']) {
  rmSync('.next', { recursive: true, force: true });
  const built = spawnSync(process.execPath, [next, 'build', bundler], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`next build ${bundler}\n${built.stdout}${built.stderr}`);
  const said = `${built.stdout}${built.stderr}`;
  if (/warn|keyturn/i.test(said.replace(/keyturn-compat-next\S*/g, ''))) throw new Error(said);
  await expectAnswer(`next start (${bundler})`, [next, 'start', '-p']);
  cpSync('.next/standalone', 'standalone', { recursive: true });
  await expectAnswer(`standalone (${bundler})`, ['standalone/server.js']);
  rmSync('standalone', { recursive: true, force: true });
  rmSync('.next', { recursive: true, force: true });
  await expectAnswer(`next dev ${bundler}`, [next, 'dev', bundler, '-p']);
}
