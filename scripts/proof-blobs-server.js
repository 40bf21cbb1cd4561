// What scripts/proof-blobs.js and the tests of the blob store talk to: a server with blobs in BLOBS, a process of its
// own, so that its memory can be looked at and that it can be killed.
//
// /link?name=…&method=…&size=… makes a link, /memory tells the memory in MiB: now, and the most since it was last asked.
import { join } from 'node:path';
import Fastify from 'fastify';

const root = join(import.meta.dirname, '..');
const { createKeyturn } = await import(join(root, 'dist/index.js'));
const { createBlobStore } = await import(join(root, 'dist/blobs/index.js'));
const { blobRoutes } = await import(join(root, 'dist/adapters/fastify/index.js'));

const MIB = 2 ** 20;
const keyturn = await createKeyturn();
const store = await createBlobStore(keyturn, { folder: process.env.BLOBS, maxSize: 2 ** 42 });
let most = 0;
const look = () => {
  most = Math.max(most, process.memoryUsage.rss());
};
setInterval(look, 10);

const app = Fastify();
await app.register(blobRoutes, { store });
app.get('/link', (request) => {
  const { name, method = 'GET', size } = request.query;
  return { url: store.signedUrl(name, { method, ...(size === undefined ? {} : { size: Number(size) }) }) };
});
app.get('/memory', () => {
  const told = { now: process.memoryUsage.rss() / MIB, most: most / MIB };
  most = 0;
  return told;
});
console.log(`listening at ${await app.listen({ port: 0, host: '127.0.0.1' })}`);
