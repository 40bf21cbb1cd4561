// webpack 5 for Node, of an app that imports and of one that requires.
import { resolve } from 'node:path';
import webpack from 'webpack';
import { run, runWithPeers } from './prove/run.mjs';

for (const source of ['mjs', 'cjs']) {
  const stats = await new Promise((done, failed) => {
    const config = {
      mode: 'production',
      target: 'node20',
      entry: `./prove/app.${source}`,
      output: { path: resolve(`out/${source}`), filename: 'app.cjs' },
      optimization: { minimize: false },
    };
    webpack(config, (error, result) => (error ? failed(error) : done(result)));
  });
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  // Fastify and what it needs have theirs; of this package there are none.
  const own = [...errors, ...warnings].filter(
    ({ moduleName = '', message }) => stats.hasErrors() || /keyturn/.test(moduleName + message),
  );
  if (own.length > 0) throw new Error(JSON.stringify(own, null, 2));
  await run(`out/${source}/app.cjs`);
  await runWithPeers(`out/${source}/app.cjs`);
}
