// One file of everything, for ESM and for CommonJS, of an app that imports and of one that requires.

import { build } from 'esbuild';
import { run, runWithPeers } from './prove/run.mjs';

for (const source of ['mjs', 'cjs']) {
  for (const format of ['esm', 'cjs']) {
    const outfile = `out/${source}-${format}.${format === 'esm' ? 'mjs' : 'cjs'}`;
    // Fastify is CommonJS and asks for modules of Node by `require`, which a module does not have.
    const banner =
      format === 'esm'
        ? {
            js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
          }
        : {};
    const { warnings } = await build({
      entryPoints: [`prove/app.${source}`],
      bundle: true,
      platform: 'node',
      format,
      outfile,
      banner,
      logLevel: 'error',
    });
    if (warnings.length > 0) throw new Error(JSON.stringify(warnings));
    await run(outfile);
    await runWithPeers(outfile);
  }
}
