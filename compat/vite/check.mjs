// Vite for servers: built with packages left outside and with all of them inside, and loaded by its development server.
import { execFileSync } from 'node:child_process';
import { build, createServer } from 'vite';
import { run, runWithPeers } from './prove/run.mjs';

const common = { logLevel: 'warn', configFile: false };
const made = (outDir) => ({ ssr: 'prove/app.mjs', outDir, emptyOutDir: true });

await build({ ...common, build: made('out/outside') });
const said = execFileSync(process.execPath, ['out/outside/app.js'], { encoding: 'utf8' });
if (said.trim() !== 'proved') throw new Error(said);

await build({ ...common, build: made('out/inside'), ssr: { noExternal: true } });
await run('out/inside/app.js');
await runWithPeers('out/inside/app.js');

for (const noExternal of [[], ['keyturn']]) {
  const server = await createServer({ ...common, server: { middlewareMode: true }, ssr: { noExternal } });
  const { default: prove } = await server.ssrLoadModule('/load.mjs');
  if ((await prove()) !== 'proved') throw new Error('not proved');
  await server.close();
}
