// Part of `npm run package`: how large `keyturn/edge` is in a worker that has a signer and sessions in the cookie, bundled
// by the conditions of Workers. What is loaded only where it is needed is in chunks of its own. Prints bytes and
// bytes gzip: of what is loaded in any case, and of all.
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const [folder] = process.argv.slice(2);
const entry = `${folder}/dist/adapters/edge/index.js`;
const bundle = await rolldown({
  input: entry,
  platform: 'node',
  resolve: { conditionNames: ['workerd', 'worker', 'browser', 'import'] },
  external: [/^node:/],
  // It is the package that is looked at here, and not how it is made.
  logLevel: 'silent',
});
const { output } = await bundle.generate({ format: 'es', minify: true });
await bundle.close();
const byName = new Map(output.map((chunk) => [chunk.fileName, chunk]));
const loaded = new Set(output.filter(({ isEntry }) => isEntry));
for (const chunk of loaded)
  for (const name of chunk.imports) if (byName.has(name)) loaded.add(byName.get(name));
const sizeOf = (chunks) => {
  const code = [...chunks].map((chunk) => chunk.code).join('');
  return [Buffer.byteLength(code), gzipSync(code, { level: 9 }).length];
};
console.log(JSON.stringify([sizeOf(loaded), sizeOf(output)]));
